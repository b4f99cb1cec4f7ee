"""How every plot looks: one size, colours that colour-blind people tell apart, and marks that survive print.

The colours are those of Okabe and Ito (https://jfly.uni-koeln.de/color/).  No meaning is carried by colour alone: the two
sides differ in hatching, markers and lines too, and the parts of a stack in hatching.
"""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

WIDTH_IN = 7.2
DPI = 160
TITLE_COLUMNS = 74
BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILLION, PURPLE = (
    "#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7",
)  # fmt: skip
GREY = "#999999"


@dataclass(frozen=True)
class Side:
    """One of the two scenarios, in every plot: colour, hatching, marker and line."""

    color: str
    hatch: str
    marker: str
    line: str


@dataclass(frozen=True)
class Theme:
    """The colours of the ground and of the text; ``sides`` are before and after."""

    name: str
    ground: str
    text: str
    quiet: str
    rule: str
    sides: tuple[Side, Side]


LIGHT = Theme("light", "#ffffff", "#1b1f24", "#57606a", "#d0d7de",
              (Side(VERMILLION, "///", "s", "--"), Side(BLUE, "", "o", "-")))  # fmt: skip
DARK = Theme("dark", "#16191d", "#e6e8ea", "#a2abb5", "#3a424b",
             (Side("#F08A3C", "///", "s", "--"), Side(SKY, "", "o", "-")))  # fmt: skip
PARTS = ((SKY, ""), (ORANGE, "///"), (BLUE, ""), (YELLOW, "..."), (GREEN, "\\\\\\"), (PURPLE, ""), (VERMILLION, "xxx"),
         (GREY, "---"))  # fmt: skip
"""Colour and hatching of the parts of a stack, in their order; eight at most."""


def settings(theme: Theme) -> dict[Any, Any]:
    """Return matplotlib's settings; nothing of a user's own matplotlibrc is left in force."""
    return {
        **{name: value for name, value in mpl.rcParamsDefault.items() if not name.startswith(("backend", "date."))},
        "font.family": "DejaVu Sans",
        "font.size": 9.5,
        "axes.titlesize": 9,
        "axes.labelsize": 9.5,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "axes.edgecolor": theme.quiet,
        "axes.facecolor": theme.ground,
        "axes.labelcolor": theme.text,
        "axes.titlecolor": theme.quiet,
        "figure.facecolor": theme.ground,
        "savefig.facecolor": theme.ground,
        "grid.color": theme.rule,
        "grid.linewidth": 0.7,
        "hatch.linewidth": 0.8,
        "legend.frameon": False,
        "legend.fontsize": 9,
        "text.color": theme.text,
        "xtick.color": theme.quiet,
        "ytick.color": theme.quiet,
        "xtick.labelcolor": theme.text,
        "ytick.labelcolor": theme.text,
        "svg.hashsalt": "streamkit",
    }


def blank(height_in: float, title: str) -> Figure:
    """Return a figure of the common width (inches) with the finding as its title."""
    figure = Figure(figsize=(WIDTH_IN, height_in), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(textwrap.fill(title, TITLE_COLUMNS), x=0.012, ha="left", fontsize=11, fontweight="bold")
    return figure


def subtitle(axes: Axes, text: str, columns: int = 100) -> None:
    """Say under the title what was counted: n, and what else a reader of the picture alone must know."""
    axes.set_title(textwrap.fill(text, columns), loc="left", pad=8)


def rows_of(axes: Axes, labels: Sequence[str]) -> None:
    """Name the rows of a plot of horizontal bars, the first at the top."""
    axes.set_yticks(range(len(labels)), labels)
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")


def legend_below(figure: Figure, axes: Axes, columns: int) -> None:
    """Put the legend of ``axes`` under the plot, where it hides nothing."""
    handles, labels = axes.get_legend_handles_labels()
    # Bars in their order, marks after them.
    order = sorted(range(len(handles)), key=lambda place: isinstance(handles[place], Line2D))
    handles, labels = [handles[place] for place in order], [labels[place] for place in order]
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, handlelength=2.2, columnspacing=1.4)


def png(figure: Figure) -> bytes:
    """Return the picture.  Equal figures give equal bytes: no time and no version is written into it."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=DPI, metadata={"Software": None})
    return stream.getvalue()
