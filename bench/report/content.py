"""Everything that the report says, before it takes a form: page, Markdown and CSV hold the same."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bench.report.guide import Row, rows
from bench.report.material import Material
from bench.report.plots import PLOTS, drawn
from bench.report.plots.picture import Picture, Plot
from bench.report.plots.style import DARK, LIGHT
from bench.report.summary import headline, machine_lines, method
from bench.report.tables import Cells, beside_cells, beside_head, broken_cells, single_cells, suites, warnings
from bench.report.words import plural, quoted

SINGLE = "Single runs, not run in pairs: nothing is judged from them."


@dataclass(frozen=True)
class Drawn:
    """A plot with its picture on a light and on a dark ground (PNG); None where there is none."""

    plot: Plot
    picture: Picture
    light: bytes | None
    dark: bytes | None


@dataclass(frozen=True)
class Table:
    """The figures of another scenario beside ``after``, under a heading."""

    heading: str
    head: Cells
    cells: Sequence[Cells]


@dataclass(frozen=True)
class Content:
    """``machine`` holds (fact, value), ``singles`` and ``broken`` the cells of runs outside pairs and of unfinished ones."""

    material: Material
    title: str
    when: str
    headline: Sequence[str]
    rows: Sequence[Row]
    drawn: Sequence[Drawn]
    suites: Sequence[str]
    beside: Sequence[Table]
    warnings: Sequence[str]
    singles: Sequence[Cells]
    broken: Sequence[Cells]
    method: Sequence[str]
    machine: Sequence[tuple[str, str]]


def content(material: Material) -> Content:
    """Return what the report says of ``material``; of equal records the same to the byte."""
    table = rows(material)
    pictures = []
    for plot in PLOTS:
        picture, light = drawn(plot, material, LIGHT)
        if light is not None and plot.suite and not material.paired(plot.suite):
            picture = replace(picture, caption=f"{SINGLE} {picture.caption}")
        _, dark = drawn(plot, material, DARK)
        pictures.append(Drawn(plot, picture, light, dark))
    return Content(
        material=material,
        title=f"{quoted(material.before)} and {quoted(material.after)}: what was measured",
        when=_when(material),
        headline=headline(material, table),
        rows=table,
        drawn=pictures,
        suites=suites(material),
        beside=[
            Table(
                f"{quoted(one.name)} beside {quoted(material.after)}" + (f": {title}" if title else ""),
                beside_head(one.name, material.after),
                beside_cells(one.comparisons),
            )
            for one in material.beside
            for title in [_title(material, one.name)]
        ],
        warnings=warnings(material),
        singles=single_cells(material.singles()),
        broken=broken_cells(material.broken()),
        method=method(material),
        machine=machine_lines(material.runs),
    )


def _when(material: Material) -> str:
    """When the runs were made, never when the report was: it stays the same."""
    first, last = (time.strftime("%Y-%m-%d %H:%M", time.gmtime(material.runs[place].begun_at)) for place in (0, -1))
    made = f"Measured {first} to {last} UTC, {plural(len(material.runs), 'run')}."
    named = [f"{quoted(name)}: {title}." for name in material.sides if (title := _title(material, name))]
    return " ".join([made, *named])


def _title(material: Material, scenario: str) -> str:
    """Return what a scenario calls itself, as its runs keep it; "" where they do not."""
    for run in material.all_runs():
        for place in (run.details.get("scenario"), _asked(run.details.get("asked"))):
            if run.scenario == scenario and isinstance(place, dict) and isinstance(place.get("title"), str):
                return str(place["title"]).rstrip(".")
    return ""


def _asked(found: object) -> object:
    return found.get("scenario") if isinstance(found, dict) else None
