"""The plan for a capture card that came after the deployment.  Pure: the supervisor calls it inside the container."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streamkit.config import Value
from streamkit.documents import Document
from streamkit.encoders import ENCODERS
from streamkit.plan.bitrate import default_bitrate_kbps
from streamkit.plan.capture import mode_reason
from streamkit.plan.target import Rung, rungs
from streamkit.video import format_fps, parse_fps, parse_size


def with_late_card(plan: Mapping[str, Any], values: Mapping[str, Value], device: Mapping[str, Any]) -> Document:
    """Return ``plan``, which was made without a card, with ``device`` as its source.

    ``values`` holds every setting as the inventory has it.  Encoder, size and rate stay what was planned, and measured,
    on this host: the card is asked for the cheapest mode that feeds them, and a smaller card is streamed smaller.
    Sound was not planned for; only a sound source that the inventory names is kept.
    """
    planned = plan["settings"]
    encoder = ENCODERS[str(planned["encoder"])]
    limit = Rung(parse_size(str(planned["resolution"])), parse_fps(str(planned["fps"])))
    steps = rungs(encoder, {**values, "fps": planned["fps"]}, device)
    rung = next((step for step in steps if step.pixel_rate <= limit.pixel_rate), steps[-1])
    heard = values["audio_source"] != "auto" or values["audio_device"] != "auto"
    signal = {"locked": "with a signal", "none": "without a signal so far"}.get(device["signal"])
    sound = None if heard else "without sound (a new deployment looks for it)"
    said = [f"Capturing from {device['card']}, which came after the deployment", signal, sound]
    return {
        **plan,
        "settings": {
            **planned,
            "source": "v4l2",
            "video_device": device["node"],
            "capture_mode": str(rung.mode) if rung.mode else "auto",
            "audio_source": planned["audio_source"] if heard else "none",
            "resolution": f"{rung.size[0]}x{rung.size[1]}",
            "fps": format_fps(rung.fps),
            "bitrate_kbps": int(values["bitrate_kbps"]) or default_bitrate_kbps(encoder.codec, rung.size, rung.fps),
        },
        "card": device["card"],
        "source_reason": ", ".join(filter(None, said)) + ".",
        "mode_reason": mode_reason(
            device, rung.mode, str(values["capture_mode"]), (rung.size, rung.fps), (limit.size, limit.fps)
        ),
    }
