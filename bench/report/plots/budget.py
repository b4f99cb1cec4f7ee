"""Where the time of a frame goes: the median of each stage, stacked, beside the delay measured as a whole."""

from __future__ import annotations

from bench.figures import STAGES
from bench.report.material import Material
from bench.report.plots.picture import Picture, missing
from bench.report.plots.stack import stacked
from bench.report.plots.style import Theme, blank, legend_below, subtitle
from bench.report.words import plural, quoted

HEADING = "Latency budget, by stage"


def draw(material: Material, theme: Theme) -> Picture:
    """Draw it; a stage that a side could not measure is not shown as 0 but said in the caption."""
    bars: dict[str, dict[str, float]] = {}
    unknown: list[str] = []
    for name in material.sides:
        middles = {stage: material.middle("stream", name, f"stage_{stage}_ms") for stage in STAGES}
        if any(value is not None for value in middles.values()):
            bars[name] = {stage.replace("_", " "): value or 0.0 for stage, value in middles.items()}
            unknown += [f"{stage.replace('_', ' ')} ({name})" for stage, value in middles.items() if value is None]
    if not bars:
        return missing("the time of each stage", "bench compare")
    title = _title(bars)
    figure = blank(3.5, title)
    axes = figure.add_subplot()
    stacked(axes, theme, bars, 1)
    wholes = {name: material.middle("stream", name, "latency_p50_ms") for name in bars}
    for place, value in enumerate(wholes.values()):
        if value is not None:
            axes.plot([value], [place + 0.41], marker="^", markersize=8, color=theme.text, linestyle="none", clip_on=False,
                      label="measured as a whole (p50)" if place == 0 else None)  # fmt: skip
            axes.set_xlim(0, max(axes.get_xlim()[1], value * 1.08))
    axes.set_xlabel("ms, median of the runs' medians")
    counts = (f"{name}: n = {plural(len(material.done('stream', name)), 'run')}" for name in bars)
    subtitle(axes, "; ".join(counts))
    legend_below(figure, axes, 5)
    caption = " ".join(
        [
            "The triangle is the delay measured from end to end, apart from the stages.",
            *(_gap(name, sum(bars[name].values()), value) for name, value in wholes.items()),
            *([f"Not measured, and so not in the sum: {', '.join(unknown)}."] if unknown else []),
        ]
    )
    return Picture(title, caption, figure)


def _gap(name: str, stages: float, whole: float | None) -> str:
    if whole is None:
        return f"{name}: the whole was not measured."
    return (
        f"{name}: the stages add up to {stages:.1f} ms, the whole is {whole:.1f} ms; "
        f"{abs(whole - stages):.1f} ms {'are in no stage' if whole >= stages else 'are counted twice'}."
    )


def _title(bars: dict[str, dict[str, float]]) -> str:
    parts = []
    for name, stages in bars.items():
        largest = max(stages, key=lambda stage: stages[stage])
        parts.append(f"{largest} takes {stages[largest]:.1f} of {sum(stages.values()):.1f} ms in {quoted(name)}")
    text = "; ".join(parts)
    return text[0].upper() + text[1:]
