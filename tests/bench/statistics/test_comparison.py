"""Verdicts on experiments whose truth is known."""

from __future__ import annotations

import math
import random
from collections import Counter

import pytest

from bench.figures import FIGURES
from bench.statistics import ALPHA, Comparison, compare_pairs
from tests.bench.statistics.synthetic import SHAPES, experiment, figure

EXPERIMENTS = 1000


def verdicts(shape: str, n: int, shift: float, threshold: float, count: int = EXPERIMENTS) -> Counter[str]:
    """Judge many experiments and count the verdicts."""
    judged = (
        compare_pairs(figure(threshold), experiment(SHAPES[shape], n, shift, seed), seed) for seed in range(count)
    )
    return Counter(one.verdict for one in judged)


@pytest.mark.parametrize("n", [6, 10])
@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_two_equal_scenarios_are_rarely_told_apart(shape: str, n: int) -> None:
    # The hardest case: without a practical threshold, every significant difference is a verdict.
    found = verdicts(shape, n, shift=0.0, threshold=0.0)
    assert (found["better"] + found["worse"]) / EXPERIMENTS <= ALPHA
    assert found["unknown"] == 0


def test_a_threshold_makes_false_alarms_rarer_still() -> None:
    found = verdicts("normal", 10, shift=0.0, threshold=1.0)
    assert (found["better"] + found["worse"]) / EXPERIMENTS <= ALPHA / 5


@pytest.mark.parametrize(
    ("shape", "least"), [("normal", 0.9), ("drifting", 0.9), ("autocorrelated", 0.9), ("rounded", 0.75)]
)
def test_a_shift_of_four_deviations_is_found_by_six_pairs(shape: str, least: float) -> None:
    found = verdicts(shape, 6, shift=-4.0, threshold=0.5, count=300)
    assert found["better"] / 300 >= least and found["worse"] == 0


def test_more_pairs_find_smaller_shifts() -> None:
    power = [verdicts("normal", n, shift=1.5, threshold=0.5, count=200)["worse"] / 200 for n in (6, 12, 20)]
    assert power == sorted(power) and power[0] < 0.6 and power[2] > 0.9


def test_equal_within_the_threshold_is_same() -> None:
    found = verdicts("normal", 10, shift=0.0, threshold=5.0, count=200)
    assert found["same"] / 200 > 0.9 and found["better"] == found["worse"] == 0


def test_significant_but_too_small_to_matter_is_same() -> None:
    pairs = [(50.0 + place / 100, 50.3 + place / 90) for place in range(8)]
    one = compare_pairs(figure(1.0), pairs, 1)
    assert one.p is not None and one.p < ALPHA and one.verdict == "same"


@pytest.mark.parametrize(("better", "verdict"), [("less", "better"), ("more", "worse"), ("none", "different")])
def test_which_way_is_better(better: str, verdict: str) -> None:
    one = compare_pairs(figure(1.0, better), [(50.0, 40.0 + place / 10) for place in range(6)], 1)
    assert (one.verdict, one.n, one.before, one.after) == (verdict, 6, 50.0, 40.25)
    assert one.difference == pytest.approx(-9.75) and one.ratio == pytest.approx(0.805)
    assert one.p == 2 / 64 and one.interval is not None
    assert list(one.interval) == pytest.approx([-10.0, -9.5])


@pytest.mark.parametrize("n", range(1, 6))
def test_too_few_pairs_cannot_tell_however_large_the_difference(n: int) -> None:
    one = compare_pairs(figure(1.0), [(500.0, 1.0 + place) for place in range(n)], 1)
    assert (one.verdict, one.p, one.needs) == ("cannot tell", None, 6 - n)
    assert one.ratio is not None and one.before == 500.0


def test_too_few_pairs_are_not_the_same_either() -> None:
    assert compare_pairs(figure(1.0), [(0.0, 0.0)] * 5, 1).verdict == "cannot tell"
    assert compare_pairs(figure(1.0), [(0.0, 0.0)] * 6, 1).verdict == "same"


def test_what_it_needs_is_about_what_it_takes() -> None:
    # Noise of one, shift of one: how often do so many pairs more come to a verdict?
    settled, asked = 0, 0
    for seed in range(100):
        one = compare_pairs(figure(0.2), experiment(SHAPES["normal"], 8, 1.5, seed), seed)
        if one.verdict == "cannot tell" and one.needs and one.needs <= 20:
            asked += 1
            more = compare_pairs(figure(0.2), experiment(SHAPES["normal"], 8 + one.needs, 1.5, seed + 10_000), seed)
            settled += more.verdict != "cannot tell"
    assert asked > 20 and settled / asked > 0.5


def test_a_difference_on_its_threshold_is_not_settled_by_pairs() -> None:
    pairs = [(50.0, 51.0 + wobble) for wobble in (-2, 2, -1, 1, 0, 0, -3, 3)]
    one = compare_pairs(figure(1.0), pairs, 1)
    assert (one.verdict, one.needs) == ("cannot tell", None)


@pytest.mark.parametrize("missing", [None, math.nan, math.inf])
def test_a_missing_value_is_unknown_and_never_a_difference(missing: float | None) -> None:
    pairs: list[tuple[float | None, float | None]] = [(50.0, 10.0)] * 8
    for place in (0, 1):
        broken = [*pairs, (50.0, missing) if place else (missing, 10.0)]
        one = compare_pairs(figure(1.0), broken, 1)
        assert (one.verdict, one.p, one.difference, one.interval) == ("unknown", None, None, None)
        assert one.warnings == ("f: 1 of 9 pairs lack a value.",)
    assert compare_pairs(figure(1.0), [], 1).verdict == "unknown"


def test_exact_figures_are_judged_by_value() -> None:
    size = FIGURES["image_size_mb"]

    def judged(before: float, after: float) -> Comparison:
        return compare_pairs(size, [(before, after)], 1)

    assert [judged(5200.0, after).verdict for after in (204.0, 5201.0, 6000.0)] == ["better", "same", "worse"]
    one = judged(5200.0, 204.0)
    assert one.p is None and one.needs is None and one.interval == (-4996.0, -4996.0)
    assert compare_pairs(FIGURES["root"], [(1.0, 0.0)], 1).verdict == "better"
    assert compare_pairs(figure(1.0, "none", exact=True), [(1.0, 2.0)], 1).verdict == "exact"


def test_an_exact_figure_that_wavers_is_unknown() -> None:
    one = compare_pairs(FIGURES["root"], [(1.0, 0.0), (1.0, 1.0)], 1)
    assert one.verdict == "unknown" and "not the same in every run" in one.warnings[0]


def test_a_relative_threshold_is_a_share_of_before() -> None:
    pairs = [(100.0 + place, 104.0 + place) for place in range(6)]
    assert compare_pairs(figure(0.05, relative=True), pairs, 1).verdict == "same"
    assert compare_pairs(figure(0.03, relative=True), pairs, 1).verdict == "worse"
    assert compare_pairs(figure(0.05, relative=True), [(0.0, 0.0)] * 6, 1).ratio is None


def test_equal_records_give_equal_answers() -> None:
    pairs = experiment(SHAPES["heavy_tails"], 40, 0.5, 3)
    assert compare_pairs(figure(0.1), pairs, 9) == compare_pairs(figure(0.1), list(pairs), 9)
    shuffled = list(pairs)
    random.Random(1).shuffle(shuffled)
    one, other = compare_pairs(figure(0.1), pairs[:20], 1), compare_pairs(figure(0.1), pairs[:20][::-1], 2)
    assert (one.p, one.interval, one.verdict) == (other.p, other.interval, other.verdict), "no seed up to 30 pairs"
