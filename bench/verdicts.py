"""The table of a comparison, as text for a person.  Pure."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence

from bench.records import Run
from bench.statistics import Comparison, Verdict

MARKS: dict[Verdict, str] = {
    "better": "+",
    "worse": "-",
    "same": "=",
    "different": "~",
    "exact": "~",
    "cannot tell": "?",
    "unknown": "!",
}
WIDTH = 110
GAP = "  "
NONE = "-"


def table(
    before: str,
    after: str,
    comparisons: Sequence[Comparison],
    crashed: Sequence[Run] = (),
    titles: Mapping[str, str] | None = None,
    width: int = WIDTH,
) -> list[str]:
    """Return the lines: a block for each suite, the warnings, the crashed runs, and the count of verdicts.

    ``titles`` are the suites' own; ``crashed`` the runs that crashed, in the order they ran.
    """
    lines = [f"{after} (after) against {before} (before)"]
    head = ("", "figure", "before", "after", "difference [95 % interval]", "p", "pairs", "verdict")
    rows = {one.figure.name: _row(one) for one in comparisons}
    widths = [max(len(row[place]) for row in (head, *rows.values())) for place in range(len(head))]
    for suite in dict.fromkeys(one.figure.suite for one in comparisons):
        lines += ["", (titles or {}).get(suite, suite)]
        lines.append(_line(head, widths))
        lines += [_line(rows[one.figure.name], widths) for one in comparisons if one.figure.suite == suite]
    said = Counter(warning for one in comparisons for warning in one.warnings)
    if said:
        lines += ["", "Warnings:"]
        lines += [line for text in said for line in _item(text, width)]
    if crashed:
        lines += ["", "Runs that crashed:"]
        lines += [line for run in crashed for line in _item(_crash(run), width)]
    return [*lines, "", summary(comparisons)]


def summary(comparisons: Sequence[Comparison]) -> str:
    """Return how many figures have which verdict; one sentence where there is nothing to judge."""
    if not comparisons:
        return "No pair of runs is complete: nothing can be judged."
    counts = Counter(one.verdict for one in comparisons)
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in MARKS if verdict in counts) + "."


def _row(one: Comparison) -> tuple[str, ...]:
    figure = one.figure
    label = figure.label + (f" [{figure.unit}]" if figure.unit else "")
    return (
        MARKS[one.verdict],
        label,
        _number(one.before, figure.decimals),
        _number(one.after, figure.decimals),
        _difference(one),
        NONE if one.p is None else "<0.001" if one.p < 0.001 else f"{one.p:.3f}",
        str(one.n),
        one.verdict + (f", needs {one.needs} more" if one.needs else ""),
    )


def _number(value: float | None, decimals: int) -> str:
    return NONE if value is None else f"{value:.{decimals}f}"


def _difference(one: Comparison) -> str:
    if one.difference is None:
        return NONE
    decimals = one.figure.decimals
    text = f"{one.difference:+.{decimals}f}"
    if one.ratio is not None:
        text += f" (x{one.ratio:.2f})"
    if one.interval is None or one.figure.exact:
        return text
    low, high = one.interval
    return f"{text} [{low:+.{decimals}f}, {high:+.{decimals}f}]"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    # Figures to the right, so that their digits stand below each other.
    placed = [
        f"{cell:>{space}}" if place in (2, 3, 5, 6) else f"{cell:<{space}}"
        for place, (cell, space) in enumerate(zip(cells, widths, strict=True))
    ]
    return GAP.join(placed).rstrip()


def _crash(run: Run) -> str:
    which = "warm-up" if run.pair is None else f"pair {run.pair + 1}"
    return f"{run.suite}, {run.scenario}, {which}: {run.reason}"


def _item(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False)
