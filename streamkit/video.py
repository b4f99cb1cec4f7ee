"""Picture sizes, frame rates and capture modes: how they are written, read and asked of GStreamer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction


def parse_fps(text: str) -> Fraction:
    """Return frames per second from ``"60"``, ``"60000/1001"`` or ``"59.94"``; raises ValueError outside 1 to 240.

    59.94 and 29.97 are the names people use for 60000/1001 and 30000/1001 (SMPTE ST 2036-1), and are read so.
    """
    named = {
        "23.976": "24000/1001",
        "23.98": "24000/1001",
        "29.97": "30000/1001",
        "59.94": "60000/1001",
        "119.88": "120000/1001",
    }
    rate = Fraction(named.get(text.strip(), text.strip()))
    # GStreamer keeps both parts in 32 bits with a sign.
    if not 1 <= rate <= 240 or rate.numerator >= 2**31:
        raise ValueError(text)
    return rate


def format_fps(rate: Fraction) -> str:
    """Write a rate as scripts take it: an integer, or a fraction such as ``60000/1001``."""
    return str(rate.numerator) if rate.denominator == 1 else f"{rate.numerator}/{rate.denominator}"


def parse_size(text: str) -> tuple[int, int]:
    """Return (width, height) in pixels from ``"1280x720"``; raises ValueError.

    Chroma is subsampled by two both ways in every format the encoders take, so both sides must be even.
    """
    match = re.fullmatch(r"(\d{2,4})x(\d{2,4})", text.strip())
    if not match:
        raise ValueError(text)
    width, height = int(match[1]), int(match[2])
    if width % 2 or height % 2 or not (64 <= width <= 7680 and 64 <= height <= 4320):
        raise ValueError(text)
    return width, height


CAPS = {
    "NV12": "video/x-raw,format=NV12",
    "YU12": "video/x-raw,format=I420",
    "YV12": "video/x-raw,format=YV12",
    "YUYV": "video/x-raw,format=YUY2",
    "UYVY": "video/x-raw,format=UYVY",
    "RGB3": "video/x-raw,format=RGB",
    "BGR3": "video/x-raw,format=BGR",
    "MJPG": "image/jpeg",
}
"""V4L2 pixel format to GStreamer caps (gst-plugins-good, gstv4l2object.c), cheapest to encode first."""


@dataclass(frozen=True)
class Mode:
    """One thing a card offers: V4L2 pixel format, size in pixels, frames per second."""

    pixel_format: str
    width: int
    height: int
    fps: Fraction

    def __str__(self) -> str:
        return f"{self.pixel_format} {self.width}x{self.height}@{format_fps(self.fps)}"


def parse_mode(text: str) -> Mode:
    """Read ``"YUYV 1280x720@60"``.  Raises ValueError."""
    match = re.fullmatch(r"(\w{3,4}) (\d+x\d+)@([0-9./]+)", text)
    if not match or match[1] not in CAPS:
        raise ValueError(text)
    return Mode(match[1], *parse_size(match[2]), parse_fps(match[3]))


def mode_caps(text: str) -> str:
    """Return the GStreamer caps that ask a card for the mode; "auto" asks for nothing in particular."""
    if text == "auto":
        return "video/x-raw"
    mode = parse_mode(text)
    rate = f"{mode.fps.numerator}/{mode.fps.denominator}"
    return f"{CAPS[mode.pixel_format]},width={mode.width},height={mode.height},framerate={rate}"
