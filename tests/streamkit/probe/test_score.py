"""Figures of a trial from the times at which frames went in and came out."""

from __future__ import annotations

import pytest

from streamkit.probe.score import Encoded, percentile

FRAME_NS = 33_333_333


def test_delay_rate_and_bitrate() -> None:
    encoded = Encoded()
    for number in range(31):
        encoded.went_in(number * FRAME_NS, number / 30)
        encoded.came_out(number * FRAME_NS, number / 30 + 0.010, 1000, key=number == 0)
    figures = encoded.figures(FRAME_NS)
    assert figures["delay_ms"] == {"p50": pytest.approx(10), "p95": pytest.approx(10)}
    assert figures["keyframe_first"] and figures["keyframes"] == 1
    assert figures["fps"] == pytest.approx(31 / (1 + 0.010))
    assert figures["bitrate_kbps"] == pytest.approx(1000 * 8 * 30 / 1000)


def test_time_stamps_moved_by_the_encoder_are_followed() -> None:
    encoded, hours = Encoded(), 3_600_000_000_000_000
    for number in range(10):
        encoded.went_in(number * FRAME_NS, float(number))
    for number in range(10):
        encoded.came_out(hours + number * FRAME_NS, number + 0.5, 1, key=False)
    assert encoded.figures(FRAME_NS)["delay_ms"]["p95"] == pytest.approx(500)
    assert not encoded.keyframe_first


def test_nothing_came_out() -> None:
    encoded = Encoded()
    encoded.went_in(0, 0.0)
    assert encoded.figures(FRAME_NS) == {
        "frames_in": 1, "frames_out": 0, "keyframes": 0, "keyframe_first": False, "fps": 0.0, "bitrate_kbps": 0.0,
        "delay_ms": {"p50": None, "p95": None},
    }  # fmt: skip


def test_percentile_is_a_value_that_was_seen() -> None:
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([1.0], 0.95) == 1.0
    assert percentile([], 0.5) is None
