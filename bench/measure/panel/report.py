"""The table of a run, as Markdown, and its place in a page between two markers.  Pure but for the file."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from pathlib import Path

from bench.measure.panel.figures import BEFORE, GLANCES, OURS, Row, rows
from bench.records import Run
from streamkit.documents import write_atomically
from streamkit.errors import BadInputError

BEGIN = "<!-- panel figures: begin -->"
END = "<!-- panel figures: end -->"


def table(runs: Sequence[Run]) -> str:
    """Return one paragraph on the runs of one session and the table of their figures."""
    first, last = runs[0], runs[-1]
    about, machine = first.details, first.machine
    day = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(first.begun_at))
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    versions += f", Glances {about['glances']}" if about["glances"] else ""
    head = (
        f"{day}; {about['rounds']} rounds, {about['seconds']:g} s for each look, {about['answers']} answers of each address, "
        f"a crowd of {about['crowd']} viewers. {machine['cpu']}, {machine['cores']} cores, Linux {machine['kernel']}, "
        f"governor {machine['governor'] or 'unknown'}, load {machine['load_1_minute']} before the first run and "
        f"{last.machine['load_1_minute']} before the last; Python {machine['python']}, {versions}."
    )
    lines = [head, "", "| figure | goal | this panel | before | Glances | before : this | verdict |"]
    lines.append("| --- | --- | --- | --- | --- | --- | --- |")
    lines += [_line(row) for row in rows(runs)]
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
