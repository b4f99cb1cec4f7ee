"""What the details of a run hold, as far as this report knows them.  Pure; what is not there is None or empty.

Details are free JSON, written by the suite that measured.  A part that is missing or has another form leaves its plot
out; it never spoils the rest of the report.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from bench.records import Run

WHOLE = re.compile(r"-?\d{1,9}")
MOST_MS = 600_000
"""A delay beyond ten minutes is a clock that was set, not a delay; it would only make the bins many."""


@dataclass(frozen=True)
class Distribution:
    """Counts of frames by their delay: ``uppers_ms`` rising, with as many ``counts``; ``lower_ms`` is where it begins."""

    lower_ms: float
    uppers_ms: tuple[float, ...]
    counts: tuple[float, ...]

    @property
    def total(self) -> float:
        """How many frames."""
        return sum(self.counts)

    def steps(self) -> tuple[list[float], list[float]]:
        """Return (delays in ms, share of the frames within it in %), for a line."""
        delays, shares, so_far = [self.lower_ms], [0.0], 0.0
        for upper, count in zip(self.uppers_ms, self.counts, strict=True):
            so_far += count
            delays.append(upper)
            shares.append(100 * so_far / self.total)
        return delays, shares

    def percentile(self, share: float) -> float:
        """Return the delay in ms within which ``share`` percent are, evenly spread within a bin."""
        delays, shares = self.steps()
        for place in range(1, len(delays)):
            if shares[place] >= share:
                width = shares[place] - shares[place - 1]
                part = (share - shares[place - 1]) / width if width else 1.0
                return delays[place - 1] + part * (delays[place] - delays[place - 1])
        return delays[-1]

    @classmethod
    def together(cls, ones: Sequence[Distribution]) -> Distribution:
        """Return several, whose bins are of equal width, as one without gaps between its bins."""
        counts = dict.fromkeys((upper for one in ones for upper in one.uppers_ms), 0.0)
        for one in ones:
            for upper, count in zip(one.uppers_ms, one.counts, strict=True):
                counts[upper] += count
        uppers = tuple(sorted(counts))
        return cls(min(one.lower_ms for one in ones), uppers, tuple(counts[upper] for upper in uppers))


def latencies(run: Run) -> Distribution | None:
    """Return the latencies of a run's frames, as the viewer counted them: {whole ms: frames}, each rounded."""
    found = _mapping(_mapping(run.details.get("viewer")).get("latency_histogram_ms"))
    counts = {
        int(ms): float(count)
        for ms, count in found.items()
        if WHOLE.fullmatch(ms) and _number(count) and count > 0 and abs(int(ms)) <= MOST_MS
    }
    if not counts:
        return None
    # A rounded 31 is anything from 30.5 to 31.5.
    first, last = min(counts), max(counts)
    values = tuple(counts.get(ms, 0.0) for ms in range(first, last + 1))
    return Distribution(first - 0.5, tuple(ms + 0.5 for ms in range(first, last + 1)), values)


@dataclass(frozen=True)
class Moment:
    """A second of a run, counted from its first: the delay in it (ms; None: not known) and the frames lost in it."""

    second: float
    delay_ms: float | None
    lost: float


def watched(run: Run) -> bool:
    """Whether a viewer noted the latency of each second, so that a run's delay is the whole way."""
    return bool(_seen(run))


def timeline(run: Run) -> list[Moment]:
    """Return the seconds of a run, in order.

    The delay is the latency that the viewer saw; where nobody watched, the time that frames spend in the streaming process
    (p50 of each of its stages, summed).  The losses are the launcher's, so those behind the sink are not in them.
    """
    rows = [one for one in _mappings(run.details.get("timeline")) if _number(one.get("at"))]
    begin = min((float(one["at"]) for one in rows), default=0.0)
    moments = [_moment(one, begin) for one in rows]
    seen = _seen(run)
    if seen:
        lost: dict[int, float] = {}
        for one in moments:
            lost[round(one.second)] = lost.get(round(one.second), 0.0) + one.lost
        moments = [Moment(float(second), delay, lost.get(second, 0.0)) for second, delay in seen.items()]
    return sorted(moments, key=lambda moment: moment.second)


def _seen(run: Run) -> dict[int, float | None]:
    """Return {second: the viewer's p50 in ms, None where no picture was read}."""
    found: dict[int, float | None] = {}
    for one in _mappings(_mapping(run.details.get("viewer")).get("timeline")):
        second, middle = one.get("at_s"), one.get("latency_p50_ms")
        if _number(second):
            found[int(second)] = float(middle) if _number(middle) else None
    return found


def _moment(row: Mapping[str, Any], begin: float) -> Moment:
    stages, dropped = (_numbers(list(_mapping(row.get(key)).values())) for key in ("stages_ms", "dropped"))
    return Moment(float(row["at"]) - begin, sum(stages) if stages else None, sum(dropped))


@dataclass(frozen=True)
class Part:
    """A step of a build (``size`` in s) or a layer of an image (``size`` in MB)."""

    label: str
    size: float


def steps(run: Run, which: str) -> list[Part]:
    """Return seconds by stage of a build; ``which`` is "cold" or "warm"."""
    stages = _mapping(_mapping(run.details.get(which)).get("stages"))
    return [Part(stage, float(seconds)) for stage, seconds in stages.items() if _number(seconds)]


def layers(run: Run) -> list[Part]:
    """Return the layers of an image that weigh something, the lowest first."""
    found = []
    for one in _mappings(run.details.get("layers")):
        command, size = one.get("command"), one.get("bytes")
        if isinstance(command, str) and _number(size) and size > 0:
            found.append(Part(" ".join(command.split()), size / 1e6))
    return found


def _number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _numbers(value: object) -> list[float]:
    return [float(one) for one in value if _number(one)] if isinstance(value, list) else []


def _mappings(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
