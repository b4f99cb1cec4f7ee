"""The decisions of the matrix, with trials that a table answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from streamkit.errors import StreamkitError
from streamkit.probe.matrix import BUDGET_S, OVERHEAD_S, next_step, run_matrix, seconds_for, try_candidate

RUNGS = [
    {"size": size, "fps": fps, "bitrate_kbps": 1000, "capture": "video/x-raw", "environment": {}}
    for size, fps in (("1920x1080", "60"), ("1280x720", "60"), ("1280x720", "30"), ("640x360", "30"))
]
CANDIDATE = {"encoder": "x264", "script": "stream-x264.sh", "needs": "", "rungs": RUNGS}


def answer(pixels_per_s: float, **changed: Any) -> Any:
    """An encoder that codes so many pixels per second, whatever the size."""

    def run(_candidate: Mapping[str, Any], rung: Mapping[str, Any], paced: bool, seconds: float) -> dict[str, Any]:
        width, height = (int(part) for part in rung["size"].split("x"))
        fps = float(rung["fps"])
        frames = round(seconds * fps)
        return {
            "fps": pixels_per_s / width / height, "frames_in": frames, "frames_out": frames, "keyframes": 1,
            "keyframe_first": True, "bitrate_kbps": 1100.0, "delay_ms": {"p50": 5.0, "p95": 8.0},
            "cpu_s": 0.5 * seconds, "fed_s": frames / fps, "took_s": seconds, **(changed if paced else {}),
        }  # fmt: skip

    return run


def test_the_first_step_that_holds_with_room_to_spare_is_kept() -> None:
    entry = try_candidate(CANDIDATE, answer(1920 * 1080 * 60 * 1.6), 1.0, 2.0)
    assert (entry["ok"], entry["size"], entry["fps"], entry["real_time_factor"]) == (True, "1920x1080", "60", 1.6)
    assert entry["cpu_percent"] == pytest.approx(50) and entry["bitrate_error_percent"] == pytest.approx(10)


def test_steps_that_cannot_hold_are_passed_over_and_the_next_is_measured() -> None:
    entry = try_candidate(CANDIDATE, answer(1280 * 720 * 30 * 1.6), 1.0, 2.0)
    assert (entry["ok"], entry["size"], entry["fps"]) == (True, "1280x720", "30")
    assert [step["size"] for step in entry["tried"]] == ["1920x1080", "1280x720"]


def test_too_slow_even_at_the_last_step() -> None:
    entry = try_candidate(CANDIDATE, answer(640 * 360 * 30 * 0.4), 1.0, 2.0)
    assert entry["ok"] is False
    assert entry["reason"].startswith("0.40 times real time at 640x360@30, where 1.5 is asked of software")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"frames_out": 3}, "120 frames went in and 3 came out"),
        ({"keyframe_first": False}, "is no key frame"),
        ({"delay_ms": {"p50": None, "p95": None}}, "cannot be followed"),
        ({"fed_s": 4.0}, "only 50 % of the frames were taken in time"),
    ],
)
def test_what_does_not_count_as_held(changed: dict[str, Any], words: str) -> None:
    one_step = {**CANDIDATE, "rungs": RUNGS[:1]}
    entry = try_candidate(one_step, answer(1e12, **changed), 1.0, 2.0)
    assert entry["ok"] is False and words in entry["reason"]


def test_failure_of_one_costs_only_that_one_and_keeps_its_whole_text() -> None:
    def run(candidate: Mapping[str, Any], *rest: Any) -> dict[str, Any]:
        if candidate["encoder"] == "vp9":
            raise StreamkitError("It hung: no end after 12 s.\nlast words")
        good: dict[str, Any] = answer(1e12)(candidate, *rest)
        return good

    seen: list[tuple[int, int, str]] = []
    job = {"candidates": [{**CANDIDATE, "encoder": "vp9"}, CANDIDATE]}
    entries = run_matrix(job, run, lambda done, total, what, _left: seen.append((done, total, what)))
    assert [entry["ok"] for entry in entries] == [False, True]
    assert entries[0]["reason"] == "It hung: no end after 12 s." and entries[0]["error"].endswith("last words")
    assert seen == [(0, 2, "vp9"), (1, 2, "x264"), (2, 2, "")]


def test_matrix_stays_within_its_budget() -> None:
    for number in range(1, 12):
        unpaced_s, paced_s = seconds_for(number)
        assert number * (2 * unpaced_s + paced_s + 3 * OVERHEAD_S) <= BUDGET_S * 1.05 or unpaced_s == 0.8


def test_next_step_is_the_first_that_should_hold_and_else_the_last() -> None:
    assert next_step(RUNGS, 0, 0.8, 1.5) == 1
    assert next_step(RUNGS, 0, 0.4, 1.5) == 2
    assert next_step(RUNGS, 0, 0.001, 1.5) == 3
    assert next_step(RUNGS, 3, 0.001, 1.5) is None
