"""The report as one HTML page: nothing is loaded from anywhere, and no script is in it.  Pure."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from pathlib import Path

from bench.report.content import Content, Drawn
from bench.report.tables import BROKEN_HEAD, FIGURE_HEAD, GUIDE_HEAD, SINGLE_HEAD, Cells, figure_cells, guide_cells
from bench.report.words import NOT_MEASURED, UNPAIRED

STYLE = Path(__file__).with_name("page.css")
CLASSES = {"better": "better", "worse": "worse", NOT_MEASURED: "unknown", UNPAIRED: "unknown", "unknown": "unknown"}


def page(content: Content) -> str:
    """Return the whole page."""
    sections = [("guide", "The guide\u2019s table", _guide(content))]
    sections += [(one.plot.name, one.plot.heading, _figure(one)) for one in content.drawn]
    sections += [("figures", "All figures", _figures(content)), ("beside", "Other ways to stream", _beside(content)), ("singles", "Runs outside the comparison", _singles(content)), ("broken", "Runs that did not finish", _broken(content)),
                 ("method", "How it was measured", _method(content)), ("machine", "The machine", _machine(content))]  # fmt: skip
    links = "".join(f'<li><a href="#{name}">{escape(heading)}</a></li>' for name, heading, _ in sections)
    plots = {one.plot.name for one in content.drawn}
    body = "".join(
        f'<section id="{name}"{" class=plot" if name in plots else ""}><h2>{escape(heading)}</h2>{inside}</section>\n'
        for name, heading, inside in sections
    )
    title = escape(content.title)
    lines = "".join(f"<li>{escape(line)}</li>" for line in content.headline)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">\n"
        f"<title>{title}</title>\n<style>\n{STYLE.read_text(encoding='utf-8')}</style>\n</head>\n<body>\n"
        f'<header><h1>{title}</h1>\n<p class="when">{escape(content.when)}</p>\n<ul class="lines">{lines}</ul>\n'
        f'<nav aria-label="Sections"><ul>{links}</ul></nav></header>\n<main>\n{body}</main>\n</body>\n</html>\n'
    )


def _guide(content: Content) -> str:
    remarks = [row.remark for row in content.rows if row.remark]
    said = (
        "<h3>Where claim and measurement differ</h3><ul>"
        + "".join(f"<li>{escape(one)}</li>" for one in remarks)
        + "</ul>"
    )
    return _table(GUIDE_HEAD, guide_cells(content.rows), cards=True) + (said if remarks else "")


def _figures(content: Content) -> str:
    parts = [
        f"<details><summary>{escape(suite)}: {len(cells)} figures</summary>{_table(FIGURE_HEAD, cells)}</details>"
        for suite in content.suites
        if (cells := figure_cells(content.material, suite))
    ]
    warned = "".join(f"<li>{escape(one)}.</li>" for one in content.warnings)
    warnings = f"<h3>Warnings</h3><ul>{warned}</ul>" if warned else ""
    return ("".join(parts) or "<p>No figure was measured on both sides yet.</p>") + warnings


def _beside(content: Content) -> str:
    if not content.beside:
        return "<p class=unknown>Not measured yet: bench compare obs_like after, or a scenario of your own.</p>"
    return "".join(f"<h3>{escape(one.heading)}</h3>{_table(one.head, one.cells, cards=True)}" for one in content.beside)


def _singles(content: Content) -> str:
    if not content.singles:
        return "<p class=unknown>Not measured yet: other loads and a long run are measured by bench measure drops.</p>"
    return _table(SINGLE_HEAD, content.singles, cards=True)


def _broken(content: Content) -> str:
    if not content.broken:
        return "<p>Every run came to its end.</p>"
    return _table(BROKEN_HEAD, content.broken, cards=True) + "<p class=note>They are in no figure above.</p>"


def _method(content: Content) -> str:
    return "<ul>" + "".join(f"<li>{escape(one)}</li>" for one in content.method) + "</ul>"


def _machine(content: Content) -> str:
    return (
        "<dl>" + "".join(f"<dt>{escape(key)}</dt><dd>{escape(value)}</dd>" for key, value in content.machine) + "</dl>"
    )


def _figure(one: Drawn) -> str:
    if one.light is None or one.dark is None:
        return f"<p class=unknown>{escape(one.picture.caption)}</p>"
    source = f'<source media="screen and (prefers-color-scheme: dark)" srcset="{_data(one.dark)}">'
    image = f'<img src="{_data(one.light)}" alt="{escape(one.picture.title, quote=True)}">'
    # A narrow screen scrolls the picture sideways: made as small as that, its words could not be read.
    frame = f'<div class="wide" tabindex="0" role="group" aria-label="{escape(one.plot.heading, quote=True)}">'
    return f"<figure>{frame}<picture>{source}{image}</picture></div><figcaption>{escape(one.picture.caption)}</figcaption></figure>"


def _data(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()


def _table(head: Sequence[str], rows: Sequence[Cells], cards: bool = False) -> str:
    heads = "".join(f'<th scope="col">{escape(one)}</th>' for one in head)
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>'
        + "".join(_cell(name, text) for name, text in zip(head[1:], row[1:], strict=True))
        + "</tr>\n"
        for row in rows
    )
    table = f"<table{' class=cards' if cards else ''}><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="wide" tabindex="0" role="group" aria-label="table">{table}</div>'


def _cell(head: str, text: str) -> str:
    kind = CLASSES.get(text, "")
    return f'<td data-label="{escape(head, quote=True)}"{f" class={kind}" if kind else ""}>{_value(text, kind)}</td>'


def _value(text: str, kind: str) -> str:
    # One child, so that label and value are the two columns of a card; a kind is never told by colour alone.
    return f"<span>{escape(text)}</span>" if text else ""
