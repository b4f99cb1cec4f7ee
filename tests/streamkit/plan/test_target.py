"""The ladder of sizes and rates, and the capture mode of each step."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from streamkit.encoders import ENCODERS
from streamkit.plan.target import Rung, ladder_for, rungs
from streamkit.video import Mode
from tests.conftest import Host, MakeSettings


def test_demo_begins_small_and_a_card_at_the_top(settings: MakeSettings) -> None:
    x264 = ENCODERS["x264"]
    assert ladder_for(x264, settings(), with_card=False)[0] == ((1280, 720), Fraction(30))
    assert ladder_for(x264, settings(), with_card=True)[0] == ((1920, 1080), Fraction(60))


def test_what_is_set_is_not_climbed_down_from(settings: MakeSettings) -> None:
    fixed = ladder_for(ENCODERS["x264"], settings(resolution="1600x900", fps="60000/1001"), with_card=True)
    assert fixed == [((1600, 900), Fraction(60000, 1001))]
    sizes = {size for size, _ in ladder_for(ENCODERS["x264"], settings(resolution="1600x900"), with_card=True)}
    assert sizes == {(1600, 900)}


def test_script_with_a_size_of_its_own_begins_there(settings: MakeSettings) -> None:
    steps = ladder_for(ENCODERS["av1-1080p-downscale"], settings(), with_card=False)
    assert steps[0] == ((1920, 1080), Fraction(30))
    assert all(a[0][0] >= b[0][0] for a, b in pairwise(steps))
    assert ladder_for(ENCODERS["av1-optiplex"], settings(), with_card=True)[0] == ((1280, 720), Fraction(60))


def test_steps_take_the_cards_fractions_and_its_cheapest_mode(host: Host, settings: MakeSettings) -> None:
    card = host("usb_card")["video_devices"][0]
    steps = rungs(ENCODERS["x264"], settings(), card)
    assert steps[0] == Rung((1920, 1080), Fraction(60), Mode("MJPG", 1920, 1080, Fraction(60)))
    assert steps[1] == Rung((1280, 720), Fraction(60000, 1001), Mode("YUYV", 1280, 720, Fraction(60000, 1001)))
    assert str(steps[1]) == "1280x720@60000/1001"


def test_card_that_meets_nothing_gives_what_it_has(host: Host, settings: MakeSettings) -> None:
    card = {
        **host("usb_card")["video_devices"][0],
        "modes": [{"pixel_format": "YUYV", "width": 320, "height": 240, "fps": ["10"]}],
    }
    assert rungs(ENCODERS["x264"], settings(), card) == [
        Rung((320, 240), Fraction(10), Mode("YUYV", 320, 240, Fraction(10)))
    ]
    assert rungs(ENCODERS["x264"], settings(), {**card, "modes": []})[0].mode is None


def test_mode_that_was_named_feeds_every_step(host: Host, settings: MakeSettings) -> None:
    card = host("usb_card")["video_devices"][0]
    steps = rungs(ENCODERS["x264"], settings(capture_mode="YUYV 1280x720@30"), card)
    assert {str(step.mode) for step in steps} == {"YUYV 1280x720@30"}
    assert max(step.fps for step in steps) == 30 and max(step.size for step in steps) == (1280, 720)
