"""One figure of two scenarios, judged pair by pair."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from bench.figures import Figure
from bench.statistics import interval, sign_flip, stability

Verdict = Literal["better", "worse", "same", "different", "cannot tell", "unknown", "exact"]
ALPHA = 0.05
MOST_NEEDED = 500
"""A difference so near to its threshold that more pairs than this would be needed is not settled by pairs."""


@dataclass(frozen=True)
class Comparison:
    """``before``, ``after``: medians of the pairs.  ``difference``: median of after - before, pair by pair.

    ``ratio`` is after / before, of the medians.  ``interval`` holds the difference with 95 % confidence.  ``p`` is None
    where no p can be had: an exact figure, or too few pairs.  ``needs``: how many more pairs "cannot tell" takes, None
    where no sensible number would do.  "different" is a figure for which neither way is better; "exact" likewise,
    judged by value.  "unknown": a value is missing or the judging failed; it is never taken for a difference.
    """

    figure: Figure
    n: int
    before: float | None
    after: float | None
    difference: float | None
    ratio: float | None
    interval: tuple[float, float] | None
    p: float | None
    verdict: Verdict
    needs: int | None = None
    warnings: tuple[str, ...] = ()


def compare_pairs(figure: Figure, pairs: Sequence[tuple[float | None, float | None]], seed: int) -> Comparison:
    """Judge ``pairs`` of (before, after).  ``seed`` only matters beyond the pairs whose p is enumerated.

    A pair in which a value is missing makes the whole figure unknown: what is left is not a fair sample.
    """
    known = [(a, b) for a, b in pairs if a is not None and b is not None and math.isfinite(a) and math.isfinite(b)]
    if not known or len(known) < len(pairs):
        return _unknown(figure, known, len(pairs))
    before, after = median(a for a, _ in known), median(b for _, b in known)
    if figure.exact:
        return _exact(figure, known, before, after)
    differences = [b - a for a, b in known]
    difference, n = median(differences), len(known)
    reachable = sign_flip.smallest_p(n) <= ALPHA
    within = interval.of_median(differences)
    p = sign_flip.p_value(differences, seed) if reachable else None
    threshold = threshold_of(figure, before)
    verdict = _verdict(figure, difference, within, p, threshold)
    needs = _needs(n, difference, within, threshold) if verdict == "cannot tell" else None
    warnings = stability.of_figure(figure, known, threshold)
    return Comparison(figure, n, before, after, difference, _ratio(before, after), within, p, verdict, needs, warnings)


def threshold_of(figure: Figure, before: float) -> float:
    """Return the practical threshold in the figure's own unit, given the value before."""
    return figure.threshold * (abs(before) if figure.threshold_kind == "relative" else 1)


def _unknown(figure: Figure, known: Sequence[tuple[float, float]], asked: int) -> Comparison:
    before = median(a for a, _ in known) if known else None
    after = median(b for _, b in known) if known else None
    missing = (
        f"{figure.label}: {f'{asked - len(known)} of {asked} pairs lack a value' if asked else 'no pair is complete'}."
    )
    return Comparison(figure, len(known), before, after, None, None, None, None, "unknown", None, (missing,))


def _exact(figure: Figure, known: Sequence[tuple[float, float]], before: float, after: float) -> Comparison:
    difference, ratio = after - before, _ratio(before, after)
    if len(set(known)) > 1:
        said = f"{figure.label}: the value is not the same in every run, which it should be."
        return Comparison(figure, len(known), before, after, difference, ratio, None, None, "unknown", None, (said,))
    verdict: Verdict = "exact"
    if figure.better != "none":
        verdict = _direction(figure, difference) if abs(difference) > threshold_of(figure, before) else "same"
    return Comparison(figure, len(known), before, after, difference, ratio, (difference, difference), None, verdict)


def _ratio(before: float, after: float) -> float | None:
    return after / before if before else None


def _direction(figure: Figure, difference: float) -> Verdict:
    if figure.better == "none":
        return "different"
    return "better" if (difference < 0) == (figure.better == "less") else "worse"


def _verdict(
    figure: Figure, difference: float, within: tuple[float, float], p: float | None, threshold: float
) -> Verdict:
    """Significant *and* beyond the threshold, or wholly inside the threshold, or not to be told."""
    low, high = within
    if p is None:
        return "cannot tell"
    if -threshold <= low and high <= threshold:
        return "same"
    if p <= ALPHA and abs(difference) > threshold and not low <= 0 <= high:
        return _direction(figure, difference)
    return "cannot tell"


def _needs(n: int, difference: float, within: tuple[float, float], threshold: float) -> int | None:
    """Return how many more pairs would do, if they were like these: an interval narrows with the root of their number."""
    fewest = sign_flip.fewest_pairs(ALPHA)
    if n < fewest:
        return fewest - n
    half = (within[1] - within[0]) / 2
    room = abs(difference) if abs(difference) > threshold else threshold - abs(difference)
    if room <= 0:
        return None
    more = max(1, math.ceil(n * (half / room) ** 2) - n)
    return more if more <= MOST_NEEDED else None
