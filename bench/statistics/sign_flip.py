"""The exact sign-flip test of paired differences.

Were the two scenarios alike, each difference could as well have had the other sign.  p is the share of all 2**n ways to
choose the signs whose mean is at least as far from zero as the one that was seen (R. A. Fisher, The Design of
Experiments, 1935, section 21).  It assumes no shape of the noise, only that it is symmetric.
"""

from __future__ import annotations

import bisect
import math
import random
from collections.abc import Sequence

MOST_ENUMERATED = 30
"""Pairs up to which every choice of signs is counted: two sorted halves of 2**15 sums each."""
DRAWS = 20_000
TOLERANCE = 1e-9
"""Of the largest sum: equal sums that were added in another order differ by less."""


def smallest_p(n: int) -> float:
    """Return the smallest p that ``n`` pairs can give: all differences on one side."""
    return 2 / 2**n if n else 1.0


def fewest_pairs(alpha: float) -> int:
    """Return the fewest pairs with which p can be ``alpha`` or less."""
    return math.ceil(math.log2(2 / alpha))


def p_value(differences: Sequence[float], seed: int) -> float:
    """Return the two-sided p of finite differences; ``seed`` only matters beyond MOST_ENUMERATED pairs."""
    seen = abs(math.fsum(differences))
    largest = math.fsum(abs(one) for one in differences)
    if not largest:
        return 1.0
    least = seen - largest * TOLERANCE
    if len(differences) <= MOST_ENUMERATED:
        return _enumerated(differences, least)
    return _drawn(differences, least, seed)


def _enumerated(differences: Sequence[float], least: float) -> float:
    middle = len(differences) // 2
    one, other = _sums(differences[:middle]), sorted(_sums(differences[middle:]))
    # The sums are symmetric about zero, so the upper tail is half of both.
    upper = sum(len(other) - bisect.bisect_left(other, least - value) for value in one)
    return 1.0 if least <= 0 else 2 * upper / 2 ** len(differences)


def _sums(values: Sequence[float]) -> list[float]:
    sums = [0.0]
    for value in values:
        sums = [sign for one in sums for sign in (one + value, one - value)]
    return sums


def _drawn(differences: Sequence[float], least: float, seed: int) -> float:
    generator = random.Random(f"sign flip {seed}")
    total = math.fsum(differences)
    hits = 0
    for _ in range(DRAWS):
        flips = generator.getrandbits(len(differences))
        flipped = math.fsum(one for place, one in enumerate(differences) if flips >> place & 1)
        hits += abs(total - 2 * flipped) >= least
    # The choice that was seen is one of them: a p is never zero.
    return (hits + 1) / (DRAWS + 1)
