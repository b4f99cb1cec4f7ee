"""Live figures of a stream: counters in, one document a second out.  Pure; no GStreamer here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from streamkit.launch.ledger import STAGES, Totals, percentiles_ms

SHORTEST_WINDOW_S = 0.5
"""A rate over less time than this says more about the moment than about the stream; the last one is kept."""


@dataclass(frozen=True)
class Sample:
    """The counters at one moment (monotonic seconds)."""

    at_s: float
    encoded: int
    encoded_bytes: int


@dataclass
class Figures:
    """Turns counters into the ``video`` and ``audio`` parts of launch.json."""

    _before: Sample | None = None
    _rates: dict[str, float | None] = field(default_factory=lambda: {"fps": None, "bitrate_kbps": None})
    _stages: dict[str, Any] = field(default_factory=dict)
    _peers: dict[str, tuple[float, float, int]] = field(default_factory=dict)

    def document(
        self, at_s: float, caps: Mapping[str, Any], totals: Totals, audio: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        """Return the figures at monotonic ``at_s``; ``caps`` gives codec, width, height and configured_fps.

        Rates and delays are those of the time since the last document; ``audio`` is the ledger's row of the sound.
        """
        before = self._before
        if before is None or at_s - before.at_s >= SHORTEST_WINDOW_S:
            self._before = Sample(at_s, totals.encoded, totals.encoded_bytes)
            if before is not None:
                passed_s = at_s - before.at_s
                self._rates = {
                    "fps": round((totals.encoded - before.encoded) / passed_s, 2),
                    "bitrate_kbps": round((totals.encoded_bytes - before.encoded_bytes) * 8 / 1000 / passed_s, 1),
                }
                self._stages = {stage: percentiles_ms(found) for stage, found in totals.delays_ms.items()}
        return {
            "video": {
                **caps,
                **self._rates,
                "keyframe_interval_s": totals.keyframe_interval_s,
                "stages_ms": {stage: self._stages.get(stage) for stage in STAGES},
                "captured": totals.captured,
                "encoded": totals.encoded,
                "keyframes": totals.keyframes,
            },
            "audio": {"buffers": audio["captured"]} if audio else None,
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
