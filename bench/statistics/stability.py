"""Whether the machine was calm enough: one closed catalogue of warnings, each with its cause and its cure.  Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from enum import Enum
from statistics import NormalDist, median
from typing import Any

from bench.figures import Figure

MAD_TO_SD = 1.4826
"""The median absolute deviation of a normal distribution, times this, is its standard deviation."""
SPREAD_SHARE = 0.10
"""Of the median: pyperf warns from a standard deviation of this size on."""
OUTLIER_Z = 5.0
"""Modified z-score (B. Iglewicz, D. C. Hoaglin, How to Detect and Handle Outliers, 1993).  Their 3.5 is for larger samples:
of six pairs it would blame one calm session in seven, this one in sixteen."""
DRIFT_ALPHA = 0.01
FEWEST_RUNS = 6
FEWEST_DRIFTING = 8
BUSY_PERCENT = 10.0
HOT_C = 90.0


class Cause(Enum):
    """What may be wrong with a measurement: (what likely causes it, what cures it)."""

    SPREAD = (
        "something else used the machine, or the runs are too short",
        "stop it, or give --seconds a larger number",
    )
    DRIFT = ("the machine warmed up or filled up meanwhile", "let it run warm for ten minutes, then measure again")
    OUTLIERS = (
        "something ran now and then (updates, backups, another person)",
        "find it with 'atop 1', and add --pairs",
    )
    BUSY = ("other programs were running", "end them ('top' names them) and measure again")
    GOVERNOR = (
        "the clock of the CPU follows the load",
        "set the governor 'performance' while you measure (streamkit_tuning_governor)",
    )
    HEAT = ("the cooling does not suffice", "clean the fan, or lower the load; measure again when it is cool")
    MIXED = (
        "the records of several machines lie in one folder",
        "measure both scenarios on one machine, with an --out of its own",
    )

    def warning(self, seen: str) -> str:
        """Return the sentence: what was seen, its likely cause, and the cure."""
        cause, cure = self.value
        return f"{seen}: {cause}; {cure}."


def of_figure(figure: Figure, pairs: Sequence[tuple[float, float]], threshold: float) -> tuple[str, ...]:
    """Return the warnings on one figure.  ``pairs`` in the order they ran; ``threshold`` in the figure's unit."""
    found = []
    label, unit = figure.label, f" {figure.unit}" if figure.unit else ""
    for name, values in (("before", [a for a, _ in pairs]), ("after", [b for _, b in pairs])):
        middle, spread = median(values), _spread(values)
        if spread > threshold and spread >= SPREAD_SHARE * abs(middle):
            share = f", {100 * spread / abs(middle):.0f} % of its median" if middle else ""
            found.append(Cause.SPREAD.warning(f"{label} spreads by {spread:.3g}{unit} {name}{share}"))
    drifted = drift([value for pair in _centred(pairs) for value in pair])
    if drifted is not None and abs(drifted) > threshold:
        found.append(Cause.DRIFT.warning(f"{label} drifted by {drifted:+.3g}{unit} over the session"))
    far = outliers([b - a for a, b in pairs], threshold)
    if far:
        named = ", ".join(str(place + 1) for place in far)
        found.append(Cause.OUTLIERS.warning(f"{label} lies far off the others in pair {named}"))
    return tuple(found)


def of_machine(metadata: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the warnings on the machine, from the metadata of runs in the order they ran."""
    found = []
    busy = [one["busy_before_percent"] for one in metadata if one.get("busy_before_percent") is not None]
    if busy and max(busy) > BUSY_PERCENT:
        often = sum(one > BUSY_PERCENT for one in busy)
        found.append(
            Cause.BUSY.warning(
                f"The machine was {max(busy):.0f} % busy before a run, and busy before {often} of {len(busy)}"
            )
        )
    governors = sorted({str(one["governor"]) for one in metadata if one.get("governor")} - {"performance"})
    if governors:
        found.append(Cause.GOVERNOR.warning(f"The CPU's governor was {', '.join(governors)}"))
    throttled = [one["throttled_count"] for one in metadata if one.get("throttled_count") is not None]
    hottest = max((one["temperature_c"] for one in metadata if one.get("temperature_c") is not None), default=None)
    if throttled and throttled[-1] > throttled[0]:
        found.append(Cause.HEAT.warning(f"The CPU was slowed down by heat {throttled[-1] - throttled[0]} times"))
    elif hottest is not None and hottest >= HOT_C:
        found.append(Cause.HEAT.warning(f"The machine was {hottest:.0f} °C hot"))
    kinds = {(one.get("cpu"), one.get("cores"), one.get("kernel")) for one in metadata if one}
    if len(kinds) > 1:
        found.append(Cause.MIXED.warning(f"The runs come from {len(kinds)} different machines or kernels"))
    return tuple(found)


def drift(values: Sequence[float]) -> float | None:
    """Return how far values moved from the first to the last (Theil-Sen), None where that may be chance.

    Whether it is, Kendall's rank correlation says, with the normal approximation that ties make no more daring.
    """
    n = len(values)
    if n < FEWEST_DRIFTING:
        return None
    slopes = [(values[j] - values[i]) / (j - i) for i in range(n) for j in range(i + 1, n)]
    score = sum((slope > 0) - (slope < 0) for slope in slopes)
    z = (abs(score) - 1) / math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    if 2 * (1 - NormalDist().cdf(z)) > DRIFT_ALPHA:
        return None
    return median(slopes) * (n - 1)


def outliers(differences: Sequence[float], threshold: float) -> list[int]:
    """Return the places of differences that lie far from the others, and by more than the threshold."""
    if len(differences) < FEWEST_RUNS:
        return []
    middle, spread = median(differences), _spread(differences)
    least = max(OUTLIER_Z * spread, threshold)
    return [place for place, one in enumerate(differences) if abs(one - middle) > least]


def _spread(values: Sequence[float]) -> float:
    middle = median(values)
    return MAD_TO_SD * median(abs(value - middle) for value in values)


def _centred(pairs: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the pairs with each side's own median taken away: what is left moves only with time."""
    before, after = median(a for a, _ in pairs), median(b for _, b in pairs)
    return [(a - before, b - after) for a, b in pairs]
