"""A recorded run: what Chromium's page, getStats and the launcher gave at 1280x720, 30 fps, over loopback."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bench.viewer.rows import sample_of
from bench.viewer.score import FrameSample

QUIET = Path(__file__).parent / "recorded" / "quiet.json"


def recorded() -> dict[str, Any]:
    """Return the recording: origin_ms, trips [[round_ms, offset_ms]], rows, stats (two), stages_ms (one a second)."""
    found: dict[str, Any] = json.loads(QUIET.read_text())
    return found


def recorded_samples() -> list[FrameSample]:
    """Return its samples, by the machine's clock."""
    document = recorded()
    offset_ms = min(document["trips"])[1]
    return [sample_of(row, document["origin_ms"] - offset_ms) for row in document["rows"]]
