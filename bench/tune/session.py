"""One search from its beginning, or from where it was stopped, to its end: runs are measured, kept, and looked at again."""

from __future__ import annotations

import hashlib
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bench.records import Run, Store
from bench.tune.halving import Outcome, Plan, Step, next_step
from bench.tune.space import DEFAULTS, Candidate
from streamkit.config import Value
from streamkit.documents import dump_document
from streamkit.errors import BadInputError, StreamkitError, UnavailableError

SUITE = "tune"
LOST = ("drop_percent", "unexplained_frames")
"""Without these it is not known whether anything was lost."""
SOUND = "audio_gaps"

Figures = Mapping[str, float | None]
Measure = Callable[[Mapping[str, Value], float], tuple[Figures, Mapping[str, Any]]]
"""Measures the load with some settings replaced, for so many seconds: (figures, details).

Raises BadInputError where nothing can be measured, another StreamkitError where the run did not come about.
"""
Told = Callable[[Step, int, float], None]
"""Hears of each run before it begins: the step, how many runs are kept, and the seconds that are left."""


@dataclass(frozen=True)
class Question:
    """What is searched, and where: equal questions go on with each other's runs."""

    host: str
    scenario: str
    settings: Mapping[str, Value]
    machine: Mapping[str, Any]
    plan: Plan
    tried: Sequence[Candidate]
    seed: int

    @property
    def key(self) -> str:
        """The name of this search in the records.  Another processor, kernel or image is another search."""
        asked = {
            "host": self.host,
            "scenario": self.scenario,
            "settings": dict(self.settings),
            "machine": {name: self.machine.get(name) for name in ("cpu", "cores", "kernel", "image", "image_digest")},
            "plan": repr(self.plan),
            "tried": [one.name for one in self.tried],
            "seed": self.seed,
        }
        return hashlib.sha256(dump_document(asked).encode()).hexdigest()[:12]


def runs_of(runs: Sequence[Run], key: str) -> list[Run]:
    """Return the runs of one search that came to an end of their own."""
    return [one for one in runs if one.suite == SUITE and one.details.get("tune", {}).get("key") == key and _ended(one)]


def _ended(run: Run) -> bool:
    return run.status in ("done", "crashed")


def outcome(run: Run) -> Outcome:
    """Return what one run means to the search."""
    place = run.details["tune"]
    return Outcome(
        phase=place["phase"],
        candidate=place["candidate"],
        rung=place["rung"],
        pair=run.pair,
        position=run.position,
        seconds=run.seconds,
        p99_ms=run.figures.get("latency_p99_ms"),
        lost=lost(run.figures),
        crashed=run.status == "crashed",
    )


def lost(figures: Figures) -> float | None:
    """Return how much was lost, 0 for nothing; None where that is not known.  A scenario without sound has no gaps."""
    known = [figures.get(name) for name in LOST]
    if any(one is None for one in known):
        return None
    return sum(abs(one) for one in (*known, figures.get(SOUND)) if one is not None)


def search(
    question: Question,
    store: Store,
    measure: Measure,
    session: str,
    told: Told,
    clock: Callable[[], float] = time.monotonic,
    now: Callable[[], float] = time.time,
) -> list[Outcome]:
    """Measure what is missing, and return every outcome of this search.  Each run is kept as it ends.

    Raises UnavailableError where the defaults themselves do not run, and what ``measure`` raises where nothing can be
    measured.  KeyboardInterrupt leaves what was finished; the run it stopped is a record without figures.
    """
    while True:
        kept = [one for one in runs_of(store.read(), question.key) if _counts(one, session)]
        outcomes = [outcome(one) for one in kept]
        _stop_where_defaults_crash(kept)
        step = next_step(question.plan, question.tried, question.seed, outcomes)
        if step is None:
            return outcomes
        told(step, len(kept), max(question.plan.budget_s - sum(one.seconds for one in kept), 0))
        _measured(question, store, measure, session, step, clock, now)


def _counts(run: Run, session: str) -> bool:
    """Whether a run counts: a crash of the defaults may have had a cause that somebody has mended since."""
    own = run.details["tune"]["candidate"] == DEFAULTS.name
    return not (own and run.status == "crashed" and run.session != session)


def _stop_where_defaults_crash(kept: Sequence[Run]) -> None:
    crashed = [one for one in kept if one.status == "crashed" and one.details["tune"]["candidate"] == DEFAULTS.name]
    if crashed:
        raise UnavailableError(
            f"The guide's defaults did not come through a run ({crashed[-1].reason}), so there is nothing to compare with; "
            "mend that, and the same command goes on."
        )


def _measured(
    question: Question,
    store: Store,
    measure: Measure,
    session: str,
    step: Step,
    clock: Callable[[], float],
    now: Callable[[], float],
) -> None:
    """Make one run and keep it, also where it crashed or was stopped."""
    began = clock()
    run = _blank(question, session, step, now())
    try:
        figures, details = measure({**question.settings, **dict(step.candidate.changes)}, step.seconds)
        run = replace(run, figures=dict(figures), details={**details, **run.details})
    except BadInputError:
        raise
    except StreamkitError as problem:
        run = replace(run, status="crashed", reason=str(problem))
    except Exception as problem:
        # A mistake in the measuring costs its run, not those that are done; the record says where it is.
        details = {**run.details, "traceback": traceback.format_exc()}
        run = replace(run, status="crashed", reason=f"{type(problem).__name__}: {problem}", details=details)
    except KeyboardInterrupt:
        store.append(replace(run, status="stopped", reason="stopped from the keyboard", seconds=clock() - began))
        raise
    store.append(replace(run, seconds=clock() - began))


def _blank(question: Question, session: str, step: Step, begun_at: float) -> Run:
    place = {
        "key": question.key,
        "host": question.host,
        "phase": step.phase,
        "rung": step.rung,
        "candidate": step.candidate.name,
        "changes": dict(step.candidate.changes),
        "seconds": step.seconds,
    }
    return Run(
        suite=SUITE,
        scenario=f"{question.scenario} ({step.candidate.name})",
        session=session,
        pair=step.pair,
        position=step.position,
        begun_at=begun_at,
        seconds=0.0,
        details={"tune": place},
        machine=dict(question.machine),
    )
