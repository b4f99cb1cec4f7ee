"""The card is set to what its input receives, and every way in which that fails is said."""

from __future__ import annotations

import errno
import os
import struct
from pathlib import Path

import pytest

from streamkit import v4l2_abi as abi
from streamkit.run import timings


def dv(width: int, height: int, clock_hz: int, blank: tuple[int, int], interlaced: int = 0, flags: int = 0) -> bytes:
    """Build a v4l2_dv_timings whose blanking is (pixels per line, lines per field)."""
    porches = (blank[0], 0, 0, blank[1], 0, 0, *((blank[1] + 1, 0, 0) if interlaced else (0, 0, 0)))
    body = struct.pack("<IIIIIQ9III", 0, width, height, interlaced, 0, clock_hz, *porches, 0, flags)
    return body.ljust(132, b"\0")


HD60 = dv(1920, 1080, 148_500_000, (280, 45))
HD5994 = dv(1920, 1080, 148_351_648, (280, 45))
HD720 = dv(1280, 720, 74_250_000, (370, 30))


class Card:
    """A driver that answers the ioctls as linux/videodev2.h lays them out, and remembers what it was set to."""

    def __init__(self, seen: bytes | int, current: bytes = HD720, capabilities: int = 2, busy: bool = False) -> None:
        self.seen, self.current, self.capabilities, self.busy = seen, current, capabilities, busy
        self.set_to: bytes | None = None

    def ioctl(self, _descriptor: int, request: int, argument: bytes) -> bytes:
        if request == abi.G_INPUT:
            return struct.pack("<i", 1)
        if request == abi.ENUMINPUT:
            assert len(argument) == 80 and struct.unpack_from("<I", argument)[0] == 1
            return struct.pack("<I32sIIIQII16x", 1, b"HDMI 1", 2, 0, 0, 0, 0, self.capabilities)
        assert len(argument) == 132
        if request == abi.QUERY_DV_TIMINGS:
            if isinstance(self.seen, int):
                raise OSError(self.seen, os.strerror(self.seen))
            return self.seen
        if request == abi.G_DV_TIMINGS:
            return self.current
        assert request == abi.S_DV_TIMINGS
        if self.busy:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        self.set_to = self.current = argument
        return argument


def apply(card: Card, tmp_path: Path) -> str | None:
    node = tmp_path / "video0"
    node.touch()
    answer = timings.apply_detected(str(node), card.ioctl)
    return answer and answer.replace(str(node), "card")


def test_card_is_set_to_what_it_sees(tmp_path: Path) -> None:
    card = Card(HD5994)
    assert apply(card, tmp_path) == "card was set to 1920x1080 at 59.94 frames per second, as its source sends."
    assert card.set_to == HD5994


def test_nothing_is_set_where_it_is_in_force(tmp_path: Path) -> None:
    # Flags of the standard are not part of the signal: drivers fill them or not.
    card = Card(HD60, current=dv(1920, 1080, 148_500_000, (280, 45), flags=1))
    assert apply(card, tmp_path) == "card captures 1920x1080 at 60.00 frames per second, as its source sends."
    assert card.set_to is None


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (errno.ENOLINK, "no signal: the source is off or the cable is out"),
        (errno.ENOLCK, "a signal that is not stable"),
        (errno.ERANGE, "a signal beyond what it can capture"),
        (errno.EIO, "Input/output error when asked for its signal"),
    ],
)
def test_no_signal_changes_nothing(tmp_path: Path, error: int, words: str) -> None:
    card = Card(error)
    assert apply(card, tmp_path) == f"card reports {words}; its timings stay as they were."
    assert card.set_to is None


def test_busy_card_is_said(tmp_path: Path) -> None:
    assert apply(Card(HD60, busy=True), tmp_path) == (
        "card sees 1920x1080 at 60.00 frames per second but cannot be set to it: Device or resource busy."
    )


def test_card_without_timings_is_left_alone(tmp_path: Path) -> None:
    assert apply(Card(HD60, capabilities=0), tmp_path) is None


def test_node_that_is_no_video_device_is_left_alone(tmp_path: Path) -> None:
    node = tmp_path / "plain"
    node.touch()
    assert timings.apply_detected(str(node)) is None


def test_missing_node_is_said(tmp_path: Path) -> None:
    assert timings.apply_detected(f"{tmp_path}/video9") == (
        f"{tmp_path}/video9 cannot be opened to set its timings: No such file or directory."
    )


def test_interlaced_rate_counts_fields() -> None:
    interlaced = dv(1920, 1080, 74_250_000, (280, 22), interlaced=1)
    assert timings.describe(interlaced) == "1920x1080 interlaced at 60.00 fields per second"
