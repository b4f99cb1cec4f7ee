"""What the panel costs against the number of its viewers: memory, and CPU with nobody and with one."""

from __future__ import annotations

from matplotlib.axes import Axes

from bench.report.material import Material
from bench.report.plots.picture import Picture, missing
from bench.report.plots.style import Theme, blank, legend_below, subtitle
from bench.report.words import plural, quoted

HEADING = "The panel's cost against its viewers"
VIEWERS = (0, 1, 100, 1000)
CPU = {0: "cpu_idle_percent", 1: "cpu_viewer_percent"}

Points = dict[str, list[tuple[int, float]]]


def draw(material: Material, theme: Theme) -> Picture:
    """Draw both; a side that was not asked for a number of viewers has no point there."""
    memory = _points(material, {viewers: f"memory_{viewers}_mb" for viewers in VIEWERS})
    cpu = _points(material, CPU)
    if not memory and not cpu:
        return missing("the panel's cost", "bench measure panel or bench compare")
    title = _title(material, cpu, memory)
    figure = blank(3.7, title)
    left, right = figure.subplots(1, 2, width_ratios=(2, 3))
    _lines(left, material, cpu, theme)
    left.set_xticks(list(CPU))
    left.set_xlim(-0.3, 1.3)
    left.set_ylabel("CPU of the panel, % of one core")
    _lines(right, material, memory, theme)
    # Nobody is a number of viewers too, so the axis is linear below one.
    right.set_xscale("symlog", linthresh=1, linscale=0.5)
    right.set_xticks(VIEWERS, [f"{viewers:,}" for viewers in VIEWERS])
    right.set_xlim(-0.15, 1500)
    right.minorticks_off()
    right.set_ylabel("memory of the panel, MB")
    for axes in (left, right):
        axes.set_xlabel("viewers")
        axes.set_ylim(0, axes.get_ylim()[1] * 1.12)
        axes.grid(axis="y")
    there = dict.fromkeys([*cpu, *memory])
    subtitle(left, "; ".join(f"{name}: n = {plural(len(material.done('panel', name)), 'run')}" for name in there), 60)
    legend_below(figure, right if memory else left, 2)
    lacking = [
        f"{name} at {', '.join(f'{viewers:,}' for viewers in VIEWERS if viewers not in dict(memory.get(name, [])))} viewers"
        for name in there
        if len(memory.get(name, [])) < len(VIEWERS)
    ]
    caption = "Medians of the runs. The axis of viewers on the right is logarithmic from one on."
    if lacking:
        caption += f" Memory was not measured with {'; '.join(lacking)}."
    return Picture(title, caption, figure)


def _points(material: Material, figures: dict[int, str]) -> Points:
    found: Points = {}
    for name in material.sides:
        middles = ((viewers, material.middle("panel", name, figure)) for viewers, figure in figures.items())
        points = [(viewers, value) for viewers, value in middles if value is not None]
        if points:
            found[name] = points
    return found


def _lines(axes: Axes, material: Material, points: Points, theme: Theme) -> None:
    for name, of_one in points.items():
        side = theme.sides[material.sides.index(name)]
        axes.plot(*zip(*of_one, strict=True), color=side.color, marker=side.marker, linestyle=side.line, linewidth=2,
                  markersize=6, label=name)  # fmt: skip
        for viewers, value in of_one:
            axes.annotate(f"{value:.3g}", (viewers, value), (0, 7), textcoords="offset points", ha="center", fontsize=8,
                          color=theme.quiet)  # fmt: skip


def _title(material: Material, cpu: Points, memory: Points) -> str:
    watched = {name: dict(points)[1] for name, points in cpu.items() if 1 in dict(points)}
    if len(watched) == 2:
        before, after = (watched[name] for name in material.sides)
        return f"One viewer costs {after:.3g} % of a core in {quoted(material.after)}, {before:.3g} % in {quoted(material.before)}"
    if memory:
        name, points = next(iter(memory.items()))
        viewers, value = points[-1]
        return f"{quoted(name)}: {value:.0f} MB with {plural(viewers, 'viewer')}"
    return "The panel's CPU"
