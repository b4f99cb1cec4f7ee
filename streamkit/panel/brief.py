"""A sample as the event ``combined_update`` tells it: at most 2 KB with one viewer, for it is sent all day.

Pure.  What is left out is in ``/api/stats`` and ``/api/status``: figures that can be had from others, drops that did not
happen, the helpers' own states, and the settings, which have an event of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streamkit.documents import Document

_STATS_LEFT_OUT = frozenset({"schema_version", "window_s"})
_STATUS_LEFT_OUT = frozenset({"schema_version", "settings", "updated_at", "desired", "panel", "poller"})


def brief(sample: Mapping[str, Any]) -> Document:
    """Return {"stats", "status"} with the same names and units as ``sample``, which stays as it is."""
    stats, status = _without(sample["stats"], _STATS_LEFT_OUT), _without(sample["status"], _STATUS_LEFT_OUT)
    source, capture = status["source"], stats["capture"]
    if source and capture and capture["reason"] and source.get("reason"):
        # One of the two sentences is shown.
        status["source"] = _without(source, {"reason"})
    # How it ended and when it starts again: most of the time neither is to be said.
    status["stream"] = {name: value for name, value in status["stream"].items() if value is not None}
    if server := status["server"]:
        # Its address is one of the settings, and what a status means is said by its error.
        status["server"] = _without(server, {"url", "http_status"})
    if pipeline := status["pipeline"]:
        status["pipeline"] = {**pipeline, "uptime_s": _rounded(pipeline["uptime_s"], 1)}
    processes = stats["processes"]
    stats |= {
        "host": _without(stats["host"], {"load"}),
        "processes": {name: found and _without(found, {"pid"}) for name, found in processes.items()},
        "viewers": [_without(viewer, {"pli"}) for viewer in stats["viewers"]],
        "video": stats["video"] and _video(stats["video"]),
        "audio": stats["audio"] and _audio(stats["audio"]),
    }
    return {"stats": stats, "status": status}


def _video(video: Document) -> Document:
    found = {**video, "keyframe_interval_s": _rounded(video.get("keyframe_interval_s"), 3)}
    if stages := found.get("stages_ms"):
        found["stages_ms"] = {
            stage: delays and {name: round(delay_ms, 1) for name, delay_ms in delays.items()}
            for stage, delays in stages.items()
        }
    if ledger := found.get("ledger"):
        # The ledger counts them too.
        found.pop("captured", None)
        dropped = {reason: count for reason, count in ledger["dropped"].items() if count}
        found["ledger"] = {**ledger, "dropped": dropped}
    return found


def _audio(audio: Document) -> Document:
    return _without(audio, {"buffers"}) if audio.get("ledger") else audio


def _rounded(value: Any, digits: int) -> Any:
    return round(value, digits) if isinstance(value, float) else value


def _without(document: Mapping[str, Any], names: frozenset[str] | set[str]) -> Document:
    return {name: value for name, value in document.items() if name not in names}
