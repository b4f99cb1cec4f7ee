"""The plan of whole hosts, with its reasons."""

from __future__ import annotations

from fractions import Fraction

import pytest

from streamkit.config import SETTINGS
from streamkit.encoders import ENCODERS
from streamkit.errors import BadInputError
from streamkit.plan.bitrate import default_bitrate_kbps
from streamkit.plan.choose import make_plan
from streamkit.plan.describe import summary
from tests.conftest import Host, MakeSettings


def test_without_a_card_the_plan_says_so_plainly(host: Host, settings: MakeSettings) -> None:
    plan = make_plan(host("no_card"), settings())
    assert plan["source_reason"] == "No capture card was found: streaming a moving test picture with a test tone."
    assert plan["settings"]["source"] == "test"
    assert plan["settings"]["encoder"] == "x264"
    assert plan["probed"] is False
    assert plan["devices"] == []
    assert plan["kept_nodes"] == {"video": "any", "sound": None}, "a card may come"
    assert plan["device_gids"] == [44], "the group that it will belong to"


def test_every_encoder_is_chosen_or_rejected_with_a_reason(host: Host, settings: MakeSettings) -> None:
    for name in ("no_card", "usb_card", "vivid_vm"):
        plan = make_plan(host(name), settings())
        named = {entry["encoder"] for entry in plan["rejected"]} | {plan["settings"]["encoder"]}
        assert named == set(ENCODERS)
        assert all(entry["reason"] for entry in plan["rejected"])
        usable = {entry["encoder"]: entry["usable"] for entry in plan["rejected"]}
        assert not usable["av1-nvenc"] and usable["vp9"], "a person may choose what the plan did not, where it runs"


def test_card_gives_device_mode_sound_and_groups(host: Host, settings: MakeSettings) -> None:
    plan = make_plan(host("usb_card"), settings())
    assert plan["settings"]["video_device"] == "/dev/v4l/by-id/usb-MACROSILICON_USB3.0_Video-video-index0"
    assert plan["settings"]["capture_mode"] == "YUYV 1280x720@60000/1001"
    assert plan["settings"]["fps"] == "60000/1001"
    assert plan["device_gids"] == [29, 44]
    assert plan["devices"] == [], "no GPU is used, and a card is given by its rule"
    assert plan["kept_nodes"] == {
        "video": {"identity": "usb:345f:2130::00", "index": 0, "port": None},
        "sound": "Video",
    }
    named = make_plan(host("usb_card"), settings(video_device="/dev/video0"))
    assert named["kept_nodes"] == plan["kept_nodes"]
    assert "with sound from hw:Video,0" in summary(plan)[0]


def test_rate_never_exceeds_what_the_card_delivers(host: Host, settings: MakeSettings) -> None:
    plan = make_plan(host("usb_card"), settings(capture_mode="YUYV 1920x1080@30", fps="60"))
    assert plan["settings"]["fps"] == "30"


@pytest.mark.parametrize(
    ("name", "changed", "words"),
    [
        (
            "no_card",
            {"video_device": "/dev/video7"},
            "'/dev/video7', which is no capture device of this host (found: none)",
        ),
        ("no_card", {"encoder": "h264-nvenc"}, "no NVIDIA GPU was found on this host; use 'auto' or 'x264'"),
        ("usb_card", {"encoder": "av1-nvenc"}, "no NVIDIA GPU was found"),
    ],
)
def test_what_the_host_has_not_is_refused(
    host: Host, settings: MakeSettings, name: str, changed: dict[str, str], words: str
) -> None:
    with pytest.raises(BadInputError) as caught:
        make_plan(host(name), settings(**changed))
    assert words in str(caught.value)


def test_card_that_is_asked_for_and_away_is_waited_for(host: Host, settings: MakeSettings) -> None:
    plan = make_plan(host("no_card"), settings(source="v4l2"))
    assert plan["settings"]["source"] == "v4l2" and plan["card"] is None
    assert plan["source_reason"] == "No capture card was found: waiting for one, without sound."
    assert plan["warning"] == ("streamkit_source is 'v4l2': nothing is streamed until a capture card is plugged in.")
    assert plan["kept_nodes"]["video"] == "any"


def test_test_picture_that_is_asked_for_is_given_no_card(host: Host, settings: MakeSettings) -> None:
    plan = make_plan(host("usb_card"), settings(source="test"))
    assert plan["kept_nodes"] == {"video": None, "sound": None}
    assert plan["device_gids"] == []


def test_device_that_could_not_be_asked_is_named(host: Host, settings: MakeSettings) -> None:
    hardware = host("no_card")
    hardware["unknown"] = [{"what": "/dev/video0", "reason": "Permission denied"}]
    assert "could not ask /dev/video0: Permission denied" in make_plan(hardware, settings())["source_reason"]


def test_bitrate_grows_with_size_and_rate_and_is_lower_for_newer_codecs() -> None:
    size, thirty, sixty = (1280, 720), Fraction(30), Fraction(60)
    assert default_bitrate_kbps("h264", size, thirty) == 2500
    assert default_bitrate_kbps("h264", size, thirty) < default_bitrate_kbps("h264", size, sixty)
    assert default_bitrate_kbps("av1", size, thirty) < default_bitrate_kbps("h264", size, thirty)
    largest = default_bitrate_kbps("h264", (7680, 4320), Fraction(240))
    assert SETTINGS["bitrate_kbps"].parse(largest) == largest, "the plan keeps to what a setting allows"
    assert default_bitrate_kbps("h264", (64, 64), Fraction(1)) == 100


def test_real_description_of_an_hdmi_input_is_planned(host: Host, settings: MakeSettings) -> None:
    """vivid_vm.json is what detection said in the virtual machine: HDMI at 720p15, no sound of its own."""
    plan = make_plan(host("vivid_vm"), settings())
    assert plan["settings"]["capture_mode"] == "NV12 1280x720@15"
    assert plan["settings"]["fps"] == "15"
    assert plan["source_reason"] == "Capturing from vivid at /dev/video0 with a signal, without sound."
    assert "hw:Loopback,1" in plan["audio_reason"]
