"""The table of a run, as Markdown, and its place in a page between two markers.  Pure but for the file."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.measure.panel.figures import BEFORE, GLANCES, OURS, Row, rows
from streamkit.documents import write_atomically
from streamkit.errors import BadInputError

BEGIN = "<!-- panel figures: begin -->"
END = "<!-- panel figures: end -->"


def table(records: Sequence[Mapping[str, Any]]) -> str:
    """Return one paragraph on the run and the table of its figures."""
    run = next(one for one in records if one["kind"] == "run")
    ends = [one for one in records if one["kind"] == "end"]
    day = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(run["begun_at"]))
    load = f"load {run['load_1_minute']}" + (f" before and {ends[0]['load_1_minute']} after" if ends else "")
    versions = ", ".join(f"{name} {version}" for name, version in run["versions"].items())
    versions += f", Glances {run['glances']}" if run["glances"] else ""
    head = (
        f"{day}; {run['rounds']} rounds, {run['seconds']:g} s for each look, {run['answers']} answers of each address, "
        f"a crowd of {run['crowd']} viewers. {run['cpu']}, {run['cores']} cores, Linux {run['kernel']}, "
        f"governor {run['governor'] or 'unknown'}, {load}; Python {run['python']}, {versions}."
    )
    lines = [head, "", "| figure | goal | this panel | before | Glances | before : this | verdict |"]
    lines.append("| --- | --- | --- | --- | --- | --- | --- |")
    lines += [_line(row) for row in rows(records)]
    return "\n".join(lines)


def _line(row: Row) -> str:
    cells = [_cell(row.values.get(name, ()), row.goal.unit) for name in (OURS, BEFORE, GLANCES)]
    ratio = row.times_less(BEFORE)
    cells.append("" if ratio is None else number(ratio))
    return "| " + " | ".join([row.goal.title, row.goal.text, *cells, row.verdict]) + " |"


def _cell(values: Sequence[float], unit: str) -> str:
    if not values:
        return ""
    middle, low, high = (number(one) for one in (statistics.median(values), min(values), max(values)))
    return f"{middle}{unit}" + ("" if low == high else f" ({low} to {high})")


def number(value: float) -> str:
    """Return a figure with three digits, whole from 100 on."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def read_parts(page: Path) -> tuple[str, str]:
    """Return what stands before and behind the table of a page.

    Raises BadInputError where there is no page or its markers are missing.
    """
    try:
        whole = page.read_text(encoding="utf-8")
    except OSError as problem:
        raise BadInputError(f"{page} cannot be read ({problem.strerror}); --docs takes docs/PANEL.md.") from None
    before, begin, rest = whole.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise BadInputError(f"{page} has no line {BEGIN!r} with {END!r} below it; --docs puts the table between them.")
    return before, after


def write_into(page: Path, text: str) -> None:
    """Put ``text`` between the markers of a page.  Raises BadInputError like :func:`read_parts`."""
    before, after = read_parts(page)
    write_atomically(page, f"{before}{BEGIN}\n{text}\n{END}{after}")
