"""Formats, sizes and rates: listed one by one, stepwise, continuous, or not at all."""

from __future__ import annotations

import errno

from streamkit import v4l2_abi as abi
from streamkit.detect.v4l2_modes import list_modes
from streamkit.plan.capture import modes_of
from tests.streamkit.detect.fake_card import FakeCard

STEPWISE = (abi.STEPWISE, 64, 1920, 16, 48, 1088, 8)
CONTINUOUS = (abi.CONTINUOUS, 2, 8192, 1, 1, 8192, 1)


def test_modes_listed_one_by_one() -> None:
    modes, size_ranges = list_modes(abi.Node(0, FakeCard()), 1, None)
    assert modes == [
        {"pixel_format": "YUYV", "width": 1280, "height": 720, "fps": ["60000/1001", "30"]},
        {"pixel_format": "YUYV", "width": 640, "height": 480, "fps": ["60000/1001", "30"]},
    ]
    assert size_ranges == []


def test_range_of_sizes_gives_what_people_stream_and_the_range_itself() -> None:
    modes, (one,) = list_modes(abi.Node(0, FakeCard(sizes=STEPWISE)), 1, None)
    assert [(mode["width"], mode["height"]) for mode in modes] == [(1920, 1088), (1920, 1080), (1280, 720), (640, 480)]
    width, height = {"min": 64, "max": 1920, "step": 16}, {"min": 48, "max": 1088, "step": 8}
    assert one == {"pixel_format": "YUYV", "kind": "stepwise", "width": width, "height": height}


def test_size_between_the_steps_is_not_offered() -> None:
    stepped = FakeCard(sizes=(abi.STEPWISE, 100, 1300, 100, 20, 1080, 20))
    modes, _ = list_modes(abi.Node(0, stepped), 1, None)
    assert [(mode["width"], mode["height"]) for mode in modes] == [(1300, 1080)], "1280 is no multiple of 100"


def test_end_of_a_range_beyond_any_picture_is_a_fact_and_no_mode() -> None:
    modes, (one,) = list_modes(abi.Node(0, FakeCard(sizes=CONTINUOUS)), 1, None)
    assert one["kind"] == "continuous" and one["width"]["max"] == 8192
    assert modes[0]["width"] == 3840, "8192x8192 cannot be asked for"


def test_range_of_rates() -> None:
    fifth_to_sixtieth = (abi.STEPWISE, 1, 60, 1, 5, 1, 60)
    modes, _ = list_modes(abi.Node(0, FakeCard(sizes=((640, 480),), intervals=fifth_to_sixtieth)), 1, None)
    assert modes[0]["fps"] == ["60", "30", "15"], "1/50 s is no whole number of sixtieths"
    assert modes[0]["interval_range"] == {"kind": "stepwise", "min": "1/60", "max": "1/5", "step": "1/60"}
    continuous = (abi.CONTINUOUS, 1, 1000, 1, 24, 1, 1)  # v4l2loopback lists up to 1000 frames per second
    modes, _ = list_modes(abi.Node(0, FakeCard(sizes=((640, 480),), intervals=continuous)), 1, None)
    assert modes[0]["fps"] == ["120", "60", "60000/1001", "50", "30", "30000/1001", "25", "24"]
    assert modes[0]["interval_range"]["min"] == "1/1000"


def test_format_listed_twice_counts_once() -> None:
    twice = FakeCard(formats=(("MJPG", "Motion-JPEG", 1), ("MJPG", "Motion-JPEG", 1), ("GREY", "8-bit Greyscale", 0)))
    modes, _ = list_modes(abi.Node(0, twice), 1, None)
    assert [mode["pixel_format"] for mode in modes] == ["MJPG", "MJPG", "GREY", "GREY"]
    assert {mode.pixel_format for mode in modes_of({"modes": modes})} == {"MJPG"}, "GREY is kept, and not planned with"


def test_driver_without_lists_has_the_mode_it_is_set_to() -> None:
    old = FakeCard(sizes=(), intervals=(), size_in_force=("UYVY", 720, 576), interval_in_force=(1, 25))
    modes, _ = list_modes(abi.Node(0, old), 1, None)
    assert modes == [{"pixel_format": "UYVY", "width": 720, "height": 576, "fps": ["25"]}]
    old.interval_in_force = None
    assert list_modes(abi.Node(0, old), 1, None)[0][0]["fps"] == []


def test_busy_list_is_said_and_costs_only_itself() -> None:
    node = abi.Node(0, FakeCard(refuse={abi.ENUM_FRAMEINTERVALS: errno.EBUSY}, sizes=((640, 480),)))
    modes, _ = list_modes(node, 1, None)
    assert modes == [{"pixel_format": "YUYV", "width": 640, "height": 480, "fps": []}]
    assert node.problems == {"the rates of YUYV 640x480": "busy: another program is using the card"}


def test_multi_planar_cards_are_asked_for_their_own_kind_of_buffer() -> None:
    asked = []

    def driver(descriptor: int, request: int, argument: bytes) -> bytes:
        if request == abi.ENUM_FMT:
            asked.append(argument[4])
        return FakeCard()(descriptor, request, argument)

    list_modes(abi.Node(0, driver), abi.BUF_TYPE_VIDEO_CAPTURE_MPLANE, None)
    assert set(asked) == {9}
