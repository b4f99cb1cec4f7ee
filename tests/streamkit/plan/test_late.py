"""A card that came after the deployment gets a mode; what was planned and measured stays."""

from __future__ import annotations

from typing import Any

import pytest

from streamkit.config import Value, defaults
from streamkit.plan.choose import make_plan
from streamkit.plan.late import with_late_card
from streamkit.resolve import resolve, script_environment
from tests.conftest import Host


def late(host: Host, given: dict[str, Value], **card: Any) -> dict[str, Any]:
    values = {**defaults(), **given}
    device = {**host("usb_card")["video_devices"][0], "node": "/dev/streamkit/video3", **card}
    return with_late_card(make_plan(host("no_card"), values), values, device)


def test_mode_feeds_the_size_and_rate_that_were_planned(host: Host) -> None:
    plan = late(host, {})
    chosen = plan["settings"]
    assert (chosen["source"], chosen["video_device"]) == ("v4l2", "/dev/streamkit/video3")
    assert (chosen["resolution"], chosen["fps"], chosen["bitrate_kbps"]) == ("1280x720", "30", 2500)
    assert chosen["capture_mode"] == "YUYV 1280x720@30"
    assert chosen["encoder"] == "x264"
    assert plan["card"] == "USB3.0 Video: USB3.0 Video"
    assert plan["source_reason"] == (
        "Capturing from USB3.0 Video: USB3.0 Video, which came after the deployment, "
        "without sound (a new deployment looks for it)."
    )
    assert plan["mode_reason"] == "YUYV 1280x720@30 is the cheapest mode of the card for 1280x720 at 30."


def test_what_it_says_is_a_pipeline_s_environment(host: Host) -> None:
    environment = script_environment(resolve(late(host, {})["settings"], {}, {}).values)
    assert environment["VIDEO_DEVICE"] == "/dev/streamkit/video3"
    assert environment["CAPTURE_MODE"] == "video/x-raw,format=YUY2,width=1280,height=720,framerate=30/1"
    assert environment["AUDIO_SOURCE"] == "none", "a test tone is no sound for a game"


@pytest.mark.parametrize(
    ("modes", "size", "fps"),
    [
        ([{"pixel_format": "YUYV", "width": 640, "height": 480, "fps": ["60", "30"]}], "640x360", "30"),
        ([{"pixel_format": "NV12", "width": 1280, "height": 720, "fps": ["15"]}], "1280x720", "15"),
        ([], "1280x720", "30"),
    ],
)
def test_lesser_card_is_streamed_as_it_is(host: Host, modes: list[dict[str, Any]], size: str, fps: str) -> None:
    chosen = late(host, {}, modes=modes)["settings"]
    assert (chosen["resolution"], chosen["fps"]) == (size, fps)


def test_what_the_inventory_names_stays(host: Host) -> None:
    given: dict[str, Value] = {
        "resolution": "640x360", "fps": "15", "bitrate_kbps": 700, "capture_mode": "MJPG 1280x720@60",
        "audio_device": "hw:1,0", "audio_source": "alsa",
    }  # fmt: skip
    plan = late(host, given)
    effective = resolve(plan["settings"], given, {}).values
    assert (effective["resolution"], effective["fps"], effective["bitrate_kbps"]) == ("640x360", "15", 700)
    assert effective["capture_mode"] == "MJPG 1280x720@60"
    assert (effective["audio_source"], effective["audio_device"]) == ("alsa", "hw:1,0")
    assert "sound" not in plan["source_reason"]
