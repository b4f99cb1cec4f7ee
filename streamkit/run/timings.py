"""Setting an HDMI card to the signal at its input, before the pipeline opens it.

A card with DV timings captures with those that were set last, whatever the source sends now, and GStreamer's v4l2src
sets none (gst-plugins-good 1.26, gstv4l2object.c).  The driver is asked what it sees, and told to use that.
"""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Callable

from streamkit.v4l2_abi import (
    ENUMINPUT,
    G_DV_TIMINGS,
    G_INPUT,
    IN_CAP_DV_TIMINGS,
    QUERY_DV_TIMINGS,
    S_DV_TIMINGS,
    Ioctl,
    call_ioctl,
    read_timings,
)

COMPARED_BYTES = 64
"""type, width, height, interlaced, polarities, pixelclock and the nine porches; flags and standards may differ."""

NO_SIGNAL = {
    errno.ENOLINK: "no signal: the source is off or the cable is out",
    errno.ENOLCK: "a signal that is not stable",
    errno.ERANGE: "a signal beyond what it can capture",
}


def describe(raw: bytes) -> str:
    """Return a ``v4l2_dv_timings`` (132 bytes) in words, such as ``1920x1080 at 59.94 frames per second``."""
    seen = read_timings(raw)
    if seen is None:
        return "no picture"
    kind, what = (" interlaced", "fields") if seen.interlaced else ("", "frames")
    return f"{seen.width}x{seen.height}{kind} at {float(seen.fps):.2f} {what} per second"


def apply_detected(
    device: str, ioctl: Ioctl = call_ioctl, open_device: Callable[[str, int], int] = os.open
) -> str | None:
    """Set ``device`` to the timings of the signal at its input; say in one sentence what was done or why not.

    None: the card has no DV timings (webcams, most USB cards), so there is nothing to set.  Raises nothing: the
    pipeline that follows says better what does not work, and waits for a signal where none is there.
    """
    try:
        descriptor = open_device(device, os.O_RDWR | os.O_NONBLOCK)
    except OSError as problem:
        return f"{device} cannot be opened to set its timings: {problem.strerror}."
    try:
        return _apply(device, descriptor, ioctl)
    finally:
        os.close(descriptor)


def _apply(device: str, descriptor: int, ioctl: Ioctl) -> str | None:
    try:
        raw = ioctl(descriptor, G_INPUT, bytes(4))
        capabilities = struct.unpack_from("<I", ioctl(descriptor, ENUMINPUT, raw + bytes(76)), 60)[0]
    except OSError:
        # A node without inputs has no timings either.
        return None
    if not capabilities & IN_CAP_DV_TIMINGS:
        return None
    try:
        seen = ioctl(descriptor, QUERY_DV_TIMINGS, bytes(132))
    except OSError as problem:
        reason = NO_SIGNAL.get(problem.errno or 0, f"{problem.strerror} when asked for its signal")
        return f"{device} reports {reason}; its timings stay as they were."
    try:
        if ioctl(descriptor, G_DV_TIMINGS, bytes(132))[:COMPARED_BYTES] == seen[:COMPARED_BYTES]:
            return f"{device} captures {describe(seen)}, as its source sends."
        ioctl(descriptor, S_DV_TIMINGS, seen)
    except OSError as problem:
        return f"{device} sees {describe(seen)} but cannot be set to it: {problem.strerror}."
    return f"{device} was set to {describe(seen)}, as its source sends."
