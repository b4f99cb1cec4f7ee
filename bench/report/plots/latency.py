"""How long frames take from glass to glass: the share that is shown within each delay, with p50, p95 and p99 marked."""

from __future__ import annotations

from matplotlib.ticker import LogLocator, NullLocator

from bench.report.details import Distribution, latencies
from bench.report.material import Material
from bench.report.plots.picture import Picture, missing
from bench.report.plots.style import Theme, blank, legend_below, subtitle
from bench.report.words import plural, quoted, whole

HEADING = "Latency, glass to glass"
MARKS = (50, 95, 99)
WIDE = 12
"""Beyond this ratio of the slowest p99 to the quickest p50 the axis of the delay is logarithmic."""


def draw(material: Material, theme: Theme) -> Picture:
    """Draw the cumulative distribution of each side, all its runs together, and each run thinly behind it."""
    found = {name: [one for run in material.done("stream", name) if (one := latencies(run))] for name in material.sides}
    present = {name: ones for name, ones in found.items() if ones}
    if not present:
        return missing("the distribution of the latency", "bench compare")
    pooled = {name: Distribution.together(ones) for name, ones in present.items()}
    title = _title(pooled)
    figure = blank(4.3, title)
    axes = figure.add_subplot()
    for name, one in pooled.items():
        side = theme.sides[material.sides.index(name)]
        for single in present[name]:
            axes.plot(*single.steps(), color=side.color, linewidth=0.6, alpha=0.35)
        said = f"{name}: " + ", ".join(f"p{mark} {one.percentile(mark):.1f} ms" for mark in MARKS)
        axes.plot(*one.steps(), color=side.color, linewidth=2, linestyle=side.line)
        axes.plot([], [], color=side.color, linewidth=2, linestyle=side.line, marker=side.marker, label=said)
        axes.plot(
            [one.percentile(mark) for mark in MARKS], MARKS, linestyle="none", marker=side.marker, markersize=7,
            color=side.color, markeredgecolor=theme.ground,
        )  # fmt: skip
    lowest = min(one.percentile(1) for one in pooled.values())
    highest = max(one.percentile(99.5) for one in pooled.values())
    if highest > WIDE * lowest > 0:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.set_xlim(lowest * 0.8, highest * 1.2)
    else:
        axes.set_xlim(0, highest * 1.08)
    axes.set_ylim(0, 101)
    axes.set_yticks([0, 25, 50, 75, 95])
    axes.grid()
    axes.set_xlabel("delay from the picture made to the picture shown, ms")
    axes.set_ylabel("frames shown within it, %")
    counted = "; ".join(
        f"{name}: n = {plural(len(ones), 'run')}, {whole(pooled[name].total)} frames" for name, ones in present.items()
    )
    subtitle(axes, counted)
    legend_below(figure, axes, 1)
    caption = (
        "Thick: all runs of a side together; thin: each run. Squares and circles mark p50, p95 and p99. What lies left is "
        "quicker, what is steep is steadier."
    )
    return Picture(title, caption, figure)


def _title(pooled: dict[str, Distribution]) -> str:
    names = list(pooled)
    middles = [pooled[name].percentile(50) for name in names]
    if len(names) == 1:
        return f"{quoted(names[0])} shows half of the frames within {middles[0]:.1f} ms"
    return f"{quoted(names[1])} shows half of the frames within {middles[1]:.1f} ms, {quoted(names[0])} within {middles[0]:.1f} ms"
