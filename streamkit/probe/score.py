"""What a trial says about an encoder: rate, delay, key frames, bitrate.  Pure: times come in as seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


def percentile(values: list[float], share: float) -> float | None:
    """Return the value below which ``share`` (0 to 1) of them lie, by the nearest rank; None of none."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


@dataclass
class Encoded:
    """Frames on their way through an encoder, told apart by their time stamps (ns)."""

    frames_in: int = 0
    frames_out: int = 0
    bytes_out: int = 0
    keyframes: int = 0
    keyframe_first: bool = False
    first_in_s: float | None = None
    last_out_s: float | None = None
    delays_ms: list[float] = field(default_factory=list)
    _waiting: dict[int, float] = field(default_factory=dict)
    _shift_ns: int | None = None

    def went_in(self, pts_ns: int, at_s: float) -> None:
        """A frame was handed to the encoder at monotonic ``at_s``."""
        self.frames_in += 1
        self.first_in_s = at_s if self.first_in_s is None else self.first_in_s
        self._waiting[pts_ns] = at_s

    def came_out(self, pts_ns: int, at_s: float, size_bytes: int, key: bool) -> None:
        """The encoder handed out a coded frame."""
        if self.frames_out == 0:
            self.keyframe_first = key
        self.frames_out += 1
        self.bytes_out += size_bytes
        self.keyframes += key
        self.last_out_s = at_s
        if self._shift_ns is None:
            # x264enc moves every time stamp by the same thousand hours, to have room for earlier ones
            # (gst-plugins-ugly, gstx264enc.c: gst_video_encoder_set_min_pts); the first out is the first in.
            self._shift_ns = pts_ns - min(self._waiting, default=pts_ns)
        began_s = self._waiting.pop(pts_ns - self._shift_ns, None)
        if began_s is not None:
            self.delays_ms.append((at_s - began_s) * 1000)

    def figures(self, frame_ns: int) -> dict[str, Any]:
        """Return the figures of a finished trial; ``frame_ns`` is one frame period."""
        seconds = None
        if self.first_in_s is not None and self.last_out_s is not None:
            seconds = max(self.last_out_s - self.first_in_s, 1e-9)
        # The first frames find caches cold and threads unborn: what a viewer sees for hours is the rest.
        settled = self.delays_ms[len(self.delays_ms) // 10 :]
        return {
            "frames_in": self.frames_in,
            "frames_out": self.frames_out,
            "keyframes": self.keyframes,
            "keyframe_first": self.keyframe_first,
            "fps": self.frames_out / seconds if seconds else 0.0,
            "bitrate_kbps": self.bytes_out * 8e6 / (self.frames_out * frame_ns) if self.frames_out else 0.0,
            "delay_ms": {"p50": percentile(settled, 0.5), "p95": percentile(settled, 0.95)},
        }
