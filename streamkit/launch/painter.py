"""Writes the time code into raw frames where they pass on their way into the encoder."""

from __future__ import annotations

import ctypes
import time
from typing import Any

import gi

from streamkit.errors import BadInputError
from streamkit.launch.pads import Mapped
from streamkit.launch.timecode import Pattern, TimeCode, fits, planes

gi.require_version("Gst", "1.0")
gi.require_version("GstVideo", "1.0")
from gi.repository import GstVideo  # noqa: E402 - the version must be required first

SYSTEM_MEMORY = "memory:SystemMemory"


def check_paintable(caps: Any) -> Any:
    """Return the GstVideoInfo of raw video ``caps`` if it can be painted.  Raises BadInputError with the reason."""
    features = caps.get_features(0)
    if features is not None and not features.is_any() and not features.contains(SYSTEM_MEMORY):
        raise BadInputError(
            f"--paint-timecode cannot paint: raw frames are in {features.to_string()}, which only the GPU can write; "
            "use a script whose encoder runs in software."
        )
    info = GstVideo.VideoInfo.new_from_caps(caps)
    name = "unknown" if info is None else info.finfo.name
    if info is None or not planes(name, info.height, list(info.offset), list(info.stride)):
        raise BadInputError(f"--paint-timecode cannot paint frames of the format {name}; it writes I420, NV12, YUY2.")
    if not fits(info.width, info.height):
        raise BadInputError(
            f"--paint-timecode cannot paint frames of {info.width}x{info.height}: the code is wider; use 256x64 or more."
        )
    return info


class Painter:
    """Paints one frame after the other; made for the caps of the encoder's input."""

    def __init__(self, caps: Any) -> None:
        info = check_paintable(caps)
        self._format, self._height = info.finfo.name, info.height
        self._layout = (tuple(info.offset), tuple(info.stride))
        self._patterns: dict[tuple[Any, Any], Pattern] = {}
        self._frame = 0

    def paint(self, info: int, age_ns: int) -> None:
        """Write the next code into the buffer of a probe, which was captured ``age_ns`` ago.  Raises OSError."""
        mapped = Mapped(info)
        try:
            meta = mapped.meta
            layout = (tuple(meta.offset), tuple(meta.stride)) if meta else self._layout
            pattern = self._patterns.get(layout)
            if pattern is None:
                pattern = Pattern(planes(self._format, self._height, *layout))
                if pattern.end > mapped.size:
                    raise OSError("the frame is smaller than its format says")
                self._patterns[layout] = pattern
            code = TimeCode(self._frame, (time.time_ns() - age_ns) // 1_000_000)
            start = mapped.address
            for offset, line in pattern.lines(code):
                ctypes.memmove(start + offset, line, len(line))
        finally:
            mapped.close()
        self._frame += 1
