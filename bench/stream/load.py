"""How much a host sustains, and loads made from it.  Standard library only.

The rate of the source is the load: what a capture card would hand over.  The highest rate that holds with the viewer
running is searched by halving, each trial a short run of its own; then 80 % and 120 % of it are rates like any other.
A burst is another thing that happens to a host: other programs take all its processors for a moment.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

LOADS = ("idle", "80", "120", "burst")
"""idle: the scenario's own rate and nothing else; 80 and 120: percent of the sustained rate; burst: the scenario's rate
and other programs that take all processors for BURST_S of every BURST_EVERY_S."""
LOWEST_FPS, HIGHEST_FPS = 5, 240
HOLDS_PERCENT = 1.0
"""A rate holds while no more of the offered frames are lost than this."""
BURST_S, BURST_EVERY_S = 0.5, 5.0
STEP = 1.08
"""Neighbouring rates that are told apart: a search to less than 8 % would measure the moment."""


BURN = """
import sys, time
begins, lasts, every = map(float, sys.argv[1:])
while True:
    time.sleep(max(0.0, begins - time.monotonic()))
    while time.monotonic() < begins + lasts:
        sum(range(2000))
    begins += every
"""


@dataclass(frozen=True)
class Trial:
    """One rate that was tried: what was offered, and what share of it was lost (percent)."""

    fps: int
    lost_percent: float

    @property
    def holds(self) -> bool:
        """Whether the host keeps up with it."""
        return self.lost_percent <= HOLDS_PERCENT


@dataclass(frozen=True)
class Sustained:
    """The highest rate that held, None where the lowest did not; ``at_least``: nothing that was tried did not hold."""

    fps: int | None
    at_least: bool
    trials: tuple[Trial, ...]


def sustained(
    lost_percent: Callable[[int], float], begin_fps: int, within_s: float, clock: Callable[[], float] = time.monotonic
) -> Sustained:
    """Search the highest rate that holds; ``lost_percent(fps)`` makes one short run.

    Doubles (or halves) from ``begin_fps`` until one holds and one does not, then halves what is between, and ends when
    both are within STEP or ``within_s`` is over: the answer is then the highest that held.
    """
    deadline = clock() + within_s
    trials: list[Trial] = []
    low, high = 0, HIGHEST_FPS + 1  # holds, does not hold
    fps = min(max(begin_fps, LOWEST_FPS), HIGHEST_FPS)
    while clock() < deadline:
        trial = Trial(fps, lost_percent(fps))
        trials.append(trial)
        if trial.holds:
            low = max(low, fps)
        else:
            high = min(high, fps)
        if low >= HIGHEST_FPS or high <= LOWEST_FPS or (low and high / low <= STEP) or high - low == 1:
            break
        if not low:
            fps = max(high // 2, LOWEST_FPS)
        elif high > HIGHEST_FPS:
            fps = min(low * 2, HIGHEST_FPS)
        else:
            fps = (low + high) // 2
    return Sustained(low or None, bool(low) and high > HIGHEST_FPS, tuple(trials))


def rate_for(load: str, sustained_fps: int) -> int:
    """Return the rate of a load in percent of what is sustained; never below one frame a second."""
    return max(1, min(HIGHEST_FPS, round(sustained_fps * int(load) / 100)))


@contextlib.contextmanager
def bursts(processors: int | None = None) -> Iterator[None]:
    """Take all processors for BURST_S of every BURST_EVERY_S, by processes of our own, until the end of the block."""
    # The monotonic clock is one for all processes: together they take the whole machine.
    words = [
        sys.executable,
        "-I",
        "-S",
        "-c",
        BURN,
        str(time.monotonic() + BURST_EVERY_S / 2),
        str(BURST_S),
        str(BURST_EVERY_S),
    ]
    count = processors or len(os.sched_getaffinity(0))
    busy = [subprocess.Popen(words, stdin=subprocess.DEVNULL) for _ in range(count)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()
