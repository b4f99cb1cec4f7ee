"""The stages of a recorded run add up to what was measured as a whole; what is missing or wrong shows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bench.viewer.budget import STAGES, Budget, budget, launcher_medians
from bench.viewer.statistics import difference
from tests.bench.viewer.recording import recorded, recorded_samples


def parts() -> tuple[Any, dict[str, float], list[dict[str, Any]]]:
    document = recorded()
    before, after = (one["video"] for one in document["stats"])
    return recorded_samples(), difference(before, after), document["stages_ms"]


def test_a_recorded_run_adds_up() -> None:
    found = budget(*parts())
    assert found.closes(within_ms=1.0), found
    assert found.sum_ms is not None and found.total_ms == pytest.approx(29.0, abs=0.3)
    assert all((value or 0) >= 0 for value in found.stages_ms.values()), found
    assert found.stages_ms["encode"] == pytest.approx(4.1, abs=0.3)
    assert found.stages_ms["jitter_buffer"] == pytest.approx(6.7, abs=0.3)
    assert tuple(found.stages_ms) == STAGES


def test_decoders_that_disagree_open_the_budget() -> None:
    # getStats and the page's callbacks measure the decoder each for itself: one that lies is found out.
    samples, stats, stages = parts()
    found = budget(
        samples, {**stats, "totalDecodeTime": stats["totalDecodeTime"] + 0.01 * stats["framesDecoded"]}, stages
    )
    assert found.error_ms == pytest.approx(10, abs=1)
    assert not found.closes(within_ms=3.0)


def test_a_launcher_that_claims_more_than_there_was_opens_the_budget() -> None:
    samples, stats, stages = parts()
    found = budget(samples, stats, [{**one, "encode": {"p50": 40.0}} for one in stages])
    assert (found.stages_ms["network"] or 0) < -20
    assert not found.closes(within_ms=3.0)


def test_where_a_delay_is_put_in_it_shows() -> None:
    samples, stats, stages = parts()
    before = budget(samples, stats, stages)
    late = [
        replace(
            one,
            receive_ms=(one.receive_ms or 0) + 50,
            presentation_ms=one.presentation_ms + 50,
            expected_display_ms=one.expected_display_ms + 50,
        )
        for one in samples
    ]
    after = budget(late, stats, stages)
    grown = {stage: (after.stages_ms[stage] or 0) - (before.stages_ms[stage] or 0) for stage in STAGES}
    assert grown.pop("network") == pytest.approx(50, abs=0.01)
    assert list(grown.values()) == pytest.approx([0.0] * 7, abs=0.01)


def test_a_stage_that_nobody_measured() -> None:
    samples, stats, stages = parts()
    found = budget(samples, stats, [{**one, "convert": None} for one in stages])
    assert (found.stages_ms["convert"], found.stages_ms["network"], found.sum_ms, found.error_ms) == (None,) * 4
    assert not found.closes(within_ms=1000)
    assert budget([], {}, []) == Budget(dict.fromkeys(STAGES), None, None, None)


def test_medians_of_the_launcher() -> None:
    seconds = [{"encode": {"p50": value}, "send": None} for value in (4.0, 9.0, 5.0)]
    assert launcher_medians(seconds) == {"capture": None, "convert": None, "encode": 5.0, "send": None}
