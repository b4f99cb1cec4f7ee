"""From what the page noted to figures.  Pure: it reads samples, recorded or live.

A picture counts as shown at its ``expectedDisplayTime``, but never before it was handed to the compositor
(``presentationTime``): W3C/WICG video-rvfc, 3.  The callback itself may come one display period later; that is the
page's own delay, not the picture's, and is given apart.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

FRAME_MODULUS = 2**16
TIME_MODULUS = 2**32


@dataclass(frozen=True)
class FrameSample:
    """One callback of requestVideoFrameCallback.  Times are Unix ms by the machine's clock; None: not given.

    ``frame`` (modulo 2^16) and ``capture_ms`` are those of the time code, None where it could not be read.  ``now_ms``
    is when the callback ran; ``processing_ms`` the time in the decoder, ``read_ms`` that of reading the code.
    """

    frame: int | None
    capture_ms: float | None
    now_ms: float
    expected_display_ms: float
    presentation_ms: float
    receive_ms: float | None
    browser_capture_ms: float | None
    rtp_timestamp: int | None
    presented_frames: int
    processing_ms: float | None
    read_ms: float

    @property
    def presented_ms(self) -> float:
        """When the picture could be seen."""
        return max(self.expected_display_ms, self.presentation_ms)

    @property
    def latency_ms(self) -> float | None:
        """Glass to glass; None for a picture without a readable code."""
        return None if self.capture_ms is None else self.presented_ms - self.capture_ms


@dataclass(frozen=True)
class Point:
    """One second of the timeline: ``at_s`` since the first sample."""

    at_s: int
    frames: int
    latency_p50_ms: float | None
    latency_worst_ms: float | None


@dataclass(frozen=True)
class Score:
    """What the samples say.  Latencies in ms, None where no code was readable; counts are of frames.

    ``missing``: numbers that never came up between the first and the last, whoever lost them.  ``skipped_by_page``:
    pictures that the page's compositor got and this callback did not see; ``missing_besides`` what is left of the
    missing ones: an estimate of the stream's own losses, to be held against getStats.
    ``fps`` is of different pictures.  ``callback_p50_ms`` is the latency until the page was told.
    """

    samples: int
    readable: int
    unreadable: int
    presented: int
    repeated: int
    misordered: int
    missing: int
    skipped_by_page: int
    missing_besides: int
    latency_p50_ms: float | None
    latency_p95_ms: float | None
    latency_p99_ms: float | None
    latency_worst_ms: float | None
    callback_p50_ms: float | None
    read_p50_ms: float | None
    fps: float | None
    timeline: tuple[Point, ...]


def percentile(values: Sequence[float], share: float) -> float | None:
    """Return the value below which ``share`` (0 to 1) of the values lie, between neighbours in proportion."""
    if not values:
        return None
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def unix_ms(code_ms: int, near_ms: float) -> float:
    """Return the Unix time (ms) of a time code's 32 bits that is nearest to ``near_ms``.

    The code is cut to whole ms, so the middle of its millisecond is returned.
    """
    behind = (int(near_ms) - code_ms + TIME_MODULUS // 2) % TIME_MODULUS - TIME_MODULUS // 2
    return int(near_ms) - behind + 0.5


def steps(frames: Sequence[int]) -> list[int]:
    """Return how far each frame number (modulo 2^16) is from the one before: 1 is next, 0 a repeat, below 0 is back."""
    half = FRAME_MODULUS // 2
    return [(after - before + half) % FRAME_MODULUS - half for before, after in itertools.pairwise(frames)]


def score(samples: Sequence[FrameSample]) -> Score:
    """Return the figures of a run's samples, in the order they were noted."""
    read = [sample for sample in samples if sample.frame is not None]
    frames = [sample.frame for sample in read if sample.frame is not None]
    position, positions = 0, [0] if frames else []
    for step in steps(frames):
        position += step
        positions.append(position)
    presented = len(set(positions))
    furthest = -1
    repeated = misordered = 0
    known: set[int] = set()
    for one in positions:
        if one in known:
            repeated += 1
        elif one < furthest:
            misordered += 1
        known.add(one)
        furthest = max(furthest, one)
    missing = max(positions) - min(positions) + 1 - presented if positions else 0
    counted = samples[-1].presented_frames - samples[0].presented_frames + 1 if samples else 0
    skipped = max(counted - len(samples), 0)
    unreadable = len(samples) - len(read)
    latencies = [sample.latency_ms for sample in read if sample.latency_ms is not None]
    callbacks = [sample.now_ms - sample.capture_ms for sample in read if sample.capture_ms is not None]
    span_s = (read[-1].presented_ms - read[0].presented_ms) / 1000 if read else 0.0
    return Score(
        samples=len(samples),
        readable=len(read),
        unreadable=unreadable,
        presented=presented,
        repeated=repeated,
        misordered=misordered,
        missing=missing,
        skipped_by_page=skipped,
        # A picture whose code could not be read was there all the same.
        missing_besides=max(missing - skipped - unreadable, 0),
        latency_p50_ms=percentile(latencies, 0.5),
        latency_p95_ms=percentile(latencies, 0.95),
        latency_p99_ms=percentile(latencies, 0.99),
        latency_worst_ms=max(latencies, default=None),
        callback_p50_ms=percentile(callbacks, 0.5),
        read_p50_ms=percentile([sample.read_ms for sample in samples], 0.5),
        fps=(presented - 1) / span_s if span_s > 0 else None,
        timeline=timeline(samples),
    )


def timeline(samples: Sequence[FrameSample]) -> tuple[Point, ...]:
    """Return one point for each second from the first sample to the last; a second without pictures has one too."""
    if not samples:
        return ()
    start = samples[0].now_ms
    seconds: dict[int, list[FrameSample]] = {}
    for sample in samples:
        seconds.setdefault(int((sample.now_ms - start) // 1000), []).append(sample)
    points = []
    for second in range(max(seconds) + 1):
        found = seconds.get(second, [])
        latencies = [sample.latency_ms for sample in found if sample.latency_ms is not None]
        points.append(Point(second, len(found), percentile(latencies, 0.5), max(latencies, default=None)))
    return tuple(points)
