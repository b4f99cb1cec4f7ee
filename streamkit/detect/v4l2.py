"""Video capture devices by ioctl, as ``linux/videodev2.h`` defines them (little-endian, 64-bit layout)."""

from __future__ import annotations

import errno
import fcntl
import functools
import os
import struct
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from streamkit.detect.usb import usb_parent
from streamkit.video import format_fps

QUERYCAP = 0x80685600
ENUM_FMT = 0xC0405602
ENUM_FRAMESIZES = 0xC02C564A
ENUM_FRAMEINTERVALS = 0xC034564B
ENUMINPUT = 0xC050561A
G_INPUT = 0x80045626
QUERY_DV_TIMINGS = 0x80845663
G_DV_TIMINGS = 0xC0845658

CAP_VIDEO_CAPTURE = 0x1
CAP_VIDEO_M2M = 0x8000
CAP_STREAMING = 0x04000000
CAP_META_CAPTURE = 0x00800000
CAP_DEVICE_CAPS = 0x80000000
BUF_TYPE_VIDEO_CAPTURE = 1
IN_CAP_DV_TIMINGS = 0x2
IN_ST_NO_POWER, IN_ST_NO_SIGNAL = 0x1, 0x2
FRAME_DISCRETE = 1
MAX_ENTRIES = 256
"""Bound on every enumeration: a driver that never says EINVAL must not hang the detection."""

Ioctl = Callable[[int, int, bytes], bytes]


def real_ioctl(descriptor: int, request: int, argument: bytes) -> bytes:
    """Call the kernel; returns the argument as the driver filled it.  Raises OSError."""
    return fcntl.ioctl(descriptor, request, argument)


def cstring(raw: bytes) -> str:
    """Return a NUL-terminated driver string as text."""
    return raw.split(b"\0", 1)[0].decode("utf-8", "replace").strip()


def fourcc(code: int) -> str:
    """Return a pixel format code as its four letters, such as ``YUYV``."""
    return struct.pack("<I", code & 0x7FFFFFFF).decode("ascii", "replace").strip("\0 ")


def _enumerate(ioctl: Ioctl, descriptor: int, request: int, pack: Callable[[int], bytes]) -> Iterator[bytes]:
    for index in range(MAX_ENTRIES):
        try:
            yield ioctl(descriptor, request, pack(index))
        except OSError as problem:
            # EINVAL ends a list; ENOTTY and ENODATA say that this input has no such list at all.
            if problem.errno in (errno.EINVAL, errno.ENOTTY, errno.ENODATA):
                return
            raise


def timings_rate(raw: bytes) -> tuple[int, int, Fraction] | None:
    """Return (width, height, frames per second) of a ``v4l2_dv_timings``, or None where there is no picture.

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
    return width, height, min(candidates, key=lambda rate: abs(rate - exact))


def _intervals(ioctl: Ioctl, descriptor: int, pixel_format: int, width: int, height: int) -> list[str]:
    rates: list[Fraction] = []
    reader = _enumerate(
        ioctl,
        descriptor,
        ENUM_FRAMEINTERVALS,
        lambda index: struct.pack("<5I32x", index, pixel_format, width, height, 0),
    )
    for raw in reader:
        kind, numerator, denominator = struct.unpack_from("<III", raw, 16)
        if numerator and denominator:
            # An interval is seconds per frame.  Of a range (stepwise) the shortest interval comes first.
            rates.append(Fraction(denominator, numerator))
        if kind != FRAME_DISCRETE:
            break
    return [format_fps(rate) for rate in sorted(set(rates), reverse=True)]


def _pack_size_query(pixel_format: int, index: int) -> bytes:
    return struct.pack("<III32x", index, pixel_format, 0)


def _modes(ioctl: Ioctl, descriptor: int, timings: tuple[int, int, Fraction] | None) -> list[dict[str, Any]]:
    modes: list[dict[str, Any]] = []
    formats = _enumerate(
        ioctl, descriptor, ENUM_FMT, lambda index: struct.pack("<II56x", index, BUF_TYPE_VIDEO_CAPTURE)
    )
    for raw_format in formats:
        code = struct.unpack_from("<I", raw_format, 44)[0]
        sizes: list[tuple[int, int]] = []
        if timings:
            sizes = [timings[:2]]
        else:
            reader = _enumerate(ioctl, descriptor, ENUM_FRAMESIZES, functools.partial(_pack_size_query, code))
            for raw in reader:
                kind, width, height = struct.unpack_from("<III", raw, 8)
                if kind == FRAME_DISCRETE:
                    sizes.append((width, height))
                else:
                    min_width, max_width, _, min_height, max_height, _ = struct.unpack_from("<6I", raw, 12)
                    sizes.extend(_common_sizes(min_width, min_height, max_width, max_height))
                    break
        for width, height in dict.fromkeys(sizes):
            rates = [format_fps(timings[2])] if timings else _intervals(ioctl, descriptor, code, width, height)
            mode = {"pixel_format": fourcc(code), "width": width, "height": height, "fps": rates}
            if mode not in modes:
                modes.append(mode)
    return modes


def _common_sizes(min_width: int, min_height: int, max_width: int, max_height: int) -> list[tuple[int, int]]:
    """Of a range of sizes, those that people stream, plus the largest."""
    wanted = [(640, 480), (1280, 720), (1920, 1080), (2560, 1440), (3840, 2160), (max_width, max_height)]
    return [s for s in wanted if min_width <= s[0] <= max_width and min_height <= s[1] <= max_height]


def describe(descriptor: int, ioctl: Ioctl = real_ioctl) -> dict[str, Any] | None:
    """Describe one open node; None where it is no capture node (output, metadata, codec).

    Returns ``driver card bus modes signal`` and, for HDMI inputs, ``timings`` {width, height, fps}.
    ``signal`` is "locked", "none" or "unknown".  Raises OSError when the driver refuses the basic question.
    """
    raw = ioctl(descriptor, QUERYCAP, bytes(104))
    driver, card, bus = cstring(raw[:16]), cstring(raw[16:48]), cstring(raw[48:80])
    capabilities, device_capabilities = struct.unpack_from("<II", raw, 84)
    caps = device_capabilities if capabilities & CAP_DEVICE_CAPS else capabilities
    if not caps & CAP_VIDEO_CAPTURE or not caps & CAP_STREAMING or caps & (CAP_VIDEO_M2M | CAP_META_CAPTURE):
        return None
    signal, timings, has_timings = _signal(ioctl, descriptor)
    return {
        "driver": driver,
        "card": card,
        "bus": bus,
        "virtual": driver in VIRTUAL_DRIVERS,
        "signal": signal,
        "hdmi": has_timings,
        "timings": {"width": timings[0], "height": timings[1], "fps": format_fps(timings[2])} if timings else None,
        "modes": _modes(ioctl, descriptor, timings),
    }


VIRTUAL_DRIVERS = frozenset({"v4l2 loopback", "v4l2loopback", "akvcam", "droidcam"})
"""Loopbacks: somebody's picture fed back in, not a card.  ``vivid`` is a device model and counts as a card."""


def _signal(ioctl: Ioctl, descriptor: int) -> tuple[str, tuple[int, int, Fraction] | None, bool]:
    """Return (signal, timings in force, whether the input works by DV timings)."""
    try:
        index = struct.unpack("<i", ioctl(descriptor, G_INPUT, bytes(4)))[0]
        raw = ioctl(descriptor, ENUMINPUT, struct.pack("<I76x", index))
        status, capabilities = struct.unpack_from("<II", raw, 56)
    except OSError:
        return "unknown", None, False
    if not capabilities & IN_CAP_DV_TIMINGS:
        return ("none" if status & (IN_ST_NO_POWER | IN_ST_NO_SIGNAL) else "unknown"), None, False
    try:
        timings = timings_rate(ioctl(descriptor, QUERY_DV_TIMINGS, bytes(132)))
        signal = "locked" if timings else "none"
    except OSError as problem:
        # ENOLINK: no cable or source off; ENOLCK: unstable; ERANGE: out of the card's range.
        signal = "none" if problem.errno in (errno.ENOLINK, errno.ENOLCK, errno.ERANGE) else "unknown"
    try:
        current = timings_rate(ioctl(descriptor, G_DV_TIMINGS, bytes(132)))
    except OSError:
        current = None
    return signal, current, True


def scan(root: Path) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Return (capture devices, what could not be asked) under ``root``'s ``/dev`` and ``/sys``."""
    devices: list[dict[str, Any]] = []
    unknown: list[dict[str, str]] = []
    nodes = sorted((root / "sys/class/video4linux").glob("video*"), key=lambda path: int(path.name[5:]))
    stable = {link.resolve().name: f"/dev/v4l/by-id/{link.name}" for link in sorted((root / "dev/v4l/by-id").glob("*"))}
    for entry in nodes:
        node = root / "dev" / entry.name
        try:
            descriptor = os.open(node, os.O_RDWR | os.O_NONBLOCK)
        except OSError as problem:
            unknown.append({"what": f"/dev/{entry.name}", "reason": problem.strerror or str(problem)})
            continue
        try:
            found = describe(descriptor)
        except OSError as problem:
            unknown.append({"what": f"/dev/{entry.name}", "reason": problem.strerror or str(problem)})
            continue
        finally:
            os.close(descriptor)
        if found is not None:
            devices.append(
                {
                    "node": f"/dev/{entry.name}",
                    "stable_node": stable.get(entry.name),
                    "gid": node.stat().st_gid,
                    "usb": usb_parent(entry / "device"),
                    **found,
                }
            )
    return devices, unknown
