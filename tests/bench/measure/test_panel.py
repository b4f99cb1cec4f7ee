"""The short form of the benchmark, with what holds on any machine however busy."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

SIX = {"requests_per_minute", "cpu_idle_percent", "cpu_viewer_percent", "page_cpu_percent", "memory_mb", "stats_p99_ms"}


@pytest.mark.browser
def test_short_form_measures_both_panels(tmp_path: Path, report: dict[str, object]) -> None:
    out = tmp_path / "records.jsonl"
    words = [sys.executable, "-m", "bench.cli", "measure", "panel", "--quick", "--no-glances", "--out", str(out)]
    done = subprocess.run(words, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "| HTTP requests per minute after load | ≤ 0 | 0 |" in done.stdout
    records = [json.loads(line) for line in out.read_text().splitlines()]
    assert {record["schema_version"] for record in records} == {1}
    assert [records[0]["kind"], records[-1]["kind"]] == ["run", "end"]
    found = {(one["contestant"], one["figure"]): one["value"] for one in records if one["kind"] == "figure"}
    assert {figure for name, figure in found if name == "before"} >= SIX
    assert found["panel", "requests_per_minute"] == 0
    assert found["before", "requests_per_minute"] > 60
    assert found["panel", "serving_first_event_bytes"] <= 2048
    assert found["panel", "crowd_lost"] == 0
    for address in ("stats", "status"):
        assert 5 * found["panel", f"{address}_p50_ms"] <= found["before", f"{address}_p50_ms"]
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
