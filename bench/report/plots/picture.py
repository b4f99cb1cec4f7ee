"""What a plot is to the report: a picture with its finding, or one sentence why there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from matplotlib.figure import Figure

from bench.report.material import Material
from bench.report.plots.style import Theme


@dataclass(frozen=True)
class Picture:
    """``title`` is the finding; ``caption`` says how to read it and what is left out.  No figure: ``caption`` says why."""

    title: str
    caption: str
    figure: Figure | None = None


@dataclass(frozen=True)
class Plot:
    """A section of the report: ``name`` is that of its file, ``heading`` what it is about; ``suite`` that of its runs, None for all."""

    name: str
    heading: str
    suite: str | None
    draw: Callable[[Material, Theme], Picture]


def missing(what: str, command: str) -> Picture:
    """Return the place of a picture whose records are not there yet."""
    return Picture("not measured yet", f"Not measured yet: {what} is measured by {command}.")
