"""The V4L2 interface as ``linux/videodev2.h`` defines it (little-endian, 64-bit layout), and one open node."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

QUERYCAP = 0x80685600
ENUM_FMT = 0xC0405602
ENUM_FRAMESIZES = 0xC02C564A
ENUM_FRAMEINTERVALS = 0xC034564B
ENUMINPUT = 0xC050561A
G_INPUT = 0x80045626
G_FMT = 0xC0D05604
G_PARM = 0xC0CC5615
QUERY_DV_TIMINGS = 0x80845663
S_DV_TIMINGS = 0xC0845657
G_DV_TIMINGS = 0xC0845658

CAP_VIDEO_CAPTURE, CAP_VIDEO_CAPTURE_MPLANE = 0x1, 0x1000
CAP_VIDEO_OUTPUT, CAP_VIDEO_OUTPUT_MPLANE, CAP_VIDEO_OUTPUT_OVERLAY = 0x2, 0x2000, 0x200
CAP_VIDEO_M2M, CAP_VIDEO_M2M_MPLANE = 0x8000, 0x4000
CAP_META_CAPTURE, CAP_META_OUTPUT = 0x00800000, 0x08000000
CAP_STREAMING = 0x04000000
CAP_IO_MC = 0x20000000
CAP_DEVICE_CAPS = 0x80000000
BUF_TYPE_VIDEO_CAPTURE, BUF_TYPE_VIDEO_CAPTURE_MPLANE = 1, 9
IN_CAP_DV_TIMINGS = 0x2
IN_ST_NO_POWER, IN_ST_NO_SIGNAL, IN_ST_NO_H_LOCK, IN_ST_NO_SYNC = 0x1, 0x2, 0x100, 0x10000
IN_ST_NO_PICTURE = IN_ST_NO_POWER | IN_ST_NO_SIGNAL | IN_ST_NO_H_LOCK | IN_ST_NO_SYNC
DISCRETE, CONTINUOUS, STEPWISE = 1, 2, 3

MAX_ENTRIES = 256
"""Bound on every enumeration: a driver that never says EINVAL must not hang the detection."""
MAX_CALLS = 20_000
"""Bound on all enumerations of one node together; cards with very many modes need about 2,000."""

Ioctl = Callable[[int, int, bytes], bytes]


def call_ioctl(descriptor: int, request: int, argument: bytes) -> bytes:
    """Call the kernel; returns the argument as the driver filled it.  Raises OSError."""
    return fcntl.ioctl(descriptor, request, argument)


def cstring(raw: bytes) -> str:
    """Return a NUL-terminated driver string as text."""
    return raw.split(b"\0", 1)[0].decode("utf-8", "replace").strip()


def fourcc(code: int) -> str:
    """Return a pixel format code as its four letters, such as ``YUYV``; bit 31 marks big-endian: ``Y16-BE``."""
    letters = struct.pack("<I", code & 0x7FFFFFFF).decode("ascii", "replace").strip("\0 ")
    return letters + ("-BE" if code & 0x80000000 else "")


@dataclass(frozen=True)
class Timings:
    """What an HDMI input receives: pixels, frames (interlaced: fields) per second."""

    width: int
    height: int
    fps: Fraction
    interlaced: bool = False


def read_timings(raw: bytes) -> Timings | None:
    """Return the meaning of a ``v4l2_dv_timings``, or None where there is no picture.

    Rate = pixel clock / (total width * total height) (CTA-861); the small error of integer pixel clocks is
    rounded away to the nearest n/1 or n*1000/1001.
    """
    width, height, interlaced, _, clock = struct.unpack_from("<IIIIQ", raw, 4)
    h_front, h_sync, h_back, v_front, v_sync, v_back, il_front, il_sync, il_back = struct.unpack_from("<9I", raw, 28)
    total = (width + h_front + h_sync + h_back) * (
        height + v_front + v_sync + v_back + (il_front + il_sync + il_back if interlaced else 0)
    )
    if not (width and height and clock and total):
        return None
    exact = Fraction(clock, total) * (2 if interlaced else 1)
    whole = round(exact)
    candidates = [Fraction(whole), Fraction(whole * 1000, 1001)]
    return Timings(width, height, min(candidates, key=lambda rate: abs(rate - exact)), bool(interlaced))


def why(problem: OSError) -> str:
    """Return the reason of a refused ioctl."""
    if problem.errno == errno.EBUSY:
        return "busy: another program is using the card"
    return problem.strerror or os.strerror(problem.errno or 0)


class Node:
    """One open node.  What it refuses to say is kept in ``problems`` as (question, reason)."""

    def __init__(self, descriptor: int, ioctl: Ioctl) -> None:
        self.descriptor, self.ioctl = descriptor, ioctl
        self.problems: dict[str, str] = {}
        self._left = MAX_CALLS

    def get(self, request: int, argument: bytes) -> bytes:
        """Return the answer of one ioctl.  Raises OSError."""
        return self.ioctl(self.descriptor, request, argument)

    def listing(self, question: str, request: int, pack: Callable[[int], bytes]) -> Iterator[bytes]:
        """Yield the entries of an enumeration; ``question`` names it where the driver refuses to go on."""
        for index in range(MAX_ENTRIES):
            self._left -= 1
            if self._left < 0:
                self.problems[question] = f"the driver lists without end (stopped after {MAX_CALLS} entries)"
                return
            try:
                yield self.get(request, pack(index))
            except OSError as problem:
                # EINVAL ends a list; ENOTTY and ENODATA say that this input has no such list at all.
                if problem.errno not in (errno.EINVAL, errno.ENOTTY, errno.ENODATA):
                    self.problems.setdefault(question, why(problem))
                return
