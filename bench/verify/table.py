"""The table a person reads: one block for each section of the guide, at any width from 80 columns on."""

from __future__ import annotations

import itertools
import textwrap
import time
from collections.abc import Sequence

from bench.verify.check import Result
from bench.verify.judge import summary
from streamkit.documents import Document

NARROWEST, WIDEST = 80, 160
VERDICT_WIDTH, TITLE_WIDTH, GAP = 7, 25, 2
GUIDE_SHARE = 0.4
"""Of what verdict and title leave: what is seen is longer than what the guide says."""


def table(name: str, document: Document, results: Sequence[Result], width: int = 110) -> list[str]:
    """Return the lines: head, rows, the notes that rows refer to, and the count."""
    width = min(max(width, NARROWEST), WIDEST)
    if document.get("inspect") is None:
        return _nothing_there(name, document, results, width)
    notes = list(dict.fromkeys(result.differs for result in results if result.differs))
    lines = [*_head(name, document, width), ""]
    lines += _row(("", "", "the guide says", "seen"), width)
    for section, rows in itertools.groupby(results, key=lambda result: result.section):
        lines += ["", section]
        for row in rows:
            mark = f" [{notes.index(row.differs) + 1}]" if row.differs else ""
            verdict = row.verdict.upper() if row.verdict == "failed" else row.verdict
            lines += _row((verdict, row.title + mark, row.guide, row.seen), width)
    lines += ["", "Otherwise than in the guide on purpose:"]
    for number, note in enumerate(notes, 1):
        lines += textwrap.wrap(note, width - 2, initial_indent=f"{f'[{number}]':>6} ", subsequent_indent=" " * 7)
    return [*lines, "", f"{name}: {summary(results)}."]


def _nothing_there(name: str, document: Document, results: Sequence[Result], width: int) -> list[str]:
    """Return what is left to say where there is no container: not the same reason forty times."""
    rows = [row for row in results if row.verdict == "failed"]
    lines = [line for row in rows for line in _row(("FAILED", row.title, row.guide, row.seen), width)]
    return [*_head(name, document, width), "", *lines, "", f"{name}: {summary(results)}; they need a container."]


def _head(name: str, document: Document, width: int) -> list[str]:
    at = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(document["collected_at"]))
    release = (document.get("release") or {}).get("name")
    parts = [f"{name}: container {document['container']}"]
    parts += [f"release {release}"] if release else []
    daemon = document.get("docker")
    parts += [f"Docker {daemon['ServerVersion']}"] if daemon else []
    return textwrap.wrap(", ".join([*parts, f"{at}, watched for {document['window_s']:g} s"]), width)


def _row(cells: tuple[str, str, str, str], width: int) -> list[str]:
    left = 2 + VERDICT_WIDTH + GAP + TITLE_WIDTH + GAP
    guide = int((width - left - GAP) * GUIDE_SHARE)
    widths = (VERDICT_WIDTH, TITLE_WIDTH, guide, width - left - guide - GAP)
    wrapped = [
        textwrap.wrap(cell, space, break_on_hyphens=False) or [""] for cell, space in zip(cells, widths, strict=True)
    ]
    rows = itertools.zip_longest(*wrapped, fillvalue="")
    gap = " " * GAP
    return [
        "  " + gap.join(f"{cell:<{space}}" for cell, space in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
