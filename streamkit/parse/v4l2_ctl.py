"""What ``v4l2-ctl`` prints: ``--list-devices`` and ``--list-formats-ext``, alone or several runs in one text."""

from __future__ import annotations

import re
from typing import Any

from streamkit.parse.pasted import not_started, session_lines
from streamkit.parse.v4l2_devices import capture_candidates, read_devices, virtual
from streamkit.parse.v4l2_formats import read_formats

_FAILURE = re.compile(
    r"(?:Cannot open device|Failed to open) /dev/\S{1,80}"
    r"|VIDIOC_\w{1,40}: failed"
    r"|/dev/\S{1,80}: (?:Permission denied|No such file)"
    r"|unrecognized option|unknown arguments|error while loading shared libraries",
    re.I,
)


def _failure(lines: list[str]) -> str | None:
    return next((line.strip() for line in lines if len(line) <= 300 and _FAILURE.search(line)), None)


def parse(text: str) -> dict[str, Any]:
    """Return what the text says.

    - ``devices``: name as printed, without its colon → nodes; {} without a device list.
    - ``capture_candidates``: first ``/dev/videoN`` of each device that captures; ``virtual``: those of virtual ones.
    - ``best_mode``: ``format width height fps`` of the largest, then fastest listed mode of ≥ 24 frames per second,
      or None, with ``best_mode_reason``.  Every listed format takes part; whether it can be streamed is the plan's
      question.
    - ``modes``: every listed mode, in order.
    - ``error``: present where the text holds neither devices nor modes: the tool's own words if there are any.
    """
    lines = session_lines(text)
    devices = read_devices(lines)
    formats = read_formats(lines)
    best = formats.best()
    facts: dict[str, Any] = {
        "devices": devices,
        "capture_candidates": capture_candidates(devices),
        "virtual": virtual(devices),
        "best_mode": best.facts() if best else None,
        "best_mode_reason": formats.reason(),
        "modes": [mode.facts() for mode in formats.modes],
    }
    if not devices and not formats.modes:
        nothing = formats.reason() if formats.listings or formats.formats else "neither devices nor formats are listed"
        facts["error"] = _failure(lines) or not_started(lines, "v4l2-ctl") or nothing
    return facts
