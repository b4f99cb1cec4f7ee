"""Switching a running streamer from encoder to encoder, the way the panel does: by its overrides."""

from __future__ import annotations

import json
import time
from typing import Any

from tests.system.streamer import Streamer

WATCHED = (
    ("x264", "1280x720", "30"),
    ("vp9", "1280x720", "30"),
    ("av1-1080p-downscale", "640x360", "30"),
    ("av1-optiplex", "1280x720", "30"),
    ("av1-svt", "640x360", "30"),
    ("av1-rav1e", "480x270", "30"),
)
"""(encoder, size, rate) that two processors hold with room to spare while a browser on the same two decodes.

AV1 is watched smaller than it might hold, so that a busy machine does not fail the test; docs/ENCODERS.md says more.
"""
STATE = "/var/lib/streamkit/state.json"
WRITE = "cat > {0}.new && chown 1000:1000 {0}.new && mv {0}.new {0}"


def override(streamer: Streamer, settings: dict[str, Any], within_s: float = 120.0) -> dict[str, Any]:
    """Put overrides in force and wait until the stream plays with them; return launch.json of the new stream."""
    before = streamer.document("supervisor")["stream"]["pid"]
    text = json.dumps({"schema_version": 1, "settings": settings})
    streamer.run(["sh", "-c", f"printf %s '{text}' | ({WRITE.format(STATE)})"])
    if not json.loads(streamer.inside("streamkit", "ctl", "apply"))["changed"]:
        # It streams just this already.
        return streamer.document("launch")
    deadline = time.monotonic() + within_s
    while True:
        stream = streamer.document("supervisor")["stream"]
        if stream["state"] == "running" and stream["pid"] != before:
            return streamer.document("launch")
        assert time.monotonic() < deadline, stream
        time.sleep(0.3)


def drop_overrides(streamer: Streamer) -> None:
    """Go back to what the deployment planned."""
    streamer.run(["rm", "-f", STATE])
    streamer.inside("streamkit", "ctl", "apply")
