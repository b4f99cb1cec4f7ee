"""The page's clock against the machine's."""

from __future__ import annotations

import itertools

import pytest

from bench.viewer.clock import Trip, ask, offset_of
from tests.bench.viewer.recording import recorded


def test_the_quickest_trips_count() -> None:
    trips = [Trip(at, offset, way) for at, offset, way in ((0, 9, 20), (1, 5, 0.4), (2, -7, 30), (3, 5.2, 0.4))]
    found = offset_of(trips)
    assert found.offset_ms == pytest.approx(5.1)
    # Half a round trip, and half of what the clocks drifted apart.
    assert found.error_ms == pytest.approx(0.2 + 0.1)


def test_recorded_trips_agree_within_the_error() -> None:
    trips = [Trip(number, offset, way) for number, (way, offset) in enumerate(recorded()["trips"])]
    found = offset_of(trips)
    assert abs(found.offset_ms) < found.error_ms < 0.5
    # Each trip says where the truth lies, give or take half of itself.
    assert all(abs(trip.offset_ms - found.offset_ms) <= trip.round_ms / 2 + found.error_ms for trip in trips)


def test_a_page_that_is_ahead() -> None:
    ticks = itertools.count()
    found = offset_of(ask(lambda: 1_000_000.0 + 42.0 + 0.5, 4, lambda: 1000.0 + 0.001 * (next(ticks) % 2)))
    assert found.offset_ms == pytest.approx(42.0)
    assert found.error_ms == pytest.approx(0.5)


def test_no_trips_say_nothing() -> None:
    with pytest.raises(ValueError, match="no round trips"):
        offset_of([])
