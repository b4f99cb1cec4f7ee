"""How fast each encoder works: its script's own step, and those on either side of it."""

from __future__ import annotations

from streamkit.encoders import Encoder

_NVENC = ("p7", "p6", "p5", "p4", "p3", "p2", "p1")
_VA = ("1", "2", "3", "4", "5", "6", "7")
_STEPS: dict[str, tuple[tuple[str, ...], str]] = {
    # From the slowest that is offered to the fastest, as gst-inspect-1.0 of GStreamer 1.26 names them; then the script's own.
    "x264enc": (("fast", "faster", "veryfast", "superfast", "ultrafast"), "ultrafast"),
    "vp9enc": (("4", "5", "6", "7", "8", "9"), "8"),
    "av1enc": (("6", "7", "8", "9", "10"), "10"),
    "svtav1enc": (("8", "9", "10", "11", "12"), "12"),
    "rav1enc": (("6", "7", "8", "9", "10"), "10"),
    "nvh264enc": (_NVENC, "p4"),
    "nvav1enc": (_NVENC, "p4"),
    "vah264enc": (_VA, "6"),
    "vaav1enc": (_VA, "6"),
}


def speed(encoder: Encoder, steps: int) -> str:
    """Return what the encoder's own property is set to, so many steps faster (or slower, below 0) than its script's own.

    An encoder goes as far as it can: the fastest one has no faster step.
    """
    words, own = _STEPS[encoder.element]
    return words[min(max(words.index(own) + steps, 0), len(words) - 1)]


def steps(encoder: Encoder) -> tuple[int, int]:
    """Return how many steps there are below (a number of 0 or less) and above the encoder's own."""
    words, own = _STEPS[encoder.element]
    return -words.index(own), len(words) - 1 - words.index(own)
