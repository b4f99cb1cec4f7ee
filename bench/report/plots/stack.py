"""Stacked horizontal bars: one for each side, its parts in the same order, colour and hatching."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from bench.report.plots.style import PARTS, Theme, rows_of

LEAST_SHARE = 0.055
"""A part narrower than this share of the axis has no room for its figure; the legend has it."""


def stacked(axes: Axes, theme: Theme, bars: Mapping[str, Mapping[str, float]], decimals: int) -> None:
    """Draw ``bars``, {row: {part: size}}; parts of size 0 stay in the legend.

    Light parts take dark figures on a clear ground, so that a hatching does not hide them.
    """
    names = list(dict.fromkeys(part for parts in bars.values() for part in parts))
    longest = max((sum(max(size, 0) for size in parts.values()) for parts in bars.values()), default=0) or 1
    ends = dict.fromkeys(bars, 0.0)
    for part, (color, hatch) in zip(names, PARTS, strict=False):
        sizes = [max(parts.get(part, 0.0), 0.0) for parts in bars.values()]
        drawn = axes.barh(range(len(bars)), sizes, 0.62, left=list(ends.values()), label=part, color=color, hatch=hatch,
                          edgecolor="#1b1f24", linewidth=0.5)  # fmt: skip
        for row, size, bar in zip(bars, sizes, drawn, strict=True):
            ends[row] += size
            if size / longest >= LEAST_SHARE:
                _figure(axes, bar, f"{size:.{decimals}f}")
    rows_of(axes, list(bars))
    axes.set_xlim(0, longest * 1.12)
    for place, end in enumerate(ends.values()):
        axes.text(end + longest * 0.012, place, f"{end:.{decimals}f}", va="center", fontweight="bold", color=theme.text)


def _figure(axes: Axes, bar: Rectangle, text: str) -> None:
    axes.text(bar.get_x() + bar.get_width() / 2, bar.get_y() + bar.get_height() / 2, text, ha="center", va="center",
              fontsize=8, color="#1b1f24",
              bbox={"boxstyle": "round,pad=0.15", "facecolor": "#ffffff", "edgecolor": "none", "alpha": 0.85})  # fmt: skip
