"""What VA-API says of each render node, asked with ``vainfo`` (libva-utils) where the host has it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from streamkit.detect.outside import CouldNotAskError
from streamkit.parse import parse

FIELDS = ("usable", "driver", "encode", "low_power_only", "error")


def ask(render_node: str, run: Callable[[Sequence[str]], str]) -> dict[str, Any]:
    """Return ``usable driver encode low_power_only error`` (shared meaning: streamkit.parse.vainfo).

    Raises CouldNotAskError where vainfo is missing, hangs or says nothing that can be read.
    """
    said = va_fields(parse("vainfo", run(["vainfo", "--display", "drm", "--device", render_node])))
    if said["usable"] is None:
        raise CouldNotAskError(str(said["error"] or "vainfo says nothing that can be read"))
    return said


def va_fields(parsed: dict[str, Any]) -> dict[str, Any]:
    """Return of a parsed vainfo what a host description keeps."""
    return {name: parsed.get(name) for name in FIELDS}
