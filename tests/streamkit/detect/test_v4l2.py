"""The ioctl layer against a driver played from recorded answers, and its arithmetic."""

from __future__ import annotations

import errno
import struct
from fractions import Fraction

import pytest

from streamkit.detect import v4l2


def bt_timings(width: int, height: int, clock_hz: int, blank_x: int, blank_y: int, interlaced: int = 0) -> bytes:
    """A v4l2_dv_timings with all blanking in the front porches."""
    head = struct.pack("<IIIIIQ", 0, width, height, interlaced, 0, clock_hz)
    return (head + struct.pack("<9I", blank_x, 0, 0, blank_y, 0, 0, 0, 0, 0)).ljust(132, b"\0")


@pytest.mark.parametrize(
    ("timings", "expected"),
    [
        # CTA-861 VIC 16, 4 and the 59.94 Hz form of 16.
        (bt_timings(1920, 1080, 148_500_000, 280, 45), (1920, 1080, Fraction(60))),
        (bt_timings(1280, 720, 74_250_000, 370, 30), (1280, 720, Fraction(60))),
        (bt_timings(1920, 1080, 148_351_648, 280, 45), (1920, 1080, Fraction(60000, 1001))),
        (bt_timings(640, 480, 25_175_000, 160, 45), (640, 480, Fraction(60000, 1001))),
        (bytes(132), None),
    ],
)
def test_rate_of_dv_timings(timings: bytes, expected: tuple[int, int, Fraction] | None) -> None:
    assert v4l2.timings_rate(timings) == expected


class Driver:
    """Answers ioctls as a UVC card with two discrete sizes, or as an HDMI input with timings."""

    def __init__(self, hdmi: bool = False, link: bool = True, caps: int = 0x04200001) -> None:
        self.hdmi, self.link, self.caps = hdmi, link, caps

    def __call__(self, descriptor: int, request: int, argument: bytes) -> bytes:
        index = struct.unpack_from("<I", argument)[0] if len(argument) >= 4 else 0
        if request == v4l2.QUERYCAP:
            names = (
                b"uvcvideo".ljust(16, b"\0") + b"USB3.0 Video: USB3.0 Vid".ljust(32, b"\0") + b"usb-1".ljust(32, b"\0")
            )
            return names + struct.pack("<III12x", 0x060100, self.caps | v4l2.CAP_DEVICE_CAPS, self.caps)
        if request == v4l2.G_INPUT:
            return struct.pack("<i", 0)
        if request == v4l2.ENUMINPUT:
            return bytes(56) + struct.pack("<II16x", 0, v4l2.IN_CAP_DV_TIMINGS if self.hdmi else 0)
        if request in (v4l2.QUERY_DV_TIMINGS, v4l2.G_DV_TIMINGS) and self.hdmi:
            if not self.link and request == v4l2.QUERY_DV_TIMINGS:
                raise OSError(errno.ENOLINK, "Link has been severed")
            return bt_timings(1280, 720, 74_250_000, 370, 30)
        if request == v4l2.ENUM_FMT and index < 1:
            return bytes(44) + struct.pack("<I16x", int.from_bytes(b"YUYV", "little"))
        if request == v4l2.ENUM_FRAMESIZES and index < 2:
            width, height = ((1280, 720), (640, 480))[index]
            return argument[:8] + struct.pack("<III24x", v4l2.FRAME_DISCRETE, width, height)
        if request == v4l2.ENUM_FRAMEINTERVALS and index < 2:
            return argument[:16] + struct.pack("<III24x", v4l2.FRAME_DISCRETE, *((1001, 60000), (1, 30))[index])
        raise OSError(errno.EINVAL, "Invalid argument")


def test_usb_card_lists_its_modes() -> None:
    found = v4l2.describe(0, Driver())
    assert found is not None
    assert (found["driver"], found["hdmi"], found["signal"], found["virtual"]) == ("uvcvideo", False, "unknown", False)
    assert found["modes"] == [
        {"pixel_format": "YUYV", "width": 1280, "height": 720, "fps": ["60000/1001", "30"]},
        {"pixel_format": "YUYV", "width": 640, "height": 480, "fps": ["60000/1001", "30"]},
    ]


def test_hdmi_input_takes_size_and_rate_from_the_signal() -> None:
    found = v4l2.describe(0, Driver(hdmi=True))
    assert found is not None
    assert found["signal"] == "locked"
    assert found["modes"] == [{"pixel_format": "YUYV", "width": 1280, "height": 720, "fps": ["60"]}]


def test_hdmi_input_without_link_has_no_signal_but_its_last_timings() -> None:
    found = v4l2.describe(0, Driver(hdmi=True, link=False))
    assert found is not None
    assert (found["signal"], found["timings"]) == ("none", {"width": 1280, "height": 720, "fps": "60"})


@pytest.mark.parametrize("caps", [0x04208000, 0x04A00000, 0x00000002])
def test_codecs_metadata_and_outputs_are_no_capture_cards(caps: int) -> None:
    assert v4l2.describe(0, Driver(caps=caps)) is None
