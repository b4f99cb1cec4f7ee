"""Commands around a running streamer: its address, its panel, the version."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from streamkit import __version__
from streamkit.cli.common import app
from streamkit.detect.address import outward_address
from streamkit.documents import read_document
from streamkit.install import report as reporting


@app.command()
def report(
    known: Annotated[Path, typer.Argument(help="What a deployment left of a host, such as build/localhost.")],
) -> None:
    """Say where this machine's panel is and what it streams, as the panel itself tells."""
    values = read_document(known / "settings.json")["settings"]
    addresses = reporting.panel_addresses(values["panel_bind"], values["panel_port"], outward_address())
    status = reporting.panel_status(addresses[0], Path(values["secrets_dir"]) / "panel_token")
    print(reporting.report(addresses, status))


@app.command()
def panel(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="TCP port.")] = 8081,
) -> None:
    """Run the panel alone; the token is read from the file in STREAMKIT_PANEL_TOKEN_FILE."""
    # Imported here: gevent patches the standard library, which no other command wants.
    from streamkit.panel.server import main as run_panel

    raise typer.Exit(run_panel(["--host", host, "--port", str(port)]))


@app.command()
def version() -> None:
    """Print the version."""
    print(__version__)
