"""Where the time of an image build goes: seconds of its stages, from nothing and after a change."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from bench.report.details import Part, steps
from bench.report.material import Material
from bench.report.plots.picture import Picture, missing
from bench.report.plots.stack import stacked
from bench.report.plots.style import PARTS, Theme, blank, legend_below, subtitle
from bench.report.words import plural, quoted

HEADING = "Image build, by stage"
REST = "other stages"
KINDS = {"cold": "from nothing", "warm": "after a change"}


def draw(material: Material, theme: Theme) -> Picture:
    """Draw it: a bar for each side and kind of build; steps run side by side, so a bar may be longer than the wait."""
    bars: dict[str, dict[str, float]] = {}
    counts: list[str] = []
    for kind, said in KINDS.items():
        for name in material.sides:
            found = [parts for run in material.done("build", name) if (parts := steps(run, kind))]
            if found:
                bars[f"{name},\n{said}"] = _middles(found)
                counts.append(f"{name} {said}: n = {plural(len(found), 'build')}")
    if not bars:
        return missing("the time of an image build", "bench measure build or bench compare")
    bars = _largest(bars, len(PARTS))
    title = _title(material)
    figure = blank(1.9 + 0.62 * len(bars), title)
    axes = figure.add_subplot()
    stacked(axes, theme, bars, 0)
    axes.set_xlabel("seconds of work, by stage of the Dockerfile")
    subtitle(axes, "; ".join(counts))
    legend_below(figure, axes, 4)
    caption = (
        "Stages are built side by side where they can be: what they add up to may be more than the wait, which the table "
        "has. Medians of the builds."
    )
    return Picture(title, caption, figure)


def _middles(builds: Sequence[Sequence[Part]]) -> dict[str, float]:
    sizes = [{part.label: part.size for part in parts} for parts in builds]
    names = dict.fromkeys(name for one in sizes for name in one)
    return {name: median(one.get(name, 0.0) for one in sizes) for name in names}


def _largest(bars: dict[str, dict[str, float]], most: int) -> dict[str, dict[str, float]]:
    """Return the bars with their largest parts by name and the others together, ``most`` parts in all."""
    weight: dict[str, float] = {}
    for parts in bars.values():
        for name, size in parts.items():
            weight[name] = max(weight.get(name, 0.0), size)
    if len(weight) <= most:
        return bars
    kept = sorted(weight, key=lambda name: -weight[name])[: most - 1]
    return {
        row: {name: parts.get(name, 0.0) for name in kept}
        | {REST: sum(size for name, size in parts.items() if name not in kept)}
        for row, parts in bars.items()
    }


def _title(material: Material) -> str:
    parts = []
    for kind, said in KINDS.items():
        before, after = (material.middle("build", name, f"build_{kind}_s") for name in material.sides)
        if before is not None and after is not None:
            parts.append(
                f"{said}: {before:.0f} s in {quoted(material.before)}, {after:.0f} s in {quoted(material.after)}"
            )
    text = "; ".join(parts) or "Where the time of the image build goes"
    return text[0].upper() + text[1:]
