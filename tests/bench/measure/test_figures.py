"""Rows, verdicts and the table from records made by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench.measure.panel.figures import GOALS, Goal, rows, verdict
from bench.measure.panel.report import BEGIN, END, number, table, write_into
from bench.records import Run
from streamkit.errors import BadInputError

ABOUT = {"rounds": 3, "seconds": 20.0, "answers": 100, "crowd": 1000, "glances": "4.5"}
MACHINE: dict[str, Any] = {
    "cpu": "Some CPU",
    "cores": 2,
    "kernel": "6.1",
    "governor": None,
    "load_1_minute": 0.5,
    "python": "3.11.2",
    "versions": {"gevent": "25.1"},
}


def run(contestant: str, figure: str, value: float, **changed: Any) -> Run:
    whole: dict[str, Any] = {
        **{"suite": "panel", "scenario": contestant, "session": "s", "begun_at": 0.0, "seconds": 60.0},
        **{"figures": {figure: value}, "details": ABOUT, "machine": MACHINE},
    }
    return Run(**{**whole, **changed})


@pytest.mark.parametrize(
    ("goal", "ours", "before", "expected"),
    [
        (Goal("a", "a", most=5), (5.0,), (), "reached"),
        (Goal("a", "a", most=5, below=True), (5.0,), (), "not reached"),
        (Goal("a", "a", most=5), (1.0, 4.0, 99.0), (), "reached"),
        (Goal("a", "a", most=5, every_round=True), (1.0, 4.0, 99.0), (), "not reached"),
        (Goal("a", "a", times_less=12), (1.0,), (12.0,), "reached"),
        (Goal("a", "a", times_less=12), (1.0,), (11.9,), "not reached"),
        (Goal("a", "a", times_less=12), (1.0,), (), "not reached"),
        (Goal("a", "a", most=5, times_less=2), (6.0,), (99.0,), "not reached"),
        (Goal("a", "a"), (6.0,), (1.0,), "stated"),
    ],
)
def test_verdicts(goal: Goal, ours: tuple[float, ...], before: tuple[float, ...], expected: str) -> None:
    assert verdict(goal, ours, before) == expected


def test_rows_follow_the_goals_and_keep_every_round() -> None:
    runs = [run("after", "memory_1_mb", 30.0), run("after", "memory_1_mb", 32.0)]
    runs += [run("after", "memory_1_mb", 99.0, status="crashed")]
    runs += [run("before", "memory_1_mb", 62.0), run("glances", "cpu_idle_percent", 1.0)]
    (row,) = rows(runs)
    assert row.goal.figure == "memory_1_mb" and row.values["after"] == (30.0, 32.0)
    assert row.times_less("before") == 2.0
    assert row.times_less("glances") is None


def test_no_ratio_to_nothing() -> None:
    (row,) = rows([run("after", "requests_per_minute", 0), run("before", "requests_per_minute", 180)])
    assert (row.times_less("before"), row.verdict) == (None, "reached")


def test_goals_are_those_of_figures_that_differ() -> None:
    assert len({goal.figure for goal in GOALS}) == len(GOALS)


def test_table() -> None:
    runs = [run("after", "stats_p99_ms", 1.0), run("after", "stats_p99_ms", 2.0)]
    runs += [run("before", "stats_p99_ms", 150.0, machine={**MACHINE, "load_1_minute": 1.5})]
    text = table(runs)
    assert (
        "1970-01-01 00:00 UTC; 3 rounds" in text
        and "gevent 25.1, Glances 4.5." in text
        and "governor unknown, load 0.5 before the first run and 1.5 before the last" in text
    )
    line = text.splitlines()[-1]
    assert line == ("| `/api/stats`, p99 | < 5 ms, ≤ 1/20 of before | 1.5 ms (1 to 2) | 150 ms |  | 100 | reached |")


def test_numbers() -> None:
    assert [number(value) for value in (0, 0.04567, 1.5, 99.94, 1933, 68065.9)] == [
        "0",
        "0.0457",
        "1.5",
        "99.9",
        "1,933",
        "68,066",
    ]


def test_table_goes_between_the_markers(tmp_path: Path) -> None:
    page = tmp_path / "PANEL.md"
    page.write_text(f"above\n{BEGIN}\nold\n{END}\nbelow\n")
    write_into(page, "new")
    write_into(page, "newer")
    assert page.read_text() == f"above\n{BEGIN}\nnewer\n{END}\nbelow\n"


@pytest.mark.parametrize("text", ["no markers", f"{END}\n{BEGIN}\n"])
def test_a_page_without_markers_is_left_alone(tmp_path: Path, text: str) -> None:
    page = tmp_path / "PANEL.md"
    page.write_text(text)
    with pytest.raises(BadInputError, match="--docs puts the table between them"):
        write_into(page, "new")
    assert page.read_text() == text
    with pytest.raises(BadInputError, match="cannot be read"):
        write_into(tmp_path / "none.md", "new")
