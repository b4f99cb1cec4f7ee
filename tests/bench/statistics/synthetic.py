"""Experiments whose truth is known: two scenarios on a machine with noise of a given shape, in the real order of runs."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

from bench.figures import Figure
from bench.schedule import pairs

Noise = Callable[[random.Random, int], list[float]]
"""Returns the noise of so many runs that follow each other."""


def figure(threshold: float = 0.0, better: str = "less", *, relative: bool = False, exact: bool = False) -> Figure:
    """Make a figure with a threshold in its own unit, or as a share."""
    kind = "relative" if relative else "absolute"
    return Figure("f", "f", "ms", better, threshold, kind, 1, "stream", exact)  # type: ignore[arg-type]  # a literal


def normal(generator: random.Random, count: int) -> list[float]:
    return [generator.gauss(0, 1) for _ in range(count)]


def heavy_tails(generator: random.Random, count: int) -> list[float]:
    """Student's t with two degrees of freedom: its variance is infinite."""
    return [generator.gauss(0, 1) / math.sqrt(generator.expovariate(1)) for _ in range(count)]


def skewed(generator: random.Random, count: int) -> list[float]:
    """As durations are: a floor, and now and then much longer."""
    return [generator.lognormvariate(0, 1) for _ in range(count)]


def drifting(generator: random.Random, count: int) -> list[float]:
    """A machine that warms up: over the session five times its noise."""
    return [generator.gauss(0, 1) + 5 * place / count for place in range(count)]


def autocorrelated(generator: random.Random, count: int) -> list[float]:
    """What disturbs one run still disturbs the next: AR(1) with 0.7."""
    value, found = generator.gauss(0, 1) / math.sqrt(1 - 0.7**2), []
    for _ in range(count):
        value = 0.7 * value + generator.gauss(0, 1)
        found.append(value)
    return found


def rounded(generator: random.Random, count: int) -> list[float]:
    """Frames are counted whole: ties."""
    return [float(round(generator.gauss(0, 1))) for _ in range(count)]


SHAPES: dict[str, Noise] = {
    made.__name__: made for made in (normal, heavy_tails, skewed, drifting, autocorrelated, rounded)
}


def experiment(noise: Noise, count: int, shift: float, seed: int, level: float = 50.0) -> list[tuple[float, float]]:
    """Return (before, after) of ``count`` pairs; after is ``shift`` higher, and runs go in the order of the seed."""
    slots = pairs(count, seed)
    found: list[list[float]] = [[0.0, 0.0] for _ in range(count)]
    for slot, disturbed in zip(slots, noise(random.Random(f"noise {seed}"), len(slots)), strict=True):
        assert slot.pair is not None
        found[slot.pair][slot.side] = level + disturbed + (shift if slot.side else 0.0)
    return [(before, after) for before, after in found]
