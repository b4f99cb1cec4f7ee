"""The division of the time, promotion, and what comes next."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.tune.halving import PAIRS, Outcome, Plan, Rung, Step, challenger, next_step, plan, promoted
from bench.tune.space import DEFAULTS, Candidate
from streamkit.errors import BadInputError

TRIED = [DEFAULTS, *(Candidate((("encoder_speed", -number),)) for number in range(1, 8))]
PLAN = Plan((Rung(8, 10), Rung(4, 20), Rung(2, 40)), PAIRS, 20, 5, 3600)


def outcome(step: Step, p99_ms: float | None, lost: float | None = 0.0, seconds: float | None = None) -> Outcome:
    took = step.seconds + 5 if seconds is None else seconds
    return Outcome(step.phase, step.candidate.name, step.rung, step.pair, step.position, took, p99_ms, lost)


def played(made: Plan, p99: dict[str, float], lost: dict[str, float] | None = None) -> list[Outcome]:
    """Measure to the end, each candidate giving its own p99."""
    outcomes: list[Outcome] = []
    while step := next_step(made, TRIED, 3, outcomes):
        name = step.candidate.name
        outcomes.append(outcome(step, p99[name], (lost or {}).get(name, 0.0)))
        assert len(outcomes) < 100
    return outcomes


ORDERED = {one.name: 50.0 - number for number, one in enumerate(TRIED)}


@pytest.mark.parametrize("minutes", [18, 20, 30, 60, 240])
def test_the_plan_keeps_to_the_time(minutes: int) -> None:
    made = plan(minutes * 60, 96, overhead_s=25)
    search_s = sum(rung.candidates * (rung.seconds + 25) for rung in made.rungs)
    assert search_s <= made.search_s
    assert search_s + made.pairs * 2 * (made.pair_s + 25) <= minutes * 60
    assert made.pairs == PAIRS and made.rungs[-1].candidates <= 3
    assert [rung.seconds for rung in made.rungs] == [10 * 2**number for number in range(len(made.rungs))]


def test_more_time_tries_more_and_no_more_than_there_are() -> None:
    counts = [plan(minutes * 60, 96, 25).rungs[0].candidates for minutes in (20, 40, 80)]
    assert counts == sorted(set(counts)) and counts[0] >= 6
    assert plan(10 * 3600, 5, 25).rungs[0].candidates == 5


def test_too_little_time_is_refused_with_what_is_enough() -> None:
    with pytest.raises(BadInputError, match=r"--minutes 5 is too short: .* need 18\."):
        plan(300, 96, overhead_s=25)
    assert plan(18 * 60, 96, overhead_s=25).pair_s >= 10


def test_the_better_half_is_promoted_and_the_defaults_always() -> None:
    steps = [Step("search", one, 10, rung=0) for one in TRIED]
    outcomes = [outcome(step, ORDERED[step.candidate.name]) for step in steps]
    assert promoted(TRIED, outcomes, 4) == [TRIED[7], TRIED[6], TRIED[5], DEFAULTS]
    # What loses comes after what does not, and what was not measured is not there.
    outcomes[7] = replace(outcomes[7], lost=0.1)
    outcomes[6] = replace(outcomes[6], p99_ms=None)
    assert promoted(TRIED, outcomes[1:], 3) == [TRIED[5], TRIED[4], DEFAULTS]


def test_a_whole_search_ends_with_pairs_against_the_best() -> None:
    outcomes = played(PLAN, ORDERED)
    assert [sum(one.rung == rung for one in outcomes) for rung in (0, 1, 2)] == [8, 4, 2]
    confirm = [one for one in outcomes if one.phase == "confirm"]
    assert len(confirm) == 2 * PAIRS
    names = [one.candidate for one in confirm]
    assert set(names) == {"defaults", "encoder_speed -7"}
    # ABBA: who is first changes within each block of two pairs.
    for block in range(0, 2 * PAIRS, 4):
        a, b = names[block : block + 2]
        assert names[block : block + 4] == [a, b, b, a]
    assert challenger(PLAN, TRIED, 3, outcomes) == TRIED[7]


def test_nobody_better_needs_no_pairs() -> None:
    outcomes = played(PLAN, {**ORDERED, "defaults": 10.0})
    assert {one.phase for one in outcomes} == {"search"}
    assert challenger(PLAN, TRIED, 3, outcomes) is None


def test_who_loses_frames_is_never_the_challenger() -> None:
    assert challenger(PLAN, TRIED, 3, played(PLAN, ORDERED, dict.fromkeys(ORDERED, 0.2))) is None
    lossy = played(PLAN, ORDERED, {"encoder_speed -7": 0.2})
    assert challenger(PLAN, TRIED, 3, lossy) == TRIED[6]


def test_stopped_anywhere_it_goes_on_with_the_same_run() -> None:
    outcomes = played(PLAN, ORDERED)
    for done in range(len(outcomes)):
        step = next_step(PLAN, TRIED, 3, outcomes[:done])
        assert step is not None
        assert (step.candidate.name, step.rung, step.pair) == (
            outcomes[done].candidate,
            outcomes[done].rung,
            outcomes[done].pair,
        )


def test_runs_that_take_longer_than_thought_cut_the_search_short() -> None:
    made = replace(PLAN, budget_s=1000)
    outcomes: list[Outcome] = []
    while step := next_step(made, TRIED, 3, outcomes):
        outcomes.append(outcome(step, ORDERED[step.candidate.name], seconds=step.seconds + 35))
    assert sum(one.seconds for one in outcomes) <= 1000 + 2 * (20 + 35)
    assert sum(one.seconds for one in outcomes if one.phase == "search") <= 600 + 75
    # The round that was cut still compares those it reached, the defaults among them.
    assert challenger(made, TRIED, 3, outcomes) is not None
