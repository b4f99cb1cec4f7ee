"""Every judged figure at a glance: the difference in percent with its interval, and whether it matters."""

from __future__ import annotations

from dataclasses import dataclass

from bench.figures import FIGURES
from bench.report.material import Material
from bench.report.plots.picture import Picture
from bench.report.plots.style import Theme, blank, legend_below, rows_of, subtitle
from bench.report.words import plural, quoted
from bench.statistics import Comparison

HEADING = "All differences at a glance"
SHOWN = ("latency_p50_ms", "latency_p95_ms", "latency_p99_ms", "cpu_container_percent", "cpu_per_frame_ms", "requests_per_minute",
         "stats_p50_ms", "stats_p99_ms", "status_p50_ms", "cpu_viewer_percent", "page_cpu_percent", "memory_1_mb",
         "build_warm_s", "image_size_mb", "healthy_s", "first_frame_s")  # fmt: skip
MOST_PERCENT = 150.0
MARKS = {"better": "o", "worse": "X", "same": "|", "different": "D", "cannot tell": "$?$"}
WORDS = {"same": "no difference that matters"}


@dataclass(frozen=True)
class Line:
    """One figure: the change and its interval in percent of the value before."""

    label: str
    change: float
    low: float
    high: float
    verdict: str
    n: int


def lines(material: Material) -> list[Line]:
    """Return what can be said in percent: figures that were more than 0 before."""
    found = []
    for name in SHOWN:
        one = material.comparisons.get(name)
        if one is not None and one.before and one.difference is not None and one.verdict in MARKS:
            found.append(_line(one, one.before, one.difference))
    return found


def _line(one: Comparison, before: float, difference: float) -> Line:
    low, high = one.interval or (difference, difference)
    shares = [100 * value / before for value in (difference, low, high)]
    return Line(FIGURES[one.figure.name].label, shares[0], shares[1], shares[2], one.verdict, one.n)


def draw(material: Material, theme: Theme) -> Picture:
    """Draw a point with its interval for each; left of the middle is less than before."""
    found = lines(material)
    if not found:
        return Picture("not judged yet", "Nothing can be judged yet: no figure was measured on both sides.")
    better = sum(one.verdict == "better" for one in found)
    title = f"{quoted(material.after)} is better in {better} of {plural(len(found), 'figure')}"
    worse = sum(one.verdict == "worse" for one in found)
    title += f", worse in {worse}" if worse else ""
    figure = blank(1.7 + 0.31 * len(found), title)
    axes = figure.add_subplot()
    axes.axvline(0, color=theme.quiet, linewidth=1)
    used: set[str] = set()
    for place, one in enumerate(found):
        color = {"better": theme.sides[1].color, "worse": theme.sides[0].color}.get(one.verdict, theme.quiet)
        axes.plot([one.low, one.high], [place, place], color=color, linewidth=2.2, solid_capstyle="butt")
        axes.plot([one.change], [place], marker=MARKS[one.verdict], color=color, markersize=8, linestyle="none",
                  markeredgecolor=color, label=None if one.verdict in used else WORDS.get(one.verdict, one.verdict))  # fmt: skip
        used.add(one.verdict)
    rows_of(axes, [one.label for one in found])
    axes.set_xlim(
        max(-108.0, min(one.low for one in found) - 8), min(MOST_PERCENT, max(8.0, max(one.high for one in found) + 8))
    )
    axes.set_xlabel("difference, % of the value before (all of these are better when less)")
    counts = sorted({one.n for one in found})
    subtitle(axes, f"n = {counts[0]}{f' to {counts[-1]}' if len(counts) > 1 else ''} pairs for each figure")
    legend_below(figure, axes, 4)
    outside = [one.label for one in found if one.high > MOST_PERCENT]
    caption = "The bar is the 95 % interval of the median paired difference; the mark is the verdict."
    caption += f" Beyond the axis: {', '.join(outside)}; the tables have the figures." if outside else ""
    return Picture(title, caption, figure)
