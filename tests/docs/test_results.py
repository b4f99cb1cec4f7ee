"""docs/RESULTS.md is what its records say, to the letter."""

from __future__ import annotations

from bench.records import FILE, Store
from bench.report.command import AFTER, BEFORE, SEED
from bench.report.content import content
from bench.report.document import document
from bench.report.material import gather
from tests.conftest import REPOSITORY

PAGE = REPOSITORY / "docs" / "RESULTS.md"
RECORDS = REPOSITORY / "docs" / "results"
PICTURES = "images/results/"


def test_page_is_what_bench_makes_of_its_records() -> None:
    made = content(gather(Store(RECORDS).read(), BEFORE, AFTER, SEED, str(RECORDS / FILE)))
    assert PAGE.read_text() == document(made, PICTURES), (
        "bench report --out docs/results --to build/report --docs docs/RESULTS.md"
    )
    drawn = {f"{one.plot.name}.png" for one in made.drawn if one.light is not None}
    assert {path.name for path in (PAGE.parent / PICTURES).iterdir()} == drawn


def test_every_row_of_the_guides_table_is_measured() -> None:
    rows = content(gather(Store(RECORDS).read(), BEFORE, AFTER, SEED, "")).rows
    assert len(rows) == 7 and all(row.measured for row in rows)
