"""The command line of the harness: each command collects, judges by pure functions, and prints."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from bench.compare_command import compare
from bench.measure.cli import app as measure_app
from bench.records import DEFAULT_FOLDER
from bench.verify import sources
from bench.verify.judge import as_lines, exit_code, judge
from bench.verify.table import table
from streamkit.config import defaults
from streamkit.documents import write_atomically
from streamkit.errors import BadInputError
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
app.command()(compare)


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


@app.command()
def report(
    out: Annotated[Path, typer.Option(help="Folder of the records, as bench compare --out.")] = DEFAULT_FOLDER,
    to: Annotated[
        Path | None, typer.Option(help="Folder for the report; default: report in that of the records.")
    ] = None,
    before: Annotated[str | None, typer.Option(help="Scenario on the left; default: before.")] = None,
    after: Annotated[str | None, typer.Option(help="Scenario on the right; default: after.")] = None,
    docs: Annotated[
        Path | None, typer.Option(help="Also write this page (docs/RESULTS.md) and its plots into images beside it.")
    ] = None,
) -> None:
    """Make the report of saved records: a page, Markdown, CSV and plots. Measures nothing."""
    # Here: matplotlib takes a second, which no other command needs to wait for.
    from bench.report.command import report as make

    typer.echo("\n".join(make(out, to, before, after, docs)))


@app.command()
def tune(
    host: Annotated[str, typer.Option(help="The host of the inventory that this machine is.")] = "localhost",
    scenario: Annotated[str, typer.Option(help="The load: name or file of a scenario.")] = "after",
    minutes: Annotated[float, typer.Option(help="How long at most; more time tries more.")] = 20,
    out: Annotated[Path, typer.Option(help="Folder of the records; the same command goes on with them.")] = Path(
        "build/bench/tune"
    ),
    inventory: Annotated[
        Path, typer.Option(help="Folder of the inventory; the winner goes to host_vars there.")
    ] = Path("inventory"),
    bitrate_from: Annotated[int | None, typer.Option(help="Lowest bitrate that may be tried, kbit/s.")] = None,
    bitrate_to: Annotated[
        int | None, typer.Option(help="Highest bitrate that may be tried; default: it is not changed.")
    ] = None,
    faster: Annotated[
        bool, typer.Option("--faster", help="Also try faster steps of the encoder, at lower quality.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Which candidates are drawn, and in which order they run.")] = 1,
) -> None:
    """Search queues and encoder speed for the lowest p99 latency on this machine, and write what is proven better."""
    if (bitrate_from is None) != (bitrate_to is None):
        raise BadInputError("Give both --bitrate-from and --bitrate-to, or neither: then the bitrate is not changed.")
    # Here: what measures is not needed by the other commands.
    from bench.tune.command import Asked
    from bench.tune.command import tune as search

    bitrates = (bitrate_from, bitrate_to) if bitrate_from is not None and bitrate_to is not None else None
    words = shlex.join(["bench", *sys.argv[1:]])
    search(Asked(host, scenario, minutes, out, inventory, bitrates, faster, seed, words), print)


def main() -> None:
    """Run the command line."""
    run_program(app)


if __name__ == "__main__":
    main()
