"""How many kbit/s a picture gets where nobody says.  Pure."""

from __future__ import annotations

from fractions import Fraction

BITS_PER_PIXEL = {"h264": 0.09, "vp9": 0.065, "av1": 0.06}
"""Bits per pixel at 30 frames per second for game pictures; a starting point, to be measured per host."""
LEAST_KBPS, MOST_KBPS = 100, 100_000
"""What streamkit_bitrate_kbps allows; 8K at 60 would get more."""


def default_bitrate_kbps(codec: str, size: tuple[int, int], fps: Fraction) -> int:
    """Return kbit/s: bits per pixel times pixels per second, where frames above 30 cost half (they differ less)."""
    rate = min(float(fps), 30.0) + max(float(fps) - 30.0, 0.0) / 2
    kbps = BITS_PER_PIXEL[codec] * size[0] * size[1] * rate / 1000
    return min(max(LEAST_KBPS, round(kbps / 100) * 100), MOST_KBPS)
