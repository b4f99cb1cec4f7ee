"""Where the picture comes from: the capture card, or the test picture, and the sentence that says why.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streamkit.config import Value
from streamkit.errors import BadInputError
from streamkit.plan.capture import choose_device


def choose_video(hardware: Mapping[str, Any], values: Mapping[str, Value]) -> tuple[str, dict[str, Any] | None, str]:
    """Return (source, device or None, reason).  Raises BadInputError where a card was named and is not there.

    A card that may be any is waited for: the container sees it when it comes.
    """
    wanted, source = str(values["video_device"]), str(values["source"])
    if source == "test":
        return "test", None, "streamkit_source is 'test': streaming a moving test picture"
    device = choose_device(hardware, wanted)
    if device is None and wanted != "auto":
        seen = ", ".join(d["node"] for d in hardware["video_devices"]) or "none"
        raise BadInputError(
            f"streamkit_video_device is {wanted!r}, which is no capture device of this host (found: {seen}); "
            "name one of those, or leave it at auto."
        )
    if device is None:
        # Only what concerns capture: that a GPU could not be asked has nothing to do with the picture's source.
        unasked = [u for u in hardware["unknown"] if "video" in str(u["what"])]
        asked = "; ".join(f"{u['what']}: {u['reason']}" for u in unasked)
        could_not = f" (could not ask {asked})" if asked else ""
        if source == "v4l2":
            return "v4l2", None, f"No capture card was found{could_not}: waiting for one"
        return "test", None, f"No capture card was found{could_not}: streaming a moving test picture"
    signal = {"locked": "with a signal", "none": "without a signal so far"}.get(device["signal"], "")
    return "v4l2", device, " ".join(f"Capturing from {device['card']} at {device['node']} {signal}".split())
