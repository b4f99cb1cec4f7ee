"""The tables, to the letter: golden texts of the test records, reviewed like code."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest

from bench.report.content import Content, content
from bench.report.document import document
from bench.report.guide import rows
from bench.report.material import Material, gather
from bench.report.page import page
from bench.report.tables import GUIDE_HEAD, figures_csv, guide_cells, guide_csv, markdown, runs_csv, warnings
from tests.bench.report import factory

GOLDEN = Path(__file__).parent / "golden"


def golden_texts(material: Material) -> dict[str, str]:
    """Return {file in golden: text}."""
    table = rows(material)
    return {
        "guide.md": markdown(GUIDE_HEAD, guide_cells(table)) + "\n",
        "guide.csv": guide_csv(table),
        "figures.csv": figures_csv(material),
    }


@pytest.mark.parametrize("name", ["guide.md", "guide.csv", "figures.csv"])
def test_a_table_is_as_reviewed(material: Material, name: str) -> None:
    assert golden_texts(material)[name] == (GOLDEN / name).read_text(encoding="utf-8")


def test_every_run_is_in_the_csv_also_one_without_figures(material: Material) -> None:
    rows_read = list(csv.DictReader(io.StringIO(runs_csv(material.runs))))
    assert {row["id"] for row in rows_read} == {run.id for run in material.runs}
    (crash,) = [row for row in rows_read if row["id"] == "crash"]
    assert (crash["status"], crash["figure"], crash["value"]) == ("crashed", "", "")
    (drop,) = [row for row in rows_read if row["id"] == "stream-before-0" and row["figure"] == "drop_percent"]
    assert float(drop["value"]) == 11.0


def test_a_spreadsheet_takes_no_text_for_a_formula() -> None:
    run = factory.run("stream", "after", None, {"latency_p50_ms": -3.0}, id='=HYPERLINK("x")')
    (row,) = csv.DictReader(io.StringIO(runs_csv([run])))
    assert row["id"] == '\'=HYPERLINK("x")' and row["value"] == "-3.0"


def test_the_document_has_every_part(made: Content) -> None:
    text = document(made, "plots/")
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert headings == [
        "## The guide's table",
        *(f"## {one.plot.heading}" for one in made.drawn),
        "## All figures",
        "## Runs outside the comparison",
        "## Runs that did not finish",
        "## How it was measured",
        "## The machine",
    ]
    assert "| stream | before | 7 | crashed | Chromium ended. |" in text
    assert "approximates root and privileged mode: root with 41 capabilities" in text
    assert "The error of the latency's own method is 0.30" in text
    assert "| governor | performance |" in text and "| load 1 minute | 0.1 to 0.22 |" in text
    assert text.count("](plots/") == len(made.drawn)


def test_another_way_to_stream_stands_beside_the_product() -> None:
    runs = [*factory.everything(), *factory.another("obs_like", 480.0)]
    made = content(gather(runs, "before", "after", 1, "here"))
    (other,) = made.material.beside
    assert other.name == "obs_like" and not made.material.left_out
    # Its sessions are its own: what was judged before it stays as it was.
    assert made.rows == rows(gather(factory.everything(), "before", "after", 1, "here"))
    (table,) = made.beside
    assert table.heading == "\u201cobs_like\u201d beside \u201cafter\u201d: Test data, obs_like"
    latency = dict(zip(table.head, table.cells[0], strict=True))
    assert latency["figure"] == "latency glass to glass, p50"
    assert (latency["obs_like"], latency["after"]) == ("480\u00a0ms", "30.2\u00a0ms")
    assert latency["verdict"] == "better" and latency["n"] == "6 pairs"
    text, shown = document(made, "plots/"), page(made)
    assert "### \u201cobs_like\u201d beside" in text
    assert shown.count("\u201cobs_like\u201d beside") == 1
    assert "obs_like-5" in runs_csv(made.material.all_runs())
    assert any(run.id == "obs_like-crash" for run in made.material.broken())


def test_quality_of_another_way_stands_with_it_and_is_no_single_run() -> None:
    pairs = []
    for one in factory.another("raw", 480.0):
        if one.pair is not None:
            psnr: dict[str, float | None] = {
                "psnr_db": 34.0 if one.scenario == "raw" else 37.8,
                "received_kbps": 2700.0,
            }
            pairs.append(replace(one, suite="quality", figures=psnr, id=f"quality-{one.id}"))
    runs = [*factory.everything(), *factory.another("raw", 480.0), *pairs]
    made = content(gather(runs, "before", "after", 1, "here"))
    rows = {cells[0]: cells for cells in made.beside[0].cells}
    assert rows["PSNR of the picture's luma"][6] == "better"
    assert "bitrate of the picture as received" in rows
    assert not any(line.startswith("quality:") for line in made.method)


def test_warnings_are_told_by_their_cause() -> None:
    material = gather(factory.everything(), "before", "after", 1, "here")
    names = ("latency_p50_ms", "latency_p99_ms")
    told = {
        name: replace(
            one,
            warnings=(
                f"{one.figure.label} spreads by 1 ms before: something ran; stop it.",
                "It was hot: a fan; clean it.",
            ),
        )
        for name in names
        if (one := material.comparisons[name])
    }
    said = warnings(replace(material, comparisons=told))
    assert said == [
        "Something ran; stop it: latency glass to glass, p50 spreads by 1 ms before; latency glass to glass, p99 spreads by "
        "1 ms before",
        "A fan; clean it: It was hot (latency glass to glass, p50; latency glass to glass, p99)",
    ]
