"""The command line of the harness: each command collects, judges by pure functions, and prints."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from bench.measure.cli import app as measure_app
from bench.verify import sources
from bench.verify.judge import as_lines, exit_code, judge
from bench.verify.table import table
from streamkit.config import defaults
from streamkit.documents import write_atomically
from streamkit.facts.collect import WINDOW_S
from streamkit.program import run_program

app = typer.Typer(
    name="bench",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Measure and judge what runs. Exit codes: 0 done, 1 a check failed, 2 bad input, 3 unavailable.",
)
app.add_typer(measure_app)


@app.callback()
def bench() -> None:
    """Measure and judge what runs. Exit codes: 0 done, 1 a check failed, 2 bad input, 3 unavailable."""


@app.command()
def verify(
    container: Annotated[str, typer.Option(help="Container to look at.")] = str(defaults()["container_name"]),
    host: Annotated[
        str | None, typer.Option(help="Where it runs, as ssh takes it (root@192.168.1.50); default: this machine.")
    ] = None,
    facts: Annotated[
        Path | None, typer.Option(help="Judge what 'streamkit.pyz facts' wrote to this file; nothing is collected.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="What the host is called in the table.")] = None,
    seconds: Annotated[float, typer.Option(min=3, max=300, help="How long to watch the panel.")] = WINDOW_S,
    browser: Annotated[
        Literal["auto", "never"], typer.Option(help="Whether Chromium watches, where this machine has one.")
    ] = "auto",
    panel: Annotated[
        str | None, typer.Option(help="The panel's address as this machine reaches it; default: found out.")
    ] = None,
    token_stdin: Annotated[
        bool, typer.Option("--token-stdin", help="With --facts: the panel's token for the browser, on standard input.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON lines, one for each check.")] = False,
    out: Annotated[Path | None, typer.Option(help="Also write the JSON lines to this file.")] = None,
    width: Annotated[int | None, typer.Option(help="Columns of the table; default: the terminal's.")] = None,
) -> None:
    """Hold a deployed container against every check of the guide. Changes nothing; exit code 1 where one failed."""
    token = sys.stdin.read().strip() if token_stdin else None
    document, found = sources.collected(container, host, facts, seconds, token)
    if browser == "auto":
        document["browser"] = sources.watched(found, panel, seconds)
    results = judge(document)
    called = name or host or str(document["host"])
    if out:
        write_atomically(out, as_lines(called, document, results))
    if as_json:
        print(as_lines(called, document, results), end="")
    else:
        columns = width or shutil.get_terminal_size((110, 24)).columns
        print("\n".join(table(called, document, results, columns)))
    raise typer.Exit(exit_code(results))


def main() -> None:
    """Run the command line."""
    run_program(app)


if __name__ == "__main__":
    main()
