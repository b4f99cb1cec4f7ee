"""How far the page's clock is from the machine's: round trips, of which the quickest say most.  Pure but for time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

TRIPS = 12


@dataclass(frozen=True)
class Trip:
    """One question and answer: ``at_ms`` (Unix) in the middle, ``offset_ms`` page minus machine, ``round_ms``."""

    at_ms: float
    offset_ms: float
    round_ms: float


@dataclass(frozen=True)
class Offset:
    """What to take from the page's times (ms), and how wrong that may be: half a round trip and the drift."""

    offset_ms: float
    error_ms: float


def ask(page_ms: Callable[[], float], trips: int = TRIPS, wall_s: Callable[[], float] = time.time) -> list[Trip]:
    """Ask the page for its Unix time in ms, ``trips`` times."""
    found = []
    for _ in range(trips):
        before = wall_s()
        page = page_ms()
        after = wall_s()
        middle = (before + after) * 500
        found.append(Trip(middle, page - middle, (after - before) * 1000))
    return found


def offset_of(trips: Sequence[Trip]) -> Offset:
    """Return the offset over a run: the middle of what its first and its second half say by their quickest trips.

    The page's clock is monotonic and the machine's is steered (adjtimex(2)), so the two drift.  Half their difference
    is part of the error.  Raises ValueError for no trips.
    """
    if not trips:
        raise ValueError("no round trips")
    ordered = sorted(trips, key=lambda trip: trip.at_ms)
    half = (len(ordered) + 1) // 2
    parts = [part for part in (ordered[:half], ordered[half:]) if part]
    best = [min(part, key=lambda trip: trip.round_ms) for part in parts]
    offsets = [trip.offset_ms for trip in best]
    drift = (max(offsets) - min(offsets)) / 2
    return Offset(sum(offsets) / len(offsets), max(trip.round_ms for trip in best) / 2 + drift)
