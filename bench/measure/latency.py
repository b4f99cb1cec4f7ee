"""What ``bench measure latency`` shows of a run: the time from glass to glass, and where it went.  Pure."""

from __future__ import annotations

from bench.measure.suites import Details, Figures
from bench.viewer.budget import STAGES
from streamkit.errors import StreamkitError

CLOSES_WITHIN_MS, CLOSES_WITHIN_SHARE = 2.0, 0.1
"""How far the sum of the stages may be from the whole: this, or this share of it."""


class NoLatencyError(StreamkitError):
    """A run has no latency; the sentence says why."""


def closes(figures: Figures) -> bool:
    """Return whether the stages of a run add up to its median, none of them below zero by more than may be wrong."""
    total, added = figures.get("latency_p50_ms"), figures.get("stage_sum_ms")
    if total is None or added is None:
        return False
    allowed = max(CLOSES_WITHIN_MS, CLOSES_WITHIN_SHARE * total)
    return abs(added - total) <= allowed and all(
        (figures.get(f"stage_{stage}_ms") or 0) >= -allowed for stage in STAGES
    )


def lines(figures: Figures, details: Details) -> list[str]:
    """Return a run's latency for a terminal.  Raises NoLatencyError where none could be read."""
    viewer = details["viewer"]
    if figures.get("latency_p50_ms") is None or not viewer:
        raise NoLatencyError(
            "No latency: no time code was readable in what the viewer showed; give a scenario whose picture is painted."
        )
    rows = [(f"glass to glass, {name}", f"latency_{name}_ms") for name in ("p50", "p95", "p99")]
    rows += [(f"  {stage.replace('_', ' ')}", f"stage_{stage}_ms") for stage in STAGES]
    rows += [("stages, summed", "stage_sum_ms"), ("error of the method", "method_error_ms")]
    found = [f"{label:<28}{_ms(figures.get(name)):>12}" for label, name in rows]
    if not closes(figures):
        found.append("Note: the stages do not add up to the whole; measure longer, or on a quieter machine.")
    if viewer.get("error"):
        found.append(f"Note: the viewer ended early: {viewer['error']}")
    return [*found, f"Watched in {viewer['browser']}."]


def _ms(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.1f} ms"
