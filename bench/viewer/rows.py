"""What the page hands over, as samples.  Pure; the order of a row is that of collect.js."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench.viewer.score import FrameSample, unix_ms


def sample_of(row: Sequence[Any], origin_ms: float) -> FrameSample:
    """Return the sample of one row; ``origin_ms`` is the machine's Unix time at the page's zero."""
    frame, code_ms, called, ended, expected, presented, received, captured, rtp, count, processing_s = row
    presentation = origin_ms + presented
    return FrameSample(
        frame=frame,
        capture_ms=None if code_ms is None else unix_ms(code_ms, presentation),
        now_ms=origin_ms + called,
        expected_display_ms=origin_ms + expected,
        presentation_ms=presentation,
        receive_ms=None if received is None else origin_ms + received,
        browser_capture_ms=None if captured is None else origin_ms + captured,
        rtp_timestamp=rtp,
        presented_frames=count,
        processing_ms=None if processing_s is None else 1000 * processing_s,
        read_ms=ended - called,
    )
