"""Counting sound without a probe: an ``identity`` behind the source counts buffers and reports jumps in time."""

from __future__ import annotations

from typing import Any

import gi

gi.require_version("Gst", "1.0")
from gi.repository import Gst  # noqa: E402 - the version must be required first

SMALLEST_GAP_NS = 1_000_000
"""Below a millisecond it is a sound card's clock being followed, not sound that is missing."""
NAME = "audio_count"


class AudioCount:
    """Sits behind ``audio_capture``; everything is counted in C but the jumps, which are rare."""

    def __init__(self, pipeline: Any) -> None:
        self._identity: Any = None
        self._gaps = 0
        self._gap_ns = 0
        source = pipeline.get_by_name("audio_capture")
        pad: Any = source.get_static_pad("src") if source is not None else None
        peer: Any = pad.get_peer() if pad is not None else None
        if peer is None:
            return
        self._identity = Gst.ElementFactory.make("identity", NAME)
        self._identity.set_property("silent", True)
        self._identity.set_property("signal-handoffs", False)
        self._identity.set_property("check-imperfect-timestamp", True)
        pipeline.add(self._identity)
        pad.unlink(peer)
        pad.link(self._identity.get_static_pad("sink"))
        self._identity.get_static_pad("src").link(peer)

    @property
    def present(self) -> bool:
        """Whether the pipeline has sound."""
        return self._identity is not None

    def message(self, structure: Any) -> None:
        """Take an element message of the identity: a buffer that does not begin where the last one ended."""
        if structure.get_name() != "imperfect-timestamp":
            return
        missing = structure.get_value("delta")
        if missing >= SMALLEST_GAP_NS:
            self._gaps += 1
            self._gap_ns += missing

    def row(self) -> dict[str, Any] | None:
        """Return {"captured" (buffers), "gaps", "gap_ms"}; None without sound."""
        if self._identity is None:
            return None
        captured = self._identity.get_property("stats").get_value("num-buffers")
        return {"captured": captured, "gaps": self._gaps, "gap_ms": round(self._gap_ns / 1e6, 3)}
