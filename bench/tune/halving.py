"""Successive halving: many candidates briefly, the better half longer, and at last one against the defaults.  Pure.

What comes next is computed from what was measured, so that a search that was stopped anywhere goes on from there.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bench import schedule
from bench.tune.space import DEFAULTS, Candidate
from streamkit.errors import BadInputError

Phase = Literal["search", "confirm"]
CONFIRM_SHARE = 0.4
"""Of the time: the search proposes, the later independent comparison decides."""
PAIRS = 6
"""The fewest whose exact sign-flip p can be below 0.05: 2/2**6 = 0.031."""
FIRST_S = 10
LEAST_PAIR_S = 10
MOST_PAIR_S = 60
LAST_CANDIDATES = 3
MOST_CANDIDATES = 48


@dataclass(frozen=True)
class Rung:
    """How many candidates run for how long, seconds."""

    candidates: int
    seconds: float


@dataclass(frozen=True)
class Plan:
    """Rungs of the search, then pairs of runs; ``overhead_s`` is what a run takes besides its seconds."""

    rungs: tuple[Rung, ...]
    pairs: int
    pair_s: float
    overhead_s: float
    budget_s: float

    @property
    def search_s(self) -> float:
        """Seconds that the search may take."""
        return self.budget_s * (1 - CONFIRM_SHARE)


@dataclass(frozen=True)
class Step:
    """The next run: of whom, how long (seconds), and its place in the search or in a pair."""

    phase: Phase
    candidate: Candidate
    seconds: float
    rung: int | None = None
    pair: int | None = None
    position: int | None = None


@dataclass(frozen=True)
class Outcome:
    """What a run gave: p99 latency (ms), lost (frames in percent, sound, or both; 0 is none), and its own time.

    None stands for what could not be measured; a crash measures nothing.
    """

    phase: Phase
    candidate: str
    rung: int | None
    pair: int | None
    position: int | None
    seconds: float
    p99_ms: float | None
    lost: float | None
    crashed: bool = False

    @property
    def good(self) -> bool:
        """Whether it was measured whole, and nothing was lost."""
        return not self.crashed and self.p99_ms is not None and self.lost == 0


def plan(budget_s: float, available: int, overhead_s: float) -> Plan:
    """Divide the time.  ``available`` is how many candidates there are.

    Raises BadInputError where the time does not suffice for the comparison, which is what decides.
    """
    least_s = 2 * PAIRS * (LEAST_PAIR_S + overhead_s) / CONFIRM_SHARE
    if budget_s < least_s:
        raise BadInputError(
            f"--minutes {budget_s / 60:g} is too short: six pairs of runs against the defaults, which decide, and a search "
            f"before them need {math.ceil(least_s / 60)}."
        )
    pair_s = min(budget_s * CONFIRM_SHARE / (2 * PAIRS) - overhead_s, MOST_PAIR_S)
    made: tuple[Rung, ...] = ()
    for first in range(2, min(available, MOST_CANDIDATES) + 1):
        tried = _rungs(first)
        if sum(one.candidates * (one.seconds + overhead_s) for one in tried) > budget_s * (1 - CONFIRM_SHARE):
            break
        made = tried
    return Plan(made, PAIRS, math.floor(pair_s), overhead_s, budget_s)


def _rungs(first: int) -> tuple[Rung, ...]:
    found = [Rung(first, FIRST_S)]
    while found[-1].candidates > LAST_CANDIDATES:
        found.append(Rung(math.ceil(found[-1].candidates / 2), found[-1].seconds * 2))
    return tuple(found)


def rank(outcome: Outcome) -> tuple[bool, float, float]:
    """Return what outcomes are sorted by, the best first: whole before broken, nothing lost, then low p99."""
    if outcome.crashed or outcome.p99_ms is None or outcome.lost is None:
        return (True, 0.0, 0.0)
    return (False, outcome.lost, outcome.p99_ms)


def promoted(entered: Sequence[Candidate], outcomes: Sequence[Outcome], count: int) -> list[Candidate]:
    """Return the ``count`` best of those that were measured, in order of merit; the defaults are always among them."""
    by_name = {one.candidate: one for one in outcomes}
    measured = sorted((one for one in entered if one.name in by_name), key=lambda one: rank(by_name[one.name]))
    best = measured[:count]
    if DEFAULTS not in best:
        best = [*best[: count - 1], DEFAULTS]
    return best


def next_step(made: Plan, tried: Sequence[Candidate], seed: int, outcomes: Sequence[Outcome]) -> Step | None:
    """Return the run that comes next, None where nothing is left to measure."""
    step, _ = _replay(made, tried, seed, outcomes)
    return step or _next_of_pairs(made, seed, outcomes, challenger(made, tried, seed, outcomes))


def challenger(made: Plan, tried: Sequence[Candidate], seed: int, outcomes: Sequence[Outcome]) -> Candidate | None:
    """Return who stands against the defaults; None while the search goes on, and where nobody was better."""
    step, last = _replay(made, tried, seed, outcomes)
    best = min(last, key=rank, default=None)
    if step or best is None or best.candidate == DEFAULTS.name or not best.good:
        return None
    failed = {one.candidate for one in outcomes if one.crashed and one.phase == "search"}
    return None if best.candidate in failed else next(one for one in tried if one.name == best.candidate)


def _replay(
    made: Plan, tried: Sequence[Candidate], seed: int, outcomes: Sequence[Outcome]
) -> tuple[Step | None, list[Outcome]]:
    """Return the search's next run, or None and the outcomes of the last rung that compares anybody."""
    standing = list(tried[: made.rungs[0].candidates]) if made.rungs else []
    search = [one for one in outcomes if one.phase == "search"]
    used_s = sum(one.seconds for one in search)
    last: list[Outcome] = []
    for number, rung in enumerate(made.rungs):
        if number:
            standing = promoted(standing, last, rung.candidates)
        here = [one for one in search if one.rung == number]
        done = {one.candidate for one in here}
        missing = [one for one in _order(standing, seed, number) if one.name not in done]
        if missing and used_s + rung.seconds + made.overhead_s <= made.search_s:
            return Step("search", missing[0], rung.seconds, rung=number), last
        # Without the defaults, or with them alone, a rung compares nobody.
        if len(done) > 1 and DEFAULTS.name in done:
            last = here
        if missing:
            break
    return None, last


def _order(standing: Sequence[Candidate], seed: int, rung: int) -> list[Candidate]:
    """The defaults first, for a rung that is cut short to have them; the others in an order that favours nobody."""
    others = [one for one in standing if one != DEFAULTS]
    random.Random(f"{seed}/{rung}").shuffle(others)
    return [DEFAULTS, *others]


def _next_of_pairs(made: Plan, seed: int, outcomes: Sequence[Outcome], against: Candidate | None) -> Step | None:
    if against is None:
        return None
    done = {(one.pair, one.position) for one in outcomes if one.phase == "confirm"}
    used_s = sum(one.seconds for one in outcomes)
    for slot in schedule.pairs(made.pairs, seed):
        if (slot.pair, slot.position) not in done:
            if slot.position == 0 and used_s + 2 * (made.pair_s + made.overhead_s) > made.budget_s:
                return None
            candidate = against if slot.side else DEFAULTS
            return Step("confirm", candidate, made.pair_s, pair=slot.pair, position=slot.position)
    return None
