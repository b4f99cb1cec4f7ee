"""Rates, sizes and modes as people write them."""

from __future__ import annotations

from fractions import Fraction

import pytest

from streamkit.video import format_fps, mode_caps, parse_fps, parse_mode, parse_size


@pytest.mark.parametrize(
    ("text", "rate"), [("60", Fraction(60)), ("59.94", Fraction(60000, 1001)), ("30000/1001", Fraction(30000, 1001))]
)
def test_rate(text: str, rate: Fraction) -> None:
    assert parse_fps(text) == rate
    assert parse_fps(format_fps(rate)) == rate


@pytest.mark.parametrize("text", ["0", "-1", "241", "x", "", "59.12345678901"])
def test_bad_rate(text: str) -> None:
    with pytest.raises(ValueError):
        parse_fps(text)


@pytest.mark.parametrize("text", ["1280", "1280x", "1281x720", "1280x721", "32x32", "9999x9999", "1280x720p"])
def test_bad_size(text: str) -> None:
    with pytest.raises(ValueError):
        parse_size(text)


def test_mode_survives_writing_and_reading() -> None:
    mode = parse_mode("MJPG 1920x1080@59.94")
    assert str(mode) == "MJPG 1920x1080@60000/1001"
    assert parse_mode(str(mode)) == mode


def test_caps_of_modes() -> None:
    assert mode_caps("NV12 1920x1080@60") == "video/x-raw,format=NV12,width=1920,height=1080,framerate=60/1"
    assert mode_caps("MJPG 1280x720@30") == "image/jpeg,width=1280,height=720,framerate=30/1"
    assert mode_caps("auto") == "video/x-raw"
