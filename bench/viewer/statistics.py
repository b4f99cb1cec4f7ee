"""getStats as differences over a window.  Pure.  The fields are those of W3C webrtc-stats, RTCInboundRtpStreamStats."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from bench.viewer.score import percentile

COUNTERS = (
    "framesReceived",
    "framesDecoded",
    "framesDropped",
    "framesAssembledFromMultiplePackets",
    "keyFramesDecoded",
    "packetsReceived",
    "packetsLost",
    "bytesReceived",
    "headerBytesReceived",
    "nackCount",
    "pliCount",
    "firCount",
    "freezeCount",
    "totalFreezesDuration",
    "pauseCount",
    "totalAssemblyTime",
    "jitterBufferDelay",
    "jitterBufferTargetDelay",
    "jitterBufferMinimumDelay",
    "jitterBufferEmittedCount",
    "totalDecodeTime",
    "totalProcessingDelay",
    "totalInterFrameDelay",
)
SAMPLES_PER_MS = 48
"""WebRTC counts the sound in samples of its own 48 kHz."""


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, float]:
    """Return {counter: after minus before}; one that Chromium does not give is left out."""
    return {name: after[name] - before.get(name, 0) for name in COUNTERS if name in after}


def audio_of(stats: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    """Return what there is of the sound over a run of getStats, one each second; empty for a stream without sound.

    ``concealedSamples`` of ``totalSamplesReceived`` were made up (``silentConcealedSamples`` of them as silence),
    ``gaps`` is how often that began.  ``av_offset_ms``: by how much the picture is ahead of the sound, the median of
    the differences of their estimatedPlayoutTimestamp, which Chromium writes from the sender's reports; None while
    there was none.  ``jitter_buffer_ms``: how long a sample waited.
    """
    found = [one["audio"] for one in stats if "audio" in one]
    if not found:
        return {}
    first, last = found[0], found[-1]

    def grown(name: str) -> float:
        return float(last.get(name, 0) - first.get(name, 0))

    emitted = grown("jitterBufferEmittedCount")
    return {
        "concealedSamples": grown("concealedSamples"),
        "silentConcealedSamples": grown("silentConcealedSamples"),
        "totalSamplesReceived": grown("totalSamplesReceived"),
        "gaps": grown("concealmentEvents"),
        "packetsLost": grown("packetsLost"),
        "packetsReceived": grown("packetsReceived"),
        "jitter_buffer_ms": 1000 * grown("jitterBufferDelay") / emitted if emitted else None,
        "longest_gap_ms": _longest_gap_ms([float(one.get("concealedSamples", 0)) for one in found]),
        "av_offset_ms": percentile([offset for one in stats if (offset := _offset_ms(one)) is not None], 0.5),
    }


def _longest_gap_ms(concealed: Sequence[float]) -> float:
    """Return the most sound that was made up between two looks, in ms."""
    return max((after - before for before, after in itertools.pairwise(concealed)), default=0.0) / SAMPLES_PER_MS


def _offset_ms(one: Mapping[str, Any]) -> float | None:
    video, audio = (one.get(kind, {}).get("estimatedPlayoutTimestamp") for kind in ("video", "audio"))
    return None if not video or not audio else float(video - audio)
