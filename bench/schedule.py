"""In which order two scenarios run: A B, B A, so that a drift of the machine hits both alike.  Pure, from a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Slot:
    """One run that is due.  ``side`` is 0 for the scenario before and 1 for the one after.

    ``pair`` and ``position`` are None in a warm-up, whose figures count nowhere.
    """

    side: int
    pair: int | None = None
    position: int | None = None

    @property
    def warmup(self) -> bool:
        """Whether the run only warms the machine up."""
        return self.pair is None


def warmups(count: int = 1) -> list[Slot]:
    """Return ``count`` warm-ups of each side."""
    return [Slot(side) for _ in range(count) for side in (0, 1)]


def pairs(count: int, seed: int) -> list[Slot]:
    """Return the runs of ``count`` pairs: blocks of two pairs are A B, B A or B A, A B, as the seed says.

    More pairs with the same seed begin with the same runs, so that a comparison can be continued.
    """
    return [Slot(side, pair, position) for pair, sides in _orders(count, seed) for position, side in enumerate(sides)]


def _orders(count: int, seed: int) -> Iterator[tuple[int, tuple[int, int]]]:
    # Seeded by text: the order of a seed is the same in every process.
    generator = random.Random(f"bench {seed}")
    first = 0
    for pair in range(count):
        first = generator.randrange(2) if pair % 2 == 0 else 1 - first
        yield pair, (first, 1 - first)
