"""The plots of the report, in the order in which a reader meets them."""

from __future__ import annotations

import matplotlib as mpl

from bench.report.material import Material
from bench.report.plots import budget, build, cpu, differences, drops, image, latency, panel, timeline
from bench.report.plots.picture import Picture, Plot
from bench.report.plots.style import Theme, png, settings

PLOTS = (
    Plot("differences", differences.HEADING, None, differences.draw),
    Plot("drops", drops.HEADING, "stream", drops.draw),
    Plot("latency", latency.HEADING, "stream", latency.draw),
    Plot("budget", budget.HEADING, "stream", budget.draw),
    Plot("cpu", cpu.HEADING, "stream", cpu.draw),
    Plot("panel", panel.HEADING, "panel", panel.draw),
    Plot("build", build.HEADING, "build", build.draw),
    Plot("image", image.HEADING, "image", image.draw),
    Plot("timeline", timeline.HEADING, "stream", timeline.draw),
)


def drawn(plot: Plot, material: Material, theme: Theme) -> tuple[Picture, bytes | None]:
    """Return a plot and its PNG; None where there is nothing to draw."""
    # What a person has in matplotlibrc must not change the report.
    with mpl.rc_context(settings(theme)):
        picture = plot.draw(material, theme)
        return picture, png(picture.figure) if picture.figure else None
