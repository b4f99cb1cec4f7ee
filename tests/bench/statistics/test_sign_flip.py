"""The sign-flip test against published and counted answers."""

from __future__ import annotations

import itertools
import random

import pytest

from bench.statistics.sign_flip import MOST_ENUMERATED, fewest_pairs, p_value, smallest_p

DARWIN = (49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48)
"""Crossed minus self-fertilised maize, eighths of an inch."""


def test_fishers_own_example() -> None:
    # The Design of Experiments, 1935, section 21: 1,726 of 32,768 ways.
    assert p_value(DARWIN, seed=1) == 1726 / 2**15


@pytest.mark.parametrize("seed", range(12))
def test_enumeration_counts_every_way(seed: int) -> None:
    generator = random.Random(seed)
    values = [round(generator.gauss(0.5, 1), seed % 3) for _ in range(1 + seed)]
    seen = abs(sum(values)) - 1e-9
    ways = [sum(sign * value for sign, value in zip(signs, values, strict=True)) for signs in itertools.product((1, -1), repeat=len(values))]  # fmt: skip
    assert p_value(values, seed=1) == sum(abs(way) >= seen for way in ways) / len(ways)


def test_all_on_one_side_is_the_smallest_p() -> None:
    for n in range(1, 25):
        assert p_value([1.0 + place / 7 for place in range(n)], seed=1) == smallest_p(n) == 2 / 2**n


def test_which_count_of_pairs_can_reach_which_p() -> None:
    assert [fewest_pairs(alpha) for alpha in (1.0, 0.5, 0.05, 0.01, 0.001)] == [1, 2, 6, 8, 11]
    assert smallest_p(5) > 0.05 >= smallest_p(6) and smallest_p(0) == 1.0


def test_no_difference_at_all_is_p_one() -> None:
    assert p_value([0.0] * 8, seed=1) == 1.0 and p_value([1.0, -1.0], seed=1) == 1.0


def test_sums_that_are_equal_but_for_rounding_count() -> None:
    # 0.1 + 0.2 is not 0.3 to a computer; to the test it is.
    assert p_value([0.1, 0.2, -0.3], seed=1) == 1.0


def test_beyond_enumeration_it_is_drawn_and_agrees() -> None:
    generator = random.Random(4)
    values = [generator.gauss(0.25, 1) for _ in range(MOST_ENUMERATED)]
    counted = p_value(values, seed=1)
    drawn = p_value([*values, 0.0], seed=1)
    assert 0.01 < counted < 0.99 and drawn == pytest.approx(counted, abs=0.015)
    assert p_value([*values, 0.0], seed=1) == drawn != p_value([*values, 0.0], seed=2)
    assert 0 < p_value([1.0] * 40, seed=1) < 0.001, "a p is never zero"
