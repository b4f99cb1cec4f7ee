"""From trial encodes to the encoder: which of them hold a size and rate, and which of those is best.  Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from streamkit.encoders import ENCODERS
from streamkit.plan.target import LADDER
from streamkit.video import parse_fps, parse_size

LOW_LATENCY_PERIODS = 3.0
"""An encoder whose slow frames (95th percentile) take longer than this many frame periods is no low-latency one."""
LATENCY_FLOOR_MS = 50.0
"""And at high rates this much is allowed in any case: a period of 120 frames per second is 8 ms."""


@dataclass(frozen=True)
class Held:
    """What one encoder held in its trial: ``size`` in pixels, ``fps``, and its delay in ms (95th percentile)."""

    encoder: str
    size: tuple[int, int]
    fps: Fraction
    delay_p95_ms: float
    low_latency: bool
    trial: Mapping[str, Any]


def low_latency(delay_p95_ms: float, fps: Fraction) -> bool:
    """Return whether a delay suits somebody who plays over the stream."""
    return delay_p95_ms <= max(LOW_LATENCY_PERIODS * 1000 / float(fps), LATENCY_FLOOR_MS)


def held(trial: Mapping[str, Any]) -> Held | None:
    """Return what a trial of ``probes.json`` held, None where it failed or was too slow."""
    if not trial["ok"] or trial["encoder"] not in ENCODERS:
        return None
    size, fps = parse_size(trial["size"]), parse_fps(trial["fps"])
    delay_ms = float(trial["delay_ms"]["p95"])
    return Held(trial["encoder"], size, fps, delay_ms, low_latency(delay_ms, fps), trial)


def _steps_down(one: Held) -> int:
    """How far below the best of the ladder: the first step that is no more than what was held."""
    for position, (size, fps) in enumerate(LADDER):
        if one.size[0] * one.size[1] >= size[0] * size[1] and float(one.fps) >= 0.99 * float(fps):
            return position
    return len(LADDER)


def best_first(trials: Sequence[Mapping[str, Any]]) -> list[Held]:
    """Return those that hold, best first: low latency, then size and rate, then the order of the catalogue.

    The catalogue has hardware before software, and of two alike in software the one that costs less CPU first.
    """
    order = list(ENCODERS)
    found = [one for trial in trials if (one := held(trial)) is not None]
    return sorted(found, key=lambda one: (not one.low_latency, _steps_down(one), order.index(one.encoder)))


def reason_chosen(best: Held) -> str:
    """Return the sentence for the encoder that was chosen."""
    trial = best.trial
    lines = (
        f"{ENCODERS[best.encoder].title}: in its trial on this host it held {trial['size']} at {trial['fps']} frames per "
        f"second, {trial['real_time_factor']:.1f} times as fast as needed, with {trial['delay_ms']['p50']:.0f} ms "
        f"(p95 {trial['delay_ms']['p95']:.0f} ms) in the encoder and {trial['cpu_percent']:.0f} % of a core."
    )
    return (
        lines if best.low_latency else lines + " Nothing with a lower delay held: it is not for play over the stream."
    )


def reason_rejected(trial: Mapping[str, Any], best: Held | None) -> str:
    """Return why a tried encoder was not chosen; ``best`` is the one that was."""
    one = held(trial)
    if one is None:
        return str(trial["reason"])
    measured = f"it held {trial['size']}@{trial['fps']} with {one.delay_p95_ms:.0f} ms"
    if best is None:
        return measured
    if best.low_latency and not one.low_latency:
        return f"{measured}: too slow to react for play over the stream, where {best.encoder} took {best.delay_p95_ms:.0f} ms"
    if _steps_down(one) > _steps_down(best):
        return f"{measured}, and {best.encoder} holds {best.trial['size']}@{best.trial['fps']}"
    cpu, best_cpu = float(trial["cpu_percent"]), float(best.trial["cpu_percent"])
    return f"{measured} at {cpu:.0f} % of a core, as {best.encoder} does at {best_cpu:.0f} %, which comes first in the catalogue"
