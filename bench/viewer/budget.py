"""Where the time goes: the stages from the card to the screen, and whether they add up to the whole.  Pure.

Three sources that know nothing of each other: the launcher's own figures up to the sink (launch.json, ``stages_ms``),
Chromium's getStats for its jitter buffer and decoder, and the times of the page's callbacks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.viewer.score import FrameSample, percentile

LAUNCHER_STAGES = ("capture", "convert", "encode", "send")
STAGES = (*LAUNCHER_STAGES, "network", "jitter_buffer", "decode", "present")


@dataclass(frozen=True)
class Budget:
    """The stages of the frame in the middle, in ms, None for what nobody measured; ``error_ms`` is sum minus total.

    ``network`` is from the sink's entrance to the last packet in the browser: packets made, encrypted, carried.
    ``present`` is from the decoded picture to the screen: waiting for its turn and for the display's next frame.
    """

    stages_ms: Mapping[str, float | None]
    sum_ms: float | None
    total_ms: float | None
    error_ms: float | None

    def closes(self, within_ms: float) -> bool:
        """Return whether every stage is known, none is below zero by more than the error, and they meet the total."""
        known = [value for value in self.stages_ms.values() if value is not None]
        complete = len(known) == len(STAGES) and self.error_ms is not None
        return complete and min(known) >= -within_ms and abs(self.error_ms or 0.0) <= within_ms


def launcher_medians(documents: Iterable[Mapping[str, Any]]) -> dict[str, float | None]:
    """Return the median over all seconds of each launcher stage's p50, from the ``stages_ms`` of launch.json."""
    found: dict[str, list[float]] = {stage: [] for stage in LAUNCHER_STAGES}
    for document in documents:
        for stage in LAUNCHER_STAGES:
            value = (document.get(stage) or {}).get("p50")
            if value is not None:
                found[stage].append(float(value))
    return {stage: percentile(values, 0.5) for stage, values in found.items()}


def each_ms(stats: Mapping[str, Any], seconds: str, count: str) -> float | None:
    """Return the mean in ms of a getStats total (s) over its count, both differences over the window."""
    total, number = stats.get(seconds), stats.get(count)
    return 1000 * total / number if total is not None and number else None


def _middle(samples: Sequence[FrameSample]) -> list[FrameSample]:
    """Return the fifth of the frames whose latency is nearest to the median.

    The medians of parts do not add up to the median of the whole; the parts of the frames in the middle do.
    """
    whole = [one for one in samples if one.latency_ms is not None and one.receive_ms is not None]
    whole.sort(key=lambda one: one.latency_ms or 0.0)
    return whole[len(whole) * 2 // 5 : max(len(whole) * 3 // 5, len(whole) * 2 // 5 + 1)]


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def budget(
    samples: Sequence[FrameSample], stats: Mapping[str, Any], launcher_stages: Iterable[Mapping[str, Any]]
) -> Budget:
    """Return the budget of one run; ``launcher_stages`` are the ``stages_ms`` of its launch.json, one each second."""
    stages: dict[str, float | None] = {**dict.fromkeys(STAGES), **launcher_medians(launcher_stages)}
    middle = _middle(samples)
    received = _mean([(one.receive_ms or 0.0) - (one.capture_ms or 0.0) for one in middle])
    decoded = _mean([one.processing_ms for one in middle if one.processing_ms is not None])
    shown = _mean([one.presented_ms - (one.receive_ms or 0.0) for one in middle])
    before = [value for stage in LAUNCHER_STAGES if (value := stages[stage]) is not None]
    if received is not None and len(before) == len(LAUNCHER_STAGES):
        stages["network"] = received - sum(before)
    # The buffer counts from a frame's first packet, the page from its last: what lies between is the network's.
    assembly = each_ms(stats, "totalAssemblyTime", "framesDecoded") or 0.0
    buffered = each_ms(stats, "jitterBufferDelay", "jitterBufferEmittedCount")
    stages["decode"] = each_ms(stats, "totalDecodeTime", "framesDecoded")
    if shown is not None and decoded is not None and buffered is not None:
        # getStats has the mean of all frames, and a frame in the middle cannot have waited longer than until it was shown.
        held = min(max(buffered - assembly, 0.0), shown - decoded)
        stages["jitter_buffer"] = held
        stages["present"] = shown - decoded - held
    values = [value for value in stages.values() if value is not None]
    total = percentile([one.latency_ms for one in samples if one.latency_ms is not None], 0.5)
    complete = sum(values) if len(values) == len(STAGES) else None
    error = complete - total if complete is not None and total is not None else None
    return Budget(stages, complete, total, error)
