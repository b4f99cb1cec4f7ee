"""What the command shows of a run, on a recorded one."""

from __future__ import annotations

from typing import Any

import pytest

from bench.measure.latency import NoLatencyError, closes, lines
from bench.viewer.budget import budget
from bench.viewer.score import score
from bench.viewer.statistics import difference
from tests.bench.viewer.recording import recorded, recorded_samples


@pytest.fixture
def figures() -> dict[str, float | None]:
    document, samples = recorded(), recorded_samples()
    seen = score(samples)
    before, after = (one["video"] for one in document["stats"])
    parts = budget(samples, difference(before, after), document["stages_ms"])
    return {
        "latency_p50_ms": seen.latency_p50_ms,
        "latency_p95_ms": seen.latency_p95_ms,
        "latency_p99_ms": seen.latency_p99_ms,
        "stage_sum_ms": parts.sum_ms,
        "method_error_ms": 0.7,
        **{f"stage_{stage}_ms": value for stage, value in parts.stages_ms.items()},
    }


@pytest.fixture
def details() -> dict[str, Any]:
    return {"viewer": {"browser": "Chrome/156.0.8078.79", "error": None}}


def test_a_recorded_run(figures: dict[str, float | None], details: dict[str, Any]) -> None:
    shown = lines(figures, details)
    assert shown[0].split() == ["glass", "to", "glass,", "p50", "29.0", "ms"]
    assert [line.split()[0] for line in shown[3:11]] == [
        "capture", "convert", "encode", "send", "network", "jitter", "decode", "present",
    ]  # fmt: skip
    assert shown[-1] == "Watched in Chrome/156.0.8078.79."
    assert not any(line.startswith("Note") for line in shown)


def test_stages_that_do_not_add_up_are_said(figures: dict[str, float | None], details: dict[str, Any]) -> None:
    assert closes(figures)
    wrong = {**figures, "stage_sum_ms": 20.0}
    assert not closes(wrong)
    assert "Note: the stages do not add up to the whole; measure longer, or on a quieter machine." in lines(
        wrong, details
    )
    assert not closes({**figures, "stage_network_ms": -12.0})


def test_a_viewer_that_ended_early_is_said(figures: dict[str, float | None]) -> None:
    shown = lines(figures, {"viewer": {"browser": "Chrome/156", "error": "Chromium ended."}})
    assert "Note: the viewer ended early: Chromium ended." in shown


@pytest.mark.parametrize("viewer", [None, {"browser": "Chrome/156", "error": None}])
def test_no_code_was_readable(viewer: Any) -> None:
    with pytest.raises(NoLatencyError, match="no time code was readable"):
        lines({"latency_p50_ms": None}, {"viewer": viewer})
