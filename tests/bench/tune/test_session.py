"""A whole search on a made-up host: it finds the known optimum, goes on where it was stopped, and keeps every run."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from bench.records import Store
from bench.tune.decide import Decision, decide
from bench.tune.halving import Outcome, challenger, next_step, plan
from bench.tune.session import SUITE, Question, lost, outcome, search
from bench.tune.space import candidates, knobs, profile_of
from streamkit.errors import UnavailableError
from tests.bench.tune.box import CPU, SETTINGS_OF_LOAD, Box, buffers, delay_ms

SEED = 5


def question(minutes: float = 60, faster: bool = False) -> Question:
    found = knobs(profile_of(SETTINGS_OF_LOAD), None, faster)
    made = plan(minutes * 60, 96, overhead_s=5)
    tried = candidates(found, made.rungs[0].candidates, SEED)
    return Question("box", "after", SETTINGS_OF_LOAD, CPU, made, tried, SEED)


def searched(box: Box, store: Store, session: str = "one", asked: Question | None = None) -> list[Outcome]:
    return search(asked or question(), store, box.measure, session, lambda *_: None, box.clock)


def decided(outcomes: list[Outcome]) -> Decision:
    asked = question()
    return decide(challenger(asked.plan, asked.tried, SEED, outcomes), outcomes, SEED)


@pytest.mark.parametrize("noise_ms", [0.0, 1.0, 2.0])
def test_the_optimum_is_found_and_proven(tmp_path: Path, noise_ms: float) -> None:
    box = Box(noise_ms)
    decision = decided(searched(box, Store(tmp_path)))
    assert decision.tuned and decision.comparison, decision.reason
    best = min(map(delay_ms, ({**SETTINGS_OF_LOAD, **dict(one.changes)} for one in question().tried)))
    assert delay_ms({**SETTINGS_OF_LOAD, **dict(decision.winner.changes)}) <= best + 2 * noise_ms
    assert decision.comparison.verdict == "better" and decision.comparison.n == 6
    assert "nothing lost, in 6 later pairs of runs" in decision.reason


def test_on_a_host_where_nothing_matters_the_defaults_stay() -> None:
    asked, tuned = question(), 0
    for seed in range(60):
        box, outcomes = Box(2.0, law=lambda settings: 48.0, seed=seed), list[Outcome]()
        while step := next_step(asked.plan, asked.tried, SEED, outcomes):
            figures, _ = box.measure({**SETTINGS_OF_LOAD, **dict(step.candidate.changes)}, step.seconds)
            place = (step.phase, step.candidate.name, step.rung, step.pair, step.position)
            outcomes.append(Outcome(*place, step.seconds + 5, figures["latency_p99_ms"], lost(figures)))
        tuned += decided(outcomes).tuned
    # The pairs are judged at 5 %, and a difference must count besides.
    assert tuned <= 3


def test_a_difference_below_the_threshold_is_not_worth_a_change(tmp_path: Path) -> None:
    box = Box(0.2, 0.0, law=lambda settings: 48 - 2 * (buffers(settings, "queue_rtp") == 1))
    decision = decided(searched(box, Store(tmp_path)))
    assert not decision.tuned and decision.challenger is not None
    assert "makes no difference that counts in 6 later pairs of runs; the guide's defaults stay." in decision.reason


def test_who_loses_frames_later_does_not_win(tmp_path: Path) -> None:
    asked = question()
    outcomes = searched(Box(), Store(tmp_path))
    against = challenger(asked.plan, asked.tried, SEED, outcomes)
    assert against is not None
    confirm = [one for one in outcomes if one.phase == "confirm" and one.candidate == against.name]
    spoilt = [replace(one, lost=0.1) if one == confirm[2] else one for one in outcomes]
    decision = decide(against, spoilt, SEED)
    assert not decision.tuned and "lost frames or sound" in decision.reason and "in 1 of its 6" in decision.reason


def test_a_load_that_is_too_much_says_so(tmp_path: Path) -> None:
    decision = decided(searched(Box(loses=lambda settings: 2.0), Store(tmp_path)))
    assert not decision.tuned and "this load is too much here" in decision.reason


def test_ctrl_c_keeps_what_is_done_and_the_same_command_goes_on(tmp_path: Path) -> None:
    whole = searched(Box(0.0, 0.0), Store(tmp_path / "whole"))
    box, store, stops = Box(0.0, 0.0), Store(tmp_path / "parts"), 0
    for session in range(100):
        box.stop_after = len(box.runs) + 5
        try:
            outcomes = searched(box, store, f"session {session}")
        except KeyboardInterrupt:
            stops += 1
            assert store.read()[-1].status == "stopped"
            continue
        break
    assert stops >= 5 and outcomes == whole
    assert len(box.runs) == len(whole), "nothing was measured twice"
    assert Counter(run.status for run in store.read()) == {"done": len(whole), "stopped": stops}
    # And once more: all is there.
    assert searched(box, store, "again") == whole and len(box.runs) == len(whole)


def test_a_crash_is_a_record_and_the_candidate_does_not_win(tmp_path: Path) -> None:
    box = Box(0.0, 0.0, crashes=lambda settings: buffers(settings, "queue_video_low_res") == 2)
    store = Store(tmp_path)
    decision = decided(searched(box, store))
    crashed = [run for run in store.read() if run.status == "crashed"]
    assert crashed and {run.reason for run in crashed} == {"the stream ended with status 139"}
    assert all(run.figures == {} and run.suite == SUITE for run in crashed)
    assert decision.tuned and buffers(dict(decision.winner.changes), "queue_video_low_res") != 2


def test_defaults_that_do_not_run_end_the_search_and_are_tried_again_later(tmp_path: Path) -> None:
    box, store = Box(crashes=lambda settings: settings == SETTINGS_OF_LOAD), Store(tmp_path)
    for session in ("one", "two"):
        with pytest.raises(UnavailableError, match=r"did not come through a run \(the stream ended with status 139\)"):
            searched(box, store, session)
    assert len(box.runs) == 2
    box.crashes = lambda settings: False
    assert searched(box, store, "three")


def test_another_kernel_or_image_is_another_search(tmp_path: Path) -> None:
    asked, box, store = question(), Box(), Store(tmp_path)
    box.stop_after = 3
    with pytest.raises(KeyboardInterrupt):
        searched(box, store, asked=asked)
    newer = replace(asked, machine={**CPU, "kernel": "6.12"})
    assert newer.key != asked.key == question().key != question(61).key
    box.stop_after = 4
    with pytest.raises(KeyboardInterrupt):
        searched(box, store, "two", newer)
    assert box.runs[0] == box.runs[3] == SETTINGS_OF_LOAD


def test_what_is_lost_is_known_or_unknown() -> None:
    whole: dict[str, float | None] = {"drop_percent": 0.0, "unexplained_frames": 0.0, "audio_gaps": 0.0}
    assert lost(whole) == 0
    assert lost({**whole, "audio_gaps": None}) == 0, "a scenario without sound"
    assert lost({**whole, "audio_gaps": 2.0}) == 2
    assert lost({**whole, "unexplained_frames": -1.0}) == 1
    assert lost({**whole, "drop_percent": None}) is None
    assert lost({}) is None


def test_records_say_what_was_run(tmp_path: Path) -> None:
    store = Store(tmp_path)
    searched(Box(), store)
    last = store.read()[-1]
    assert last.details["viewer"] == "made up" and last.machine == CPU
    assert last.scenario == f"after ({outcome(last).candidate})" and last.pair == 5
    assert last.seconds == pytest.approx(last.details["tune"]["seconds"] + 5)
