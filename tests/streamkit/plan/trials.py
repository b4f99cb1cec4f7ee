"""Trial encodes as tests make them up: figures of a plausible host, any of them replaced."""

from __future__ import annotations

from typing import Any

from streamkit.encoders import ENCODERS


def trial(encoder: str, **changed: Any) -> dict[str, Any]:
    """One entry of probes.json as a host with two processors writes it."""
    return {
        "encoder": encoder, "script": ENCODERS[encoder].script, "ok": True, "reason": "", "error": None,
        "size": "1280x720", "fps": "30", "bitrate_kbps": 2500, "capture": "video/x-raw", "tried": [],
        "real_time_factor": 3.0, "unpaced_fps": 90.0, "frames_in": 75, "frames_out": 75, "keyframe_first": True,
        "keyframes": 1, "on_time": 1.0, "delay_ms": {"p50": 6.0, "p95": 9.0}, "cpu_percent": 30.0,
        "measured_kbps": 2450, "bitrate_error_percent": -2.0, "seconds": 6.0, **changed,
    }  # fmt: skip


def probes(*trials: dict[str, Any]) -> dict[str, Any]:
    """Return probes.json with these entries."""
    return {
        "schema_version": 1,
        "key": "k",
        "host_key": "h",
        "probed_at": 1_790_000_000,
        "took_s": 40.0,
        "trials": list(trials),
    }
