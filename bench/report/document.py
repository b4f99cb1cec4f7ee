"""The report as Markdown.  Pure."""

from __future__ import annotations

from collections.abc import Sequence

from bench.report.content import Content, Drawn
from bench.report.tables import (
    BROKEN_HEAD,
    FIGURE_HEAD,
    GUIDE_HEAD,
    SINGLE_HEAD,
    figure_cells,
    guide_cells,
    markdown,
    markdown_text,
)

WRITTEN = "<!-- Written by bench report from its records; change the records or the command, not this page. -->"


def document(content: Content, images: str) -> str:
    """Return the report; ``images`` is where its plots lie, seen from the document ("" or ending in "/")."""
    parts = [
        WRITTEN,
        f"# {markdown_text(content.title)}",
        content.when,
        _items(content.headline),
        "## The guide's table",
        markdown(GUIDE_HEAD, guide_cells(content.rows)),
        *_remarks(content),
    ]
    for one in content.drawn:
        parts += [f"## {one.plot.heading}", *_figure(one, images)]
    parts.append("## All figures")
    for suite in content.suites:
        parts += [f"### {suite}", markdown(FIGURE_HEAD, figure_cells(content.material, suite))]
    if not content.suites:
        parts.append("No figure was measured on both sides yet.")
    if content.warnings:
        parts += ["### Warnings", _items([f"{one.rstrip('.')}." for one in content.warnings])]
    if content.beside:
        parts.append("## Other ways to stream")
    for table in content.beside:
        parts += [f"### {markdown_text(table.heading)}", markdown(table.head, table.cells)]
    if content.singles:
        parts += ["## Runs outside the comparison", markdown(SINGLE_HEAD, content.singles)]
    parts.append("## Runs that did not finish")
    parts.append(markdown(BROKEN_HEAD, content.broken) if content.broken else "Every run came to its end.")
    parts += ["## How it was measured", _items(content.method)]
    parts += ["## The machine", markdown(("fact", "value"), [(key, value) for key, value in content.machine])]
    return "\n\n".join(parts) + "\n"


def _remarks(content: Content) -> list[str]:
    remarks = [row.remark for row in content.rows if row.remark]
    return ["Where claim and measurement differ:", _items(remarks)] if remarks else []


def _figure(one: Drawn, images: str) -> list[str]:
    if one.light is None:
        return [markdown_text(one.picture.caption)]
    return [f"![{markdown_text(one.picture.title)}]({images}{one.plot.name}.png)", markdown_text(one.picture.caption)]


def _items(lines: Sequence[str]) -> str:
    return "\n".join(f"- {markdown_text(line)}" for line in lines)
