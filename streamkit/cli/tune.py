"""The command that decides how a host is tuned."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from streamkit.cli.common import HardwareFile, JsonFlag, SettingsFile, app, emit, read_hardware, read_settings
from streamkit.detect.tuning import BEFORE_FILE, look
from streamkit.documents import parse_document, read_document
from streamkit.errors import BadInputError
from streamkit.plan.tuning import decide, figures


@app.command()
def tuning(
    hardware: HardwareFile = None,
    settings_file: SettingsFile = None,
    seen_file: Annotated[
        Path | None,
        typer.Option(
            "--seen", help="What 'streamkit.pyz tuning' printed on the host, - for standard input; default: this host."
        ),
    ] = None,
    state: Annotated[str | None, typer.Option(help="present or absent, instead of the settings' tuning.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Show what tuning would change on a host, and the counters that say whether it could help. Changes nothing."""
    facts, (values, _) = read_hardware(hardware), read_settings(settings_file)
    if state not in (None, "present", "absent"):
        raise BadInputError(f"--state is {state!r}; use present or absent.")
    if str(seen_file) == "-":
        seen = parse_document(sys.stdin.read(), "standard input")
    else:
        seen = read_document(seen_file) if seen_file else look(Path("/"))
    decided = decide(facts, {**values, "tuning": state or values["tuning"]}, seen)
    now = figures(facts, seen)
    emit({**decided, "before_file": BEFORE_FILE, "figures": now}, [*now, "", *decided["lines"]], as_json)
