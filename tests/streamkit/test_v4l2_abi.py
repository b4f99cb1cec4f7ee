"""The layout of V4L2 and its arithmetic."""

from __future__ import annotations

import errno
import struct
from fractions import Fraction

import pytest

from streamkit import v4l2_abi as abi
from streamkit.v4l2_abi import Timings
from tests.streamkit.detect.fake_card import FakeCard, bt_timings


@pytest.mark.parametrize(
    ("timings", "expected"),
    [
        # CTA-861 VIC 16, 4 and the 59.94 Hz form of 16; VIC 5 is interlaced, its rate that of fields.
        (bt_timings(1920, 1080, 148_500_000, 280, 45), Timings(1920, 1080, Fraction(60))),
        (bt_timings(1280, 720, 74_250_000, 370, 30), Timings(1280, 720, Fraction(60))),
        (bt_timings(1920, 1080, 148_351_648, 280, 45), Timings(1920, 1080, Fraction(60000, 1001))),
        (bt_timings(640, 480, 25_175_000, 160, 45), Timings(640, 480, Fraction(60000, 1001))),
        (bt_timings(1920, 1080, 74_250_000, 280, 45, interlaced=1), Timings(1920, 1080, Fraction(60), True)),
        (bytes(132), None),
    ],
)
def test_rate_of_dv_timings(timings: bytes, expected: Timings | None) -> None:
    assert abi.read_timings(timings) == expected


def test_names_of_pixel_formats() -> None:
    assert abi.fourcc(int.from_bytes(b"YUYV", "little")) == "YUYV"
    assert abi.fourcc(int.from_bytes(b"Y16 ", "little")) == "Y16"
    assert abi.fourcc(int.from_bytes(b"Y16 ", "little") | 1 << 31) == "Y16-BE"


def test_lists_end_with_einval_and_other_refusals_are_kept() -> None:
    node = abi.Node(0, FakeCard(refuse={abi.ENUM_FRAMESIZES: errno.EBUSY, abi.ENUMINPUT: errno.ENOTTY}))
    assert len(list(node.listing("formats", abi.ENUM_FMT, lambda index: struct.pack("<II56x", index, 1)))) == 1
    assert list(node.listing("inputs", abi.ENUMINPUT, lambda index: struct.pack("<I76x", index))) == []
    assert node.problems == {}, "ENOTTY says there is no such list"
    assert list(node.listing("sizes", abi.ENUM_FRAMESIZES, lambda index: struct.pack("<I40x", index))) == []
    assert node.problems == {"sizes": "busy: another program is using the card"}


def test_driver_that_lists_without_end_is_left() -> None:
    node = abi.Node(0, lambda descriptor, request, argument: argument)
    seen = [list(node.listing("formats", 0, lambda index: bytes(4))) for _ in range(100)]
    assert sum(map(len, seen)) == abi.MAX_CALLS
    assert "lists without end" in node.problems["formats"]
