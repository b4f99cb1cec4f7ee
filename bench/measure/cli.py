"""``bench measure``: one command for each thing that is measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from bench.measure.panel import report
from bench.measure.panel.rounds import QUICK, Size, measure
from streamkit.documents import write_atomically
from streamkit.errors import BadInputError

app = typer.Typer(
    name="measure", no_args_is_help=True, help="Measure what this product costs, beside what it replaces."
)
REPOSITORY = Path(__file__).parents[2]


@app.callback()
def group() -> None:
    """Measure what this product costs, beside what it replaces."""


def make_folder(folder: Path) -> None:
    """Make a folder with those above it.  Raises BadInputError where that cannot be done."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise BadInputError(f"{folder} cannot be made ({problem.strerror}); --out takes a file in a folder.") from None


@app.command()
def panel(
    quick: Annotated[bool, typer.Option("--quick", help="One short round; the figures are rough.")] = False,
    with_glances: Annotated[
        bool, typer.Option("--glances/--no-glances", help="Beside Glances too, in a virtual environment of its own.")
    ] = True,
    out: Annotated[Path | None, typer.Option(help="Write the records to this file, JSON lines.")] = None,
    docs: Annotated[Path | None, typer.Option(help="Put the table between the markers of this page.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the records instead of the table.")] = False,
) -> None:
    """Measure the panel beside the polling panel of the guide and Glances: nine minutes, with --quick one."""
    if docs:
        report.read_parts(docs)
    if out:
        # Before the minutes are spent: a folder that cannot be had is said now.
        make_folder(out.parent)
    venv = REPOSITORY / "build" / "glances" if with_glances else None
    records = list(measure(QUICK if quick else Size(), venv, lambda line: typer.echo(line, err=True)))
    lines = "".join(json.dumps(one) + "\n" for one in records)
    if out:
        write_atomically(out, lines)
    if docs:
        report.write_into(docs, report.table(records))
    typer.echo(lines if as_json else report.table(records), nl=not as_json)
