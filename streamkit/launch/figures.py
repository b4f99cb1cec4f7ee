"""Live figures of a stream: counters in, one document a second out.  Pure; no GStreamer here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Counters:
    """What the pad probes count from the start of the pipeline; only ever grows."""

    captured: int = 0
    encoded: int = 0
    encoded_bytes: int = 0
    keyframes: int = 0
    audio_buffers: int = 0


@dataclass(frozen=True)
class Sample:
    """The counters at one moment (monotonic seconds)."""

    at_s: float
    encoded: int
    encoded_bytes: int


def rate(before: Sample | None, now: Sample, what: str) -> float | None:
    """Return the growth of a counter per second between two samples; None until there are two."""
    if before is None or now.at_s <= before.at_s:
        return None
    return float((getattr(now, what) - getattr(before, what)) / (now.at_s - before.at_s))


@dataclass
class Figures:
    """Turns counters into the ``video`` and ``audio`` parts of launch.json."""

    counters: Counters = field(default_factory=Counters)
    _before: Sample | None = None
    _peers: dict[str, tuple[float, float, int]] = field(default_factory=dict)

    def document(self, at_s: float, caps: Mapping[str, Any], with_audio: bool) -> dict[str, Any]:
        """Return the figures at monotonic ``at_s``; ``caps`` gives codec, width, height and configured_fps."""
        counters = self.counters
        now = Sample(at_s, counters.encoded, counters.encoded_bytes)
        fps, bytes_per_s = rate(self._before, now, "encoded"), rate(self._before, now, "encoded_bytes")
        self._before = now
        return {
            "video": {
                **caps,
                "fps": round(fps, 2) if fps is not None else None,
                "bitrate_kbps": round(bytes_per_s * 8 / 1000, 1) if bytes_per_s is not None else None,
                "captured": counters.captured,
                "encoded": counters.encoded,
                "keyframes": counters.keyframes,
            },
            "audio": {"buffers": counters.audio_buffers} if with_audio else None,
        }

    def viewers(self, at_s: float, peers: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> list[dict[str, Any]]:
        """Return a row for each viewer at monotonic ``at_s``: its counters, bitrate_kbps, and connected_s."""
        rows = []
        kept = {}
        for name, statistics in peers.items():
            row = summarise_peer(name, statistics)
            first_s, before_s, before_bytes = self._peers.get(name, (at_s, at_s, 0))
            passed_s = at_s - before_s
            kbps = (row["bytes_sent"] - before_bytes) * 8 / 1000 / passed_s if passed_s > 0 else None
            row["bitrate_kbps"] = round(kbps, 1) if kbps is not None else None
            row["connected_s"] = round(at_s - first_s, 1)
            kept[name] = (first_s, at_s, row["bytes_sent"])
            rows.append(row)
        self._peers = kept
        return rows


def summarise_peer(name: str, statistics: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return one viewer's row from webrtcbin's statistics ({entry name: {field: value}}).

    Field names are those of webrtcbin's ``get-stats`` (gst-plugins-bad, ext/webrtc/gstwebrtcstats.c): sent counters
    from ``outbound-rtp``, what the viewer reports from ``remote-inbound-rtp``.
    """
    row: dict[str, Any] = {
        "id": name,
        "packets_sent": 0,
        "bytes_sent": 0,
        "packets_lost": 0,
        "nack": 0,
        "pli": 0,
        "rtt_ms": None,
    }
    for entry in statistics.values():
        kind = str(entry.get("type", ""))
        if "remote-inbound" in kind:
            row["packets_lost"] += max(int(entry.get("packets-lost", 0)), 0)
            if entry.get("round-trip-time"):
                row["rtt_ms"] = round(max(float(entry["round-trip-time"]) * 1000, row["rtt_ms"] or 0.0), 2)
        elif "outbound" in kind and "remote" not in kind:
            row["packets_sent"] += int(entry.get("packets-sent", 0))
            row["bytes_sent"] += int(entry.get("bytes-sent", 0))
            row["nack"] += int(entry.get("nack-count", 0))
            row["pli"] += int(entry.get("pli-count", 0))
    return row
