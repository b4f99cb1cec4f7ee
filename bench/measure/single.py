"""What the commands of ``bench measure`` share: their options, and one run of a suite that is shown and kept.

A command of ``bench/measure/cli.py`` is then no more than::

    @app.command()
    def startup(
        scenario: ScenarioName = "after", out: Out = DEFAULT_FOLDER, seconds: Seconds = None, as_json: AsJson = False
    ) -> None:
        \"""How long the container takes until the first frame.\"""
        typer.echo(show_run("startup", scenario, out, seconds, as_json), nl=False)

``only`` of ``show_run`` picks the figures that the command shows; the record always holds all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from bench.figures import figure_of, in_order
from bench.interleaved import Outside, run_once
from bench.measure.suites import SUITES, Options, Suite
from bench.progress import Progress
from bench.records import DEFAULT_FOLDER, Run, Store
from bench.scenario import Scenario, find_scenario
from streamkit.errors import UnavailableError

__all__ = ["DEFAULT_FOLDER", "AsJson", "Out", "ScenarioName", "Seconds", "lines", "measure_once", "show_run"]

ScenarioName = Annotated[
    str, typer.Option("--scenario", help="Scenario: a name (before, after, ...) or a file's path.")
]
Out = Annotated[Path, typer.Option("--out", help="Folder of the records; the run is added to them.")]
Seconds = Annotated[float | None, typer.Option("--seconds", min=1, max=86400, help="Seconds to measure.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the record, one JSON line, instead of the table.")]


def show_run(
    suite: str,
    scenario: str,
    out: Path = DEFAULT_FOLDER,
    seconds: float | None = None,
    as_json: bool = False,
    only: Sequence[str] = (),
) -> str:
    """Make one run of a suite and return what is to be printed; the record is kept in ``out``.

    Raises BadInputError for an unknown scenario, UnavailableError where another bench runs or the run crashed.
    """
    run = measure_once(SUITES[suite], find_scenario(scenario), Store(out), seconds)
    return run.line() if as_json else "\n".join(lines(run, only)) + "\n"


def measure_once(
    suite: Suite, scenario: Scenario, store: Store, seconds: float | None, outside: Outside | None = None
) -> Run:
    """Make one run that belongs to no pair, and keep it.  Raises UnavailableError with the reason where it crashed."""
    with store.exclusive(), Progress([suite.seconds_estimate(seconds)]) as progress:
        with progress.run(f"{suite.name}, {scenario.name}"):
            run = run_once(suite, scenario, Options(seconds, store.folder, progress.tell), outside or Outside())
        store.append(run)
    if run.status != "done":
        raise UnavailableError(f"The run of {suite.name} in {scenario.name} did not come to its end: {run.reason}")
    return run


def lines(run: Run, only: Sequence[str] = ()) -> list[str]:
    """Return the figures of a run for a person, in the catalogue's order."""
    figures: Mapping[str, float | None] = {
        name: value for name, value in run.figures.items() if not only or name in only
    }
    rows = []
    for name in in_order(figures):
        figure, value = figure_of(name, run.suite), figures[name]
        rows.append(
            (figure.label, "could not be measured" if value is None else f"{value:.{figure.decimals}f} {figure.unit}")
        )
    width = max((len(label) for label, _ in rows), default=0)
    return [f"{run.suite} of {run.scenario}, {run.seconds:.0f} s", *(f"  {a:<{width}}  {b}".rstrip() for a, b in rows)]
