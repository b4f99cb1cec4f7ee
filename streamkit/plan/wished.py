"""The plan for a size, rate or encoder that was chosen while the container runs.  Pure: the supervisor calls it.

What follows from a choice follows it: the mode that the card is asked for, and the bitrate, unless somebody set them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streamkit.config import Value
from streamkit.documents import Document
from streamkit.encoders import ENCODERS
from streamkit.plan.bitrate import default_bitrate_kbps
from streamkit.plan.capture import choose_mode, mode_reason, modes_of
from streamkit.video import parse_fps, parse_size

DECIDING = ("encoder", "resolution", "fps")


def with_wish(plan: Document, values: Mapping[str, Value], device: Mapping[str, Any] | None) -> Document:
    """Return ``plan`` for what ``values`` (every setting, as it is in force) ask for.

    ``device`` is the capture card of the plan (of hardware.json), None where there is none, or where its mode was set.
    """
    planned = plan["settings"]
    if all(values[name] == planned[name] for name in DECIDING):
        return plan
    size, fps = parse_size(str(values["resolution"])), parse_fps(str(values["fps"]))
    codec = ENCODERS[str(values["encoder"])].codec
    wished: Document = {
        **plan,
        "settings": {**planned, "bitrate_kbps": default_bitrate_kbps(codec, size, fps)},
    }
    mode = choose_mode(modes_of(device), size, fps) if device else None
    if device and mode:
        wished["settings"]["capture_mode"] = str(mode)
        wished["mode_reason"] = mode_reason(device, mode, "auto", (size, fps), (size, fps))
    return wished
