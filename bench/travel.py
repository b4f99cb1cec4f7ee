"""Entry of ``bench.pyz`` on a managed host: measures what was prepared elsewhere.  Standard library only.

The deployed stream rests meanwhile: both want the processor.  It is started again by this program itself, so also where
nobody is connected any more.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from bench import schedule
from bench.arrived import Arrived
from bench.machine import busy_percent, machine
from bench.measure.suites import SUITES, Details, Figures, Options
from bench.records import Run, Status, Store, new_session
from streamkit.docker_command import docker
from streamkit.documents import read_document
from streamkit.errors import ExitCode, StreamkitError

Measure = Callable[[Arrived, Options], tuple[Figures, Details]]
ON_HOST = ("stream", "startup", "image", "security")
"""The suites that measure what was prepared elsewhere."""


def order(job: Mapping[str, Any]) -> Iterator[tuple[str, str, schedule.Slot]]:
    """Yield (suite, scenario, slot) of each run: two scenarios in ABBA order, one alone as often as there are pairs."""
    names = list(job["scenarios"])
    for suite in job["suites"]:
        for slot in schedule.pairs(job["pairs"] if SUITES[suite].repeats else 1, job["seed"]):
            if slot.side < len(names):
                yield suite, names[slot.side], slot


def run_all(
    job: Mapping[str, Any],
    store: Store,
    until: float,
    measures: Mapping[str, Measure] | None = None,
    clock: Callable[[], float] = time.time,
) -> int:
    """Make the runs of a job, as far as the time goes (``until``, Unix time); return how many there are.

    A run that crashes is a record too.  KeyboardInterrupt leaves those that are done.
    """
    session, number = new_session(), 0
    due = list(order(job))
    for suite, scenario, slot in due:
        estimate_s = SUITES[suite].seconds_estimate(job["seconds"])
        if clock() + estimate_s > until:
            say(f"{len(due) - number} of {len(due)} runs are left out: the time that was given is over.")
            break
        say(f"run {number + 1} of {len(due)}: {suite} of {scenario}, about {round(estimate_s)} s")
        store.append(
            _run(
                job, suite, (measures or {}).get(suite, SUITES[suite].run), scenario, slot, session, store.folder, clock
            )
        )
        number += 1
    return number


def _run(
    job: Mapping[str, Any],
    suite: str,
    measure: Measure,
    scenario: str,
    slot: schedule.Slot,
    session: str,
    folder: Path,
    clock: Callable[[], float],
) -> Run:
    arrived = Arrived.from_document(job["scenarios"][scenario])
    metadata = {**machine(image=arrived.plain.image), "busy_before_percent": busy_percent()}
    begun, status, reason = clock(), "done", None
    figures: Figures = {}
    details: Details = {}
    try:
        figures, details = measure(arrived, Options(job["seconds"], folder, say, slot.pair))
    except StreamkitError as problem:
        status, reason = "crashed", str(problem)
    alone = len(job["scenarios"]) == 1
    return Run(
        suite=suite,
        scenario=scenario,
        session=session,
        begun_at=begun,
        seconds=clock() - begun,
        status=_status(status),
        reason=reason,
        # One scenario alone makes no pairs.
        pair=None if alone else slot.pair,
        position=None if alone else slot.position,
        figures=figures,
        details=details,
        machine=metadata,
    )


def _status(word: str) -> Status:
    return "done" if word == "done" else "crashed"


@contextlib.contextmanager
def resting(container: str, ask: Callable[[Sequence[str]], Any] = docker) -> Iterator[None]:
    """Stop a container for the time of the block, and start it again on every way out, where it ran."""
    with _ends_in_order():
        ran = ask(["container", "inspect", "--format", "{{.State.Running}}", container]).stdout.strip() == "true"
        try:
            if ran:
                ask(["stop", container])
            yield
        finally:
            if ran and ask(["start", container]).returncode:
                say(f"The container {container} could not be started again; start it there: docker start {container}")


@contextlib.contextmanager
def _ends_in_order() -> Iterator[None]:
    """Let SIGTERM and a lost connection end the block as Ctrl-C does."""

    def end(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def say(line: str) -> None:
    """Tell whoever reads standard error."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def main(arguments: list[str] | None = None) -> int:
    """Run a job and return an exit code."""
    parser = argparse.ArgumentParser(prog="bench.pyz", description="Measure what was prepared elsewhere, on this host.")
    parser.add_argument("job", type=Path, help="what to run, written by 'python3 -m bench.job'")
    parser.add_argument("--out", type=Path, required=True, help="folder of the records")
    parser.add_argument("--container", required=True, help="the deployed container, which rests meanwhile")
    parser.add_argument("--minutes", type=float, required=True, help="no run is begun that would end later")
    chosen = parser.parse_args(arguments)
    try:
        job, store = read_document(chosen.job), Store(chosen.out)
        with store.exclusive(), resting(chosen.container):
            run_all(job, store, time.time() + chosen.minutes * 60)
    except StreamkitError as problem:
        say(str(problem))
        return problem.exit_code
    except KeyboardInterrupt:
        say(f"Stopped; the finished runs are kept in {chosen.out}.")
        return ExitCode.FAILED
    return ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())
