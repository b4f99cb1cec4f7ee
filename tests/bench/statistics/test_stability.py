"""Warnings: each comes where it should, says cause and cure, and calm sessions are left alone."""

from __future__ import annotations

import random
from typing import Any

import pytest

from bench.statistics.stability import Cause, drift, of_figure, of_machine, outliers
from tests.bench.statistics.synthetic import SHAPES, experiment, figure

CALM = {"cpu": "N100", "cores": 4, "kernel": "6.1", "governor": "performance", "busy_before_percent": 1.5, "temperature_c": 61.0,
        "throttled_count": 4}  # fmt: skip


def causes(*warnings: str) -> list[Cause]:
    """Which causes the sentences name."""
    return [
        cause for warning in warnings for cause in Cause if warning.endswith(f"{cause.value[0]}; {cause.value[1]}.")
    ]


def test_a_calm_session_has_no_warning() -> None:
    pairs = [(50.0 + wobble, 40.0 - wobble) for wobble in (0.1, -0.2, 0.0, 0.2, -0.1, 0.1)]
    assert of_figure(figure(1.0), pairs, 1.0) == () and of_machine([CALM] * 12) == ()


def test_false_warnings_are_rare() -> None:
    shape = SHAPES["normal"]
    found = [causes(*of_figure(figure(), experiment(shape, 6, 0.0, seed), 0.0)) for seed in range(400)]
    assert sum(Cause.DRIFT in one for one in found) / 400 <= 0.03
    assert sum(Cause.OUTLIERS in one for one in found) / 400 <= 0.1
    assert sum(Cause.SPREAD in one for one in found) == 0


def test_spread() -> None:
    pairs = [(50.0 + wobble, 40.0) for wobble in (-12, 9, -7, 14, 6, -10)]
    (said,) = of_figure(figure(1.0), pairs, 1.0)
    assert causes(said) == [Cause.SPREAD]
    assert said.startswith("f spreads by 14.1 ms before, 28 % of its median: something else used the machine")
    assert of_figure(figure(20.0), pairs, 20.0) == (), "what does not matter is no spread"


def test_drift_is_measured_from_end_to_end() -> None:
    (said,) = of_figure(figure(1.0), [(50.0 + place, 60.5 + place) for place in range(6)], 1.0)
    assert causes(said) == [Cause.DRIFT] and "drifted by +" in said
    assert drift([place * 2.0 for place in range(12)]) == pytest.approx(22.0)
    assert drift([1.0, 2.0, 3.0]) is None and drift([random.Random(1).gauss(0, 1) for _ in range(12)]) is None


def test_outliers_are_named_by_their_pair() -> None:
    pairs = [(50.0, 40.0), (50.1, 40.0), (50.0, 40.2), (50.0, 75.0), (50.2, 40.0), (50.0, 40.1)]
    said = of_figure(figure(1.0), pairs, 1.0)
    assert causes(*said) == [Cause.OUTLIERS] and "in pair 4" in said[0]
    assert outliers([0.0, 0.1, 9.0], 1.0) == [], "of three, none can be the odd one"


@pytest.mark.parametrize(
    ("changes", "cause", "seen"),
    [
        ([{}, {"busy_before_percent": 45.0}, {}], Cause.BUSY, "45 % busy before a run, and busy before 1 of 3"),
        ([{"governor": "powersave"}], Cause.GOVERNOR, "governor was powersave"),
        ([{}, {"throttled_count": 9}], Cause.HEAT, "slowed down by heat 5 times"),
        ([{"temperature_c": 96.0}], Cause.HEAT, "96 °C hot"),
        ([{}, {"kernel": "6.12"}], Cause.MIXED, "2 different machines or kernels"),
    ],
)
def test_the_machine(changes: list[dict[str, Any]], cause: Cause, seen: str) -> None:
    (said,) = of_machine([{**CALM, **change} for change in changes])
    assert causes(said) == [cause] and seen in said


def test_what_a_machine_does_not_say_is_no_warning() -> None:
    assert of_machine([dict.fromkeys(CALM), dict.fromkeys(CALM)]) == () and of_machine([]) == ()
