"""Card, mode and sound are chosen by what is cheapest and safe."""

from __future__ import annotations

from fractions import Fraction

import pytest

from streamkit.errors import BadInputError
from streamkit.plan.capture import choose_audio, choose_device, choose_mode, modes_of
from streamkit.plan.choose import make_plan
from streamkit.video import parse_mode
from tests.conftest import Host, MakeSettings


@pytest.mark.parametrize(
    ("size", "fps", "expected"),
    [
        ((1280, 720), 60, "YUYV 1280x720@60000/1001"),  # raw at 59.94 beats MJPEG at 60: nothing to decode
        ((1280, 720), 30, "YUYV 1280x720@30"),
        ((1920, 1080), 30, "YUYV 1920x1080@30"),
        ((1920, 1080), 60, "MJPG 1920x1080@60"),  # only as MJPEG
        ((3840, 2160), 60, "MJPG 1920x1080@60"),  # the most there is
    ],
)
def test_cheapest_mode_that_meets_the_target(host: Host, size: tuple[int, int], fps: int, expected: str) -> None:
    modes = modes_of(host("usb_card")["video_devices"][0])
    assert str(choose_mode(modes, size, Fraction(fps))) == expected


def test_nv12_before_yuyv_at_the_same_size_and_rate() -> None:
    modes = [parse_mode("YUYV 1280x720@60"), parse_mode("NV12 1280x720@60")]
    assert choose_mode(modes, (1280, 720), Fraction(60)) == modes[1]


def test_no_mode_without_modes() -> None:
    assert choose_mode([], (1280, 720), Fraction(30)) is None


def test_hdmi_input_wins_over_webcam_and_loopback_never_does(host: Host) -> None:
    webcam = {**host("usb_card")["video_devices"][0], "node": "/dev/video0", "stable_node": None}
    hdmi = {**webcam, "node": "/dev/video4", "hdmi": True, "signal": "none"}
    loopback = {**hdmi, "node": "/dev/video9", "virtual": True, "signal": "locked"}
    hardware = {"video_devices": [webcam, hdmi, loopback]}
    chosen = choose_device(hardware, "auto")
    assert chosen is not None and chosen["node"] == "/dev/video4"
    assert choose_device(hardware, "/dev/video7") is None
    named = choose_device(hardware, "/dev/video9")
    assert named is not None and named["virtual"]


def test_only_sound_of_the_capture_card_is_taken_unasked(host: Host, settings: MakeSettings) -> None:
    hardware = host("usb_card")
    card = hardware["video_devices"][0]
    assert choose_audio(hardware, settings(), card, "v4l2")[:2] == ("alsa", "hw:Video,0")
    hardware["audio_devices"].pop()
    source, device, reason = choose_audio(hardware, settings(), card, "v4l2")
    assert (source, device) == ("none", None), "the microphone of the room must not go on air"
    assert "hw:PCH,0 (HDA Intel PCH)" in reason


def test_alsa_without_a_card_is_refused(host: Host, settings: MakeSettings) -> None:
    with pytest.raises(BadInputError, match="no ALSA card that records"):
        choose_audio(host("no_card"), settings(audio_source="alsa"), None, "test")


def test_usb_2_is_named_where_it_limits_the_mode(host: Host, settings: MakeSettings) -> None:
    hardware = host("usb_card")
    hardware["video_devices"][0]["usb_speed_mbps"] = 480
    said = make_plan(hardware, settings())["mode_reason"]
    assert said.startswith("YUYV 1280x720@60000/1001 is the cheapest mode of the card for 1280x720 at 60000/1001.")
    assert "connected by USB 2 (480 Mbit/s), and 1920x1080 at 60 uncompressed needs 1493 Mbit/s" in said
    hardware["video_devices"][0]["usb_speed_mbps"] = 5000
    assert "USB" not in make_plan(hardware, settings())["mode_reason"]


def test_sound_of_the_desktop_is_taken_only_when_asked_for(host: Host, settings: MakeSettings) -> None:
    plan = make_plan(host("usb_card"), settings(audio_source="pulse"))
    assert plan["settings"]["audio_source"] == "pulse" and plan["settings"]["audio_device"] == "auto"
    assert plan["kept_nodes"]["sound"] is None
    assert plan["source_reason"].endswith("with sound from PulseAudio.")
