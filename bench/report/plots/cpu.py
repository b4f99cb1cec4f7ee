"""What the stream costs: CPU of each process, stacked, in percent of one core."""

from __future__ import annotations

from bench.report.material import Material
from bench.report.plots.picture import Picture, missing
from bench.report.plots.stack import stacked
from bench.report.plots.style import Theme, blank, legend_below, subtitle
from bench.report.words import listed, percent, plural, quoted

HEADING = "CPU, by process"


def draw(material: Material, theme: Theme) -> Picture:
    """Draw it."""
    bars = {name: parts for name in material.sides if (parts := _parts(material, name))}
    if not bars:
        return missing("the CPU of each process", "bench compare")
    totals = {name: sum(parts.values()) for name, parts in bars.items()}
    title = f"{listed([f'{quoted(name)} takes {total:.0f} % of a core' for name, total in totals.items()])}"
    figure = blank(3.4, title)
    axes = figure.add_subplot()
    stacked(axes, theme, bars, 1)
    axes.set_xlabel("CPU, % of one core, median of the runs")
    counts = (f"{name}: n = {plural(len(material.done('stream', name)), 'run')}" for name in bars)
    subtitle(axes, "; ".join(counts))
    legend_below(figure, axes, 3)
    shares = [
        f"{percent(100 * parts['pipeline besides the encoder'] / parts['encoder'])} ({name})"
        for name, parts in bars.items()
        if parts.get("encoder")
    ]
    beside = f"The pipeline costs, beside the encoder and as a share of it: {listed(shares)}. " if shares else ""
    caption = beside + "The viewer's browser and the measuring itself are not in here; the section on method has them."
    return Picture(title, caption, figure)


def _parts(material: Material, name: str) -> dict[str, float]:
    """Return {process: CPU}; empty where the stream's own is not known."""
    middle = {
        short: material.middle("stream", name, f"cpu_{short}_percent")
        for short in ("stream", "encoder", "panel", "supervisor", "container")
    }
    stream, encoder = middle["stream"], middle["encoder"]
    if stream is None:
        return {}
    parts = {"streaming process": stream}
    if encoder is not None:
        parts = {"encoder": encoder, "pipeline besides the encoder": max(stream - encoder, 0.0)}
    for short in ("panel", "supervisor"):
        if (value := middle[short]) is not None:
            parts[short] = value
    if (container := middle["container"]) is not None:
        parts["rest of the container"] = max(container - sum(parts.values()), 0.0)
    return parts
