"""Runs two scenarios in turn and keeps every run the moment it ends; what was there already is not run again."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bench.compare import attempts, whole
from bench.machine import busy_percent, image_digest, machine
from bench.measure.suites import Details, Figures, Named, Options, Suite
from bench.progress import Progress
from bench.records import Run, Status, Store, new_session
from bench.schedule import Slot, pairs, warmups
from streamkit.errors import BadInputError, StreamkitError

MOST_CRASHES = 2
"""Of one side in a row: what fails twice fails again, and the time is better spent on the next suite."""


class StoppedError(StreamkitError):
    """The person ended the comparison."""


@dataclass(frozen=True)
class Plan:
    """What is compared: the two scenarios, the suites, how many pairs (None: as each suite has it), seconds and seed."""

    before: Named
    after: Named
    suites: Sequence[Suite]
    pairs: int | None = None
    seconds: float | None = None
    seed: int = 1

    def count(self, suite: Suite) -> int:
        """Return how many pairs of a suite are run."""
        return (self.pairs or suite.pairs) if suite.repeats else 1

    def sides(self) -> tuple[Named, Named]:
        """Return both scenarios, before and after."""
        return self.before, self.after


@dataclass(frozen=True)
class Due:
    """One run that is still to be made."""

    suite: Suite
    slot: Slot


@dataclass
class Outside:
    """What a comparison takes from outside: facts of the machine, the clock, and a name for the session."""

    machine: Callable[[], dict[str, Any]] = machine
    busy_percent: Callable[[], float | None] = busy_percent
    image_digest: Callable[[str], str | None] = image_digest
    clock: Callable[[], float] = time.time
    session: str = field(default_factory=new_session)


def due(plan: Plan, runs: Sequence[Run]) -> list[Due]:
    """Return the runs that are left, in order: pairs that are whole stay, all others are run again as pairs.

    Raises BadInputError where runs that are there were made in another way, so that they would not be one sample.
    """
    before, after = (side.name for side in plan.sides())
    found: list[Due] = []
    for suite in plan.suites:
        there = attempts(runs, suite.name, before, after)
        for attempt in there.values():
            for run, side in zip(attempt, plan.sides(), strict=True):
                _check_alike(plan, suite, run, side)
        slots = [
            slot
            for slot in pairs(plan.count(suite), plan.seed)
            if slot.pair is not None and (slot.pair not in there or not whole(there[slot.pair]))
        ]
        found += [Due(suite, slot) for slot in (*(warmups(suite.warmups) if slots else ()), *slots)]
    return found


def asked(plan: Plan, suite: Suite, side: Named) -> dict[str, Any]:
    """Return what makes runs alike, as each record keeps it."""
    describe = getattr(side, "as_document", None)
    return {
        "seconds": suite.seconds if plan.seconds is None else plan.seconds,
        "scenario": describe() if describe else {"name": side.name},
    }


def _check_alike(plan: Plan, suite: Suite, run: Run, side: Named) -> None:
    there, now = run.details.get("asked"), _plain(asked(plan, suite, side))
    if there is None or there == now:
        return
    if there["seconds"] != now["seconds"]:
        raise BadInputError(
            f"The folder holds runs of {suite.name} of {there['seconds']:g} s, and now {now['seconds']:g} s are asked for: "
            "give the same --seconds, or another folder with --out."
        )
    raise BadInputError(
        f"The folder holds runs of {suite.name} with another content of the scenario {side.name}: give another folder "
        "with --out, or the scenario as it was."
    )


def _plain(value: Any) -> Any:
    """Return what JSON makes of a value: tuples are lists there."""
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, (list, tuple)) else value


def run_all(plan: Plan, store: Store, outside: Outside, progress: Progress, left: Sequence[Due]) -> None:
    """Make the runs that are left, as ``due`` returned them.  The caller holds ``store.exclusive()``.

    A run that crashes is recorded, and the next one is made; a side that crashes MOST_CRASHES times in a row ends its
    suite once the pair is over.  Raises StoppedError on Ctrl-C, BadInputError where a suite finds the person's mistake, and
    UnavailableError where a run cannot be written.  What has ended is in the store each time.
    """
    given_up: dict[str, int | None] = {}
    crashed: dict[tuple[str, int], int] = {}
    for one in left:
        name = one.suite.name
        if name in given_up and given_up[name] != one.slot.pair:
            continue
        side = plan.sides()[one.slot.side]
        with progress.run(_label(one, side)):
            run = _one(plan, one, store, outside, progress.tell)
        store.append(run)
        if run.status == "stopped":
            raise StoppedError(_stopped(store, plan))
        key = (name, one.slot.side)
        crashed[key] = crashed.get(key, 0) + 1 if run.status == "crashed" else 0
        if run.status == "crashed":
            progress.tell(f"{_label(one, side)} crashed: {run.reason}")
        if crashed[key] >= MOST_CRASHES and name not in given_up:
            given_up[name] = one.slot.pair
            progress.tell(f"{side.name} crashed {MOST_CRASHES} times in a row: the rest of {name} is left out.")


def _label(one: Due, side: Named) -> str:
    return f"{one.suite.name}, {side.name}, {'warm-up' if one.slot.pair is None else f'pair {one.slot.pair + 1}'}"


def _one(plan: Plan, one: Due, store: Store, outside: Outside, tell: Callable[[str], None]) -> Run:
    side = plan.sides()[one.slot.side]
    options = Options(plan.seconds, store.folder, tell, one.slot.pair, one.slot.warmup)
    run = run_once(one.suite, side, options, outside)
    details = {**run.details, "asked": _plain(asked(plan, one.suite, side))}
    return replace(run, details=details, position=one.slot.position)


def run_once(suite: Suite, side: Named, options: Options, outside: Outside) -> Run:
    """Make one run and return its record, crashed and stopped ones too.  Raises BadInputError alone."""
    status: Status = "done"
    reason = None
    figures: Figures = {}
    details: Details = {}
    metadata: dict[str, Any] = {}
    begun = outside.clock()
    try:
        metadata = {**outside.machine(), "busy_before_percent": outside.busy_percent()}
        begun = outside.clock()
        figures, details = suite.run(side, options)
    except KeyboardInterrupt:
        status, reason = "stopped", "stopped by the person"
    except BadInputError:
        raise
    except StreamkitError as problem:
        status, reason = "crashed", str(problem)
    except Exception as problem:
        # A mistake in a suite costs its run, not those that are done; the record says where it is.
        status, reason = "crashed", f"{type(problem).__name__}: {problem}"
        details = {"traceback": traceback.format_exc()}
    return _writable(
        Run(
            suite=suite.name,
            scenario=side.name,
            session=outside.session,
            begun_at=round(begun, 3),
            seconds=round(outside.clock() - begun, 3),
            status=status,
            reason=reason,
            pair=options.pair,
            warmup=options.warmup,
            figures=figures,
            details={key: value for key, value in details.items() if key != "machine"},
            machine={**metadata, **_measured(side, details, outside)},
        )
    )


def _measured(side: Named, details: Details, outside: Outside) -> dict[str, Any]:
    """Return what belongs to the machine of this run alone: where frames came from, how many, and the image."""
    found = {
        "source": getattr(side, "source", None),
        "offered_fps": details.get("offered_fps"),
        "image": details.get("image"),
        **details.get("machine", {}),
    }
    image = found["image"]
    if isinstance(image, str) and not found.get("image_digest"):
        found["image_digest"] = outside.image_digest(image)
    return found


def _writable(run: Run) -> Run:
    """Return the run, or a crashed one where a suite returned what no JSON holds (NaN, an object)."""
    try:
        run.line()
    except (TypeError, ValueError) as problem:
        reason = f"{run.suite} returned what cannot be kept: {problem}"
        return replace(run, status="crashed", reason=reason, figures={}, details={}, machine={})
    return run


def _stopped(store: Store, plan: Plan) -> str:
    kept = sum(run.status == "done" and not run.warmup for run in store.read())
    return (
        f"Stopped; {kept} finished runs are kept in {store.folder}.  'bench compare {plan.before.name} {plan.after.name} "
        "--saved' judges what is there; the same command as before goes on where it was."
    )
