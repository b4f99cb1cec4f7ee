"""The short form of the benchmark, with what holds on any machine however busy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bench.records import parse_run
from tests.conftest import REPOSITORY

SIX = {
    "requests_per_minute",
    "cpu_idle_percent",
    "cpu_viewer_percent",
    "page_cpu_percent",
    "memory_1_mb",
    "stats_p99_ms",
}


@pytest.mark.browser
def test_short_form_measures_both_panels(tmp_path: Path, report: dict[str, object]) -> None:
    out = tmp_path / "records.jsonl"
    words = [sys.executable, "-m", "bench.cli", "measure", "panel", "--quick", "--no-glances", "--out", str(out)]
    done = subprocess.run(words, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "| HTTP requests per minute after load | ≤ 0 | 0 |" in done.stdout
    runs = [parse_run(line, "a line") for line in out.read_text().splitlines()]
    assert [(run.suite, run.scenario, run.status) for run in runs if run] == [
        ("panel", "after", "done"),
        ("panel", "before", "done"),
    ]
    found = {(run.scenario, figure): value or 0 for run in runs if run for figure, value in run.figures.items()}
    assert {figure for name, figure in found if name == "before"} >= SIX
    assert found["after", "requests_per_minute"] == 0
    assert found["before", "requests_per_minute"] > 60
    assert found["after", "serving_first_event_bytes"] <= 2048
    assert found["after", "crowd_lost"] == 0
    for address in ("stats", "status"):
        assert 5 * found["after", f"{address}_p50_ms"] <= found["before", f"{address}_p50_ms"]
    # Told beside the delay and not in it: how much later than the kernel this process read.
    assert 0 <= found["after", "crowd_read_late_p99_ms"] < 10_000
    assert found["before", "memory_100_mb"] > found["before", "memory_0_mb"] > 1
    report["panel, short benchmark"] = {f"{name} {figure}": value for (name, figure), value in found.items()}


def test_a_page_that_cannot_take_the_table_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "bench.cli", "measure", "panel", "--docs", str(tmp_path / "none.md")]
    done = subprocess.run(words, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot be read (No such file or directory); --docs takes docs/PANEL.md." in done.stderr


def test_a_place_that_cannot_take_the_records_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    words = [sys.executable, "-m", "bench.cli", "measure", "panel", "--out", str(tmp_path / "file" / "records.jsonl")]
    done = subprocess.run(words, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--out takes a file in a folder." in done.stderr


@pytest.mark.parametrize("more", [["--quick"], ["--docs", "docs/PANEL.md"]])
def test_one_scenario_alone_has_no_table_of_three(more: list[str]) -> None:
    words = [sys.executable, "-m", "bench.cli", "measure", "panel", "--scenario", "after", *more]
    done = subprocess.run(words, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--scenario measures one panel alone; --quick and --docs belong to all of them." in done.stderr
