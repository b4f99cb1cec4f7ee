"""What follows from a size, rate or encoder that a person chose: the card's mode, and the bitrate."""

from __future__ import annotations

from typing import Any

from streamkit.plan.bitrate import default_bitrate_kbps
from streamkit.plan.choose import make_plan
from streamkit.plan.wished import with_wish
from streamkit.resolve import resolve
from streamkit.video import parse_fps
from tests.conftest import Host, MakeSettings


def wished(host: Host, settings: MakeSettings, overrides: dict[str, Any], card: bool = True) -> dict[str, Any]:
    hardware = host("usb_card")
    plan = make_plan(hardware, settings())
    values = resolve(plan["settings"], {}, overrides).values
    return with_wish(plan, values, hardware["video_devices"][0] if card else None)


def test_card_is_asked_for_what_the_choice_needs(host: Host, settings: MakeSettings) -> None:
    made = wished(host, settings, {"resolution": "1920x1080", "fps": "30"})
    assert made["settings"]["capture_mode"].partition(" ")[2] == "1920x1080@30"
    assert "the cheapest mode of the card for 1920x1080 at 30" in made["mode_reason"]
    assert made["settings"]["bitrate_kbps"] == default_bitrate_kbps("h264", (1920, 1080), parse_fps("30"))


def test_script_with_a_size_of_its_own_gets_a_picture_of_that_size(host: Host, settings: MakeSettings) -> None:
    made = wished(host, settings, {"encoder": "av1-1080p-downscale"})
    assert " 1920x1080@" in made["settings"]["capture_mode"]
    assert made["settings"]["bitrate_kbps"] < default_bitrate_kbps("h264", (1920, 1080), parse_fps("60"))


def test_nothing_chosen_leaves_the_plan_as_it_is(host: Host, settings: MakeSettings) -> None:
    plan = make_plan(host("usb_card"), settings())
    assert wished(host, settings, {"keyframe_interval_s": 2}) == plan


def test_mode_that_was_set_stays(host: Host, settings: MakeSettings) -> None:
    plan = make_plan(host("usb_card"), settings())
    made = wished(host, settings, {"resolution": "640x360"}, card=False)
    assert made["settings"]["capture_mode"] == plan["settings"]["capture_mode"]
    assert made["settings"]["bitrate_kbps"] < plan["settings"]["bitrate_kbps"]
