"""Pixel formats, sizes and frame rates of one capture node, ranges included."""

from __future__ import annotations

import functools
import struct
from fractions import Fraction
from typing import Any

from streamkit.v4l2_abi import (
    CONTINUOUS,
    DISCRETE,
    ENUM_FMT,
    ENUM_FRAMEINTERVALS,
    ENUM_FRAMESIZES,
    G_FMT,
    G_PARM,
    Node,
    Timings,
    fourcc,
)
from streamkit.video import format_fps

COMMON_SIZES = ((640, 480), (1280, 720), (1920, 1080), (2560, 1440), (3840, 2160))
COMMON_RATES = (
    *(Fraction(rate) for rate in (120, 60, 50, 30, 25, 24, 15)),
    *(Fraction(rate * 1000, 1001) for rate in (60, 30, 24)),
)
LARGEST_SIZE, HIGHEST_RATE = (7680, 4320), 240
"""What a mode may be at most (streamkit.video); the ends of a range beyond it are facts, not modes."""
RANGE_KINDS = {CONTINUOUS: "continuous"}


def list_modes(
    node: Node, buffer_type: int, timings: Timings | None
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return (modes, size ranges) of a node.  With ``timings`` in force the signal sets size and rate.

    A mode has ``pixel_format width height fps``; of ranges, the sizes and rates people stream, and the ends.  Where
    the driver gives a range of rates it has ``interval_range`` too: {kind, min, max, step} in seconds, as fractions.
    A size range has ``pixel_format``, ``kind`` (stepwise or continuous), ``width`` and ``height``: {min, max, step} in
    pixels; formats whose sizes are listed one by one have none.
    """
    formats: set[str] = set()
    size_ranges: list[dict[str, Any]] = []
    modes: dict[tuple[str, int, int], dict[str, Any]] = {}
    reader = node.listing("its pixel formats", ENUM_FMT, lambda index: struct.pack("<II56x", index, buffer_type))
    for raw in reader:
        code = struct.unpack_from("<I", raw, 44)[0]
        name = fourcc(code)
        if name in formats:
            continue  # some cards list a format twice; only the first works
        formats.add(name)
        sizes, size_range = ([(timings.width, timings.height)], None) if timings else _sizes(node, code)
        if size_range:
            size_ranges.append({"pixel_format": name, **size_range})
        for width, height in dict.fromkeys(sizes):
            mode: dict[str, Any] = {"pixel_format": name, "width": width, "height": height}
            if timings:
                mode["fps"] = [format_fps(timings.fps)]
            else:
                rates, interval_range = _rates(node, code, width, height)
                mode["fps"] = [format_fps(rate) for rate in rates]
                if interval_range:
                    mode["interval_range"] = interval_range
            modes[(name, width, height)] = mode
    if formats and not modes and not node.problems:
        modes |= _mode_in_force(node, buffer_type)
    return list(modes.values()), size_ranges


def _pack_size_query(code: int, index: int) -> bytes:
    return struct.pack("<III32x", index, code, 0)


def _sizes(node: Node, code: int) -> tuple[list[tuple[int, int]], dict[str, Any] | None]:
    sizes: list[tuple[int, int]] = []
    question = f"the sizes of {fourcc(code)}"
    for raw in node.listing(question, ENUM_FRAMESIZES, functools.partial(_pack_size_query, code)):
        kind, width, height = struct.unpack_from("<III", raw, 8)
        if kind == DISCRETE:
            sizes.append((width, height))
            continue
        min_width, max_width, step_width, min_height, max_height, step_height = struct.unpack_from("<6I", raw, 12)
        widths = {"min": min_width, "max": max_width, "step": max(step_width, 1)}
        heights = {"min": min_height, "max": max_height, "step": max(step_height, 1)}
        if max_width <= LARGEST_SIZE[0] and max_height <= LARGEST_SIZE[1]:
            sizes.append((max_width, max_height))
        sizes += [size for size in COMMON_SIZES if _within(size[0], widths) and _within(size[1], heights)]
        return sorted(sizes, reverse=True), {
            "kind": RANGE_KINDS.get(kind, "stepwise"),
            "width": widths,
            "height": heights,
        }
    return sizes, None


def _within(value: int, limits: dict[str, int]) -> bool:
    return limits["min"] <= value <= limits["max"] and (value - limits["min"]) % limits["step"] == 0


def _rates(node: Node, code: int, width: int, height: int) -> tuple[list[Fraction], dict[str, str] | None]:
    """Return (frames per second, highest first; the range of intervals where the driver gives one)."""
    rates: set[Fraction] = set()
    interval_range = None
    reader = node.listing(
        f"the rates of {fourcc(code)} {width}x{height}",
        ENUM_FRAMEINTERVALS,
        lambda index: struct.pack("<5I32x", index, code, width, height, 0),
    )
    for raw in reader:
        kind, *pairs = struct.unpack_from("<7I", raw, 16)
        # An interval is seconds per frame.
        shortest, longest, step = (
            Fraction(above, below) if below else Fraction(0)
            for above, below in zip(pairs[::2], pairs[1::2], strict=True)
        )
        if shortest > 0:
            rates.add(1 / shortest)
        if kind == DISCRETE:
            continue
        if kind == CONTINUOUS:
            step = Fraction(0)
        if shortest > 0:
            rates |= {
                rate
                for rate in COMMON_RATES
                if shortest <= 1 / rate <= longest and (not step or (1 / rate - shortest) % step == 0)
            }
        interval_range = {
            "kind": RANGE_KINDS.get(kind, "stepwise"),
            **{end: str(value) for end, value in (("min", shortest), ("max", longest), ("step", step))},
        }
        break
    return sorted((rate for rate in rates if rate <= HIGHEST_RATE), reverse=True), interval_range


def _mode_in_force(node: Node, buffer_type: int) -> dict[tuple[str, int, int], dict[str, Any]]:
    """Return the mode a driver without lists is set to: old cards and bridges know only that one."""
    try:
        raw = node.get(G_FMT, struct.pack("<I204x", buffer_type))
        width, height, code = struct.unpack_from("<III", raw, 8)
    except OSError:
        return {}
    try:
        seconds, parts = struct.unpack_from("<II", node.get(G_PARM, struct.pack("<I200x", buffer_type)), 12)
    except OSError:
        seconds = parts = 0
    rates = [format_fps(Fraction(parts, seconds))] if seconds and parts else []
    name = fourcc(code)
    return {(name, width, height): {"pixel_format": name, "width": width, "height": height, "fps": rates}}
