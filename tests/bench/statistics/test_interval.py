"""The interval of the median against drawn resamples, tables, and the truth."""

from __future__ import annotations

import math
import random
from collections import Counter
from statistics import median

import pytest

from bench.statistics.interval import _weights, expanded_tail, of_median, t_quantile
from tests.bench.statistics.synthetic import SHAPES, experiment


@pytest.mark.parametrize("n", [1, 2, 5, 6, 9])
def test_closed_form_is_what_resampling_gives(n: int) -> None:
    generator = random.Random(n)
    draws = 20_000
    drawn: Counter[tuple[int, int]] = Counter()
    for _ in range(draws):
        drawn_places = sorted(generator.choices(range(n), k=n))
        drawn[drawn_places[(n - 1) // 2], drawn_places[n // 2]] += 1
    weights = _weights(n)
    assert math.fsum(weights.values()) == pytest.approx(1)
    for places, weight in weights.items():
        assert drawn[places] / draws == pytest.approx(weight, abs=4 * math.sqrt(weight / draws) + 1e-4)


def test_t_of_the_tables() -> None:
    table = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 9: 2.262, 30: 2.042}
    assert {freedom: round(t_quantile(0.95, freedom), 3) for freedom in table} == table
    assert round(t_quantile(0.99, 10), 3) == 3.169


def test_tails_grow_to_those_of_the_normal() -> None:
    tails = [expanded_tail(n, 0.95) for n in (2, 6, 20, 1000)]
    assert tails == sorted(tails) and tails[-1] == pytest.approx(0.025, rel=0.02)


def test_ends_are_ordered_around_the_median() -> None:
    for n in range(1, 30):
        values = [random.Random(n * 100 + place).gauss(0, 1) for place in range(n)]
        low, high = of_median(values)
        assert min(values) <= low <= median(values) <= high <= max(values)
        assert of_median(list(reversed(values))) == (low, high)
        # Turned round, it is the same interval.
        assert of_median([-value for value in values]) == pytest.approx((-high, -low))


def test_single_and_equal_values() -> None:
    assert of_median([3.0]) == (3.0, 3.0) and of_median([2.0] * 7) == (2.0, 2.0)


@pytest.mark.parametrize("n", [6, 10])
@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_the_interval_holds_the_truth_as_often_as_it_says(shape: str, n: int) -> None:
    held = 0
    for seed in range(600):
        low, high = of_median([after - before for before, after in experiment(SHAPES[shape], n, 3.0, seed)])
        held += low <= 3.0 <= high
    # 95 % less three standard errors of 600 experiments; the noise that hangs together from run to run included.
    assert held / 600 >= 0.92
