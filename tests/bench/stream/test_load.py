"""Finding the rate that a host sustains, on hosts whose answer is known; and bursts, really."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import pytest

from bench.stream.load import BURST_EVERY_S, HIGHEST_FPS, bursts, rate_for, sustained


def host(limit_fps: float) -> Callable[[int], float]:
    """Return a host that loses what is beyond its limit, in percent."""
    return lambda fps: max(0.0, (1 - limit_fps / fps) * 100)


@pytest.mark.parametrize("limit", [7, 31, 55, 100, 190])
def test_limit_is_found_within_a_few_trials(limit: float) -> None:
    found = sustained(host(limit), 30, within_s=60, clock=lambda: 0.0)
    assert found.fps is not None and limit / 1.09 <= found.fps <= limit * 1.011
    assert not found.at_least and len(found.trials) <= 9


def test_a_host_without_a_limit_is_at_least_so_fast() -> None:
    found = sustained(host(10_000), 30, within_s=60, clock=lambda: 0.0)
    assert (found.fps, found.at_least) == (HIGHEST_FPS, True)


def test_a_host_that_sustains_nothing() -> None:
    found = sustained(host(1), 30, within_s=60, clock=lambda: 0.0)
    assert found.fps is None and [trial.fps for trial in found.trials] == [30, 15, 7, 5]


def test_time_is_bounded_and_what_held_is_the_answer() -> None:
    now = iter(range(0, 1000, 10))
    found = sustained(host(100), 30, within_s=25, clock=lambda: float(next(now)))
    assert found.fps == 60 and len(found.trials) == 2


def test_loads_are_shares_of_it() -> None:
    assert (rate_for("80", 50), rate_for("120", 50), rate_for("120", 239)) == (40, 60, HIGHEST_FPS)


def test_bursts_take_a_processor_and_end() -> None:
    def children_s() -> float:
        times = os.times()
        return times.children_user + times.children_system

    before = children_s()
    with bursts(processors=1):
        time.sleep(BURST_EVERY_S / 2 - 0.2)
        resting = children_s()
        time.sleep(1.2)
    # Half a second of work, and the start of Python; a machine with others on it gives less of it.
    assert resting == before
    assert 0.05 < children_s() - before < 2
