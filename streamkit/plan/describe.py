"""What is streamed, in words: the sentences that install.sh, Ansible and the panel print."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streamkit.encoders import ENCODERS


def summary(plan: Mapping[str, Any]) -> list[str]:
    """Return the plan as lines for a person."""
    chosen = plan["settings"]
    encoder = ENCODERS[chosen["encoder"]]
    lines = [
        str(plan["source_reason"]),
        f"{encoder.title}, {chosen['resolution']} at {chosen['fps']} frames per second, "
        f"{chosen['bitrate_kbps']} kbit/s, by {encoder.script}.",
    ]
    if plan["mode_reason"]:
        lines.append(str(plan["mode_reason"]))
    return lines
