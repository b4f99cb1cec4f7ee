"""``bench compare``: two scenarios in turn, then a verdict for each figure."""

from __future__ import annotations

import dataclasses
import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from bench.compare import crashes, judge, of_both
from bench.interleaved import Outside, Plan, due, run_all
from bench.machine import machine
from bench.measure.suites import SUITES, Suite, find
from bench.progress import Progress, duration
from bench.records import DEFAULT_FOLDER, Run, Store
from bench.scenario import Scenario, find_scenario
from bench.statistics import Comparison
from bench.verdicts import table
from streamkit.documents import SCHEMA_VERSION
from streamkit.errors import BadInputError, ExitCode

PACKAGES = ("streamkit", "bottle", "gevent", "psutil")
SEED = 1


def compare(
    before: Annotated[str, typer.Argument(help="Scenario before: a name (before, after, ...) or the path of a file.")],
    after: Annotated[str, typer.Argument(help="Scenario after, likewise.  The same twice shows the machine's noise.")],
    suite: Annotated[
        list[str] | None, typer.Option(help=f"Only this one of {', '.join(SUITES)}; again for more.")
    ] = None,
    pairs: Annotated[
        int | None, typer.Option(min=1, max=1000, help="Pairs of runs; default: as each suite has it.")
    ] = None,
    seconds: Annotated[float | None, typer.Option(min=1, max=86400, help="Seconds that each run measures.")] = None,
    seed: Annotated[int, typer.Option(help="Decides the order of the runs.")] = SEED,
    out: Annotated[
        Path, typer.Option(help="Folder of the records; what is there is not measured again.")
    ] = DEFAULT_FOLDER,
    saved: Annotated[bool, typer.Option("--saved", help="Measure nothing: judge what is in the folder.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON lines, one for each figure.")] = False,
) -> None:
    """Compare two scenarios: runs interleaved, each kept at once, then the difference of each figure with a verdict.

    The same command again goes on where it was. Exit code 1 where nothing could be judged."""
    suites = find(suite or [])
    store = Store(out)
    if saved:
        names = _saved_name(before, store), _saved_name(after, store)
    else:
        sides = _scenarios(before, after)
        names = sides[0].name, sides[1].name
        measure(Plan(*sides, suites, pairs, seconds, seed), store)
    runs = _of_suites(store.read(), suites)
    judged = judged_runs(runs, *names, seed, out)
    typer.echo(verdicts(runs, *names, judged, as_json), nl=False)
    if not judged:
        raise typer.Exit(ExitCode.FAILED)


def measure(plan: Plan, store: Store, outside: Outside | None = None) -> None:
    """Make the runs that are left.  Raises StoppedError on Ctrl-C, and UnavailableError where another bench runs."""
    with store.exclusive(), _ended_politely():
        left = due(plan, store.read())
        estimates = [one.suite.seconds_estimate(plan.seconds) for one in left]
        with Progress(estimates) as progress:
            if left:
                progress.tell(f"{len(left)} runs, about {duration(sum(estimates))}; results in {store.path}.")
            run_all(plan, store, outside or Outside(lambda: machine(PACKAGES)), progress, left)


def judged_runs(runs: list[Run], before: str, after: str, seed: int, folder: Path) -> list[Comparison]:
    """Return the comparisons.  Raises BadInputError where no run of these scenarios is there, naming what is."""
    if not of_both(runs, before, after):
        there = ", ".join(sorted({run.scenario for run in runs})) or "no runs at all"
        raise BadInputError(
            f"{folder} holds no runs of {before} and {after}; it has {there}: name those, give another --out, or measure "
            "without --saved."
        )
    return judge(runs, before, after, seed)


def verdicts(runs: list[Run], before: str, after: str, judged: list[Comparison], as_json: bool) -> str:
    """Return what is printed: the table, or JSON lines."""
    if as_json:
        return "".join(as_line(one) for one in judged)
    titles = {name: suite.title for name, suite in SUITES.items()}
    return "\n".join(table(before, after, judged, crashes(runs, before, after), titles)) + "\n"


def as_line(one: Comparison) -> str:
    """Return a comparison as one line of JSON; ``figure`` is its name."""
    content = {**dataclasses.asdict(one), "figure": one.figure.name, "suite": one.figure.suite, "unit": one.figure.unit}
    return json.dumps({"schema_version": SCHEMA_VERSION, "kind": "comparison", **content}, sort_keys=True) + "\n"


def _of_suites(runs: list[Run], suites: list[Suite]) -> list[Run]:
    names = [suite.name for suite in suites]
    return [run for run in runs if run.suite in names]


def _scenarios(before: str, after: str) -> tuple[Scenario, Scenario]:
    sides = find_scenario(before), find_scenario(after)
    if before != after and sides[0].name == sides[1].name:
        raise BadInputError(
            f"{before} and {after} both have the name {sides[0].name}: their runs could not be told apart; give one of them "
            "another name."
        )
    return sides


def _saved_name(given: str, store: Store) -> str:
    """Return the scenario's name in the records; the file need not be there any more."""
    return given if any(run.scenario == given for run in store.read()) else find_scenario(given).name


@contextmanager
def _ended_politely() -> Iterator[None]:
    """Let SIGTERM (a closed ssh, systemd) end a measurement as Ctrl-C does: what is done is kept."""

    def stop(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    earlier = signal.signal(signal.SIGTERM, stop), signal.signal(signal.SIGHUP, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, earlier[0])
        signal.signal(signal.SIGHUP, earlier[1])
