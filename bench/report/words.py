"""Figures, verdicts and counts as a person reads them.  Pure, and used by every form of the report alike."""

from __future__ import annotations

from bench.figures import Figure
from bench.statistics import Comparison

NOT_MEASURED = "not measured yet"
UNKNOWN = "unknown"
UNPAIRED = "not run in pairs yet"
MINUS = "\u2212"
COUNTED = frozenset({"frames", "gaps", "viewers"})
"""Units that have a singular."""
PLAIN_UNITS = {"1/min": "a minute", "B/min": "B a minute"}
LEAST_OF_ALL = 99.0
NARROW = "\u00a0"
"""A space at which no line is broken, between a figure and its unit."""


def amount(value: float | None, figure: Figure, *, signed: bool = False) -> str:
    """Return a figure with its unit; long times in minutes and many MB in GB, as the guide writes them."""
    if value is None:
        return NOT_MEASURED
    if figure.unit == "yes = 1":
        return "yes" if value else "no"
    size, unit, decimals = abs(value), figure.unit, figure.decimals
    unit = PLAIN_UNITS.get(unit, unit)
    if unit == "s" and size >= 100:
        size, unit, decimals = size / 60, "min", 1
    elif unit == "MB" and size >= 1000:
        size, unit, decimals = size / 1000, "GB", 2
    # Three digits say enough, and a small figure must not be rounded to nothing.
    decimals = 0 if size >= 100 or size == 0 else max(decimals, 2) if size < 1 and decimals else decimals
    text = f"{size:,.{decimals}f}"
    if text == "1" and unit in COUNTED:
        unit = unit.removesuffix("s")
    sign = "" if float(text.replace(",", "")) == 0 else MINUS if value < 0 else "+" if signed else ""
    return f"{sign}{text}{NARROW}{unit}" if unit else f"{sign}{text}"


def difference(one: Comparison) -> str:
    """Return the difference with its share and its interval; of an exact figure there is no interval."""
    if one.difference is None:
        return UNKNOWN
    text = amount(one.difference, one.figure, signed=True)
    if one.ratio is not None:
        text += f" ({signed_percent(100 * (one.ratio - 1))})"
    if one.interval is not None and not one.figure.exact:
        text += f"; {interval(one)}"
    return text


def interval(one: Comparison) -> str:
    """Return the interval of the difference with 95 % confidence; empty where there is none."""
    if one.interval is None or one.figure.exact:
        return ""
    low, high = (amount(value, one.figure, signed=True) for value in one.interval)
    unit = high[high.index(NARROW) :] if NARROW in high else ""
    low = low.removesuffix(unit)
    return f"95{NARROW}%: {low} to {high}"


def verdict(one: Comparison) -> str:
    """Return the verdict in words."""
    if one.verdict == "cannot tell" and one.needs:
        return f"cannot tell, needs {plural(one.needs, 'more pair')}"
    if one.verdict == "same":
        return "the same" if one.figure.exact else "no difference that matters"
    return "different" if one.verdict == "exact" else one.verdict


def quoted(name: str) -> str:
    """Return the name of a scenario as it stands in a sentence, where "before" and "after" are words too."""
    return f"\u201c{name}\u201d"


def percent(value: float) -> str:
    """Return a share in % with as many digits as it needs: 0 %, 0.04 %, 3.1 %, 87 %."""
    size = abs(value)
    digits = 0 if size == 0 or size >= 10 else 1 if size >= 1 else 2
    if LEAST_OF_ALL < size < 100:
        # All but a little is not all.
        return f"{MINUS if value < 0 else ''}{min(size, 99.9):.1f}{NARROW}%"
    text = f"{size:.{digits}f}"
    if size and float(text) == 0:
        return f"< 0.01{NARROW}%"
    return f"{MINUS if value < 0 else ''}{text}{NARROW}%"


def signed_percent(value: float) -> str:
    """Return a change in %, with its sign."""
    return percent(value) if value <= 0 else f"+{percent(value)}"


def whole(value: float) -> str:
    """Return a count with its thousands set apart."""
    return f"{value:,.0f}"


def plural(count: int, noun: str) -> str:
    """Return "1 run", "2 runs"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def listed(words: list[str]) -> str:
    """Return "a", "a and b", "a, b and c"."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
