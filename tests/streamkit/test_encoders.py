"""What the catalogue says of its encoders."""

from __future__ import annotations

from fractions import Fraction

import pytest

from streamkit.encoders import ENCODERS, delay_sentence, element_setting, nvenc_element, va_element


@pytest.mark.parametrize(
    ("encoder", "fps", "words"),
    [
        ("av1-svt", Fraction(30), "holds 6 frames back, 200 ms at 30 frames per second"),
        ("av1-svt", Fraction(60000, 1001), "holds 6 frames back, 100 ms at 60000/1001 frames per second"),
        ("av1-rav1e", Fraction(30), "holds 13 frames back, 433 ms at 30 frames per second"),
    ],
)
def test_delay_is_said_in_the_rate_s_own_time(encoder: str, fps: Fraction, words: str) -> None:
    assert not ENCODERS[encoder].low_latency
    assert words in delay_sentence(ENCODERS[encoder], fps)


def test_nothing_is_said_of_an_encoder_that_holds_nothing_back() -> None:
    assert ENCODERS["x264"].low_latency
    assert delay_sentence(ENCODERS["x264"], Fraction(30)) == ""


def test_what_holds_frames_back_is_not_chosen_unasked() -> None:
    assert [name for name, encoder in ENCODERS.items() if not encoder.low_latency and not encoder.unprobed_reason] == []


def test_names_of_elements() -> None:
    first, second = "/dev/dri/renderD128", "/dev/dri/renderD129"
    assert va_element("av1", second, first, low_power=False) == "varenderD129av1enc"
    assert va_element("h264", second, first, low_power=True) == "varenderD129h264lpenc"
    # A first node that VA-API cannot open does not count.
    assert va_element("h264", second, second, low_power=True) == "vah264lpenc"
    assert [nvenc_element("h264", 0), nvenc_element("av1", 1)] == ["nvh264enc", "nvav1device1enc"]


def test_first_gpu_has_the_catalogue_s_name() -> None:
    node = "/dev/dri/renderD128"
    for encoder in ENCODERS.values():
        if encoder.needs:
            named = {"nvidia": nvenc_element(encoder.codec, 0), "vaapi": va_element(encoder.codec, node, node, False)}
            assert encoder.element == named[encoder.needs]


def test_only_hardware_has_a_setting_for_its_element() -> None:
    assert element_setting(ENCODERS["av1-vaapi"]) == "av1_vaapi_element"
    assert element_setting(ENCODERS["x264"]) is None
