"""Verdicts from saved records: which runs make a pair, and that a crash is never averaged away."""

from __future__ import annotations

import dataclasses
import random
from pathlib import Path

from bench.compare import attempts, crashes, judge
from bench.interleaved import Plan
from bench.measure.suites import find
from bench.records import Run, Status, Store
from bench.schedule import pairs
from bench.statistics import Comparison
from bench.verdicts import table

BEFORE, AFTER = "before", "after"


def recorded(
    pair: int, side: int, latency: float | None, session: str = "s1", status: Status = "done", **figures: float | None
) -> Run:
    """Make the record of one run of the stream."""
    return Run(
        suite="stream",
        scenario=(BEFORE, AFTER)[side],
        session=session,
        begun_at=1000.0 + 100 * pair + 50 * side,
        seconds=90.0,
        status=status,
        reason=None if status == "done" else "the container ended with 139",
        pair=pair,
        position=side ^ (pair & 1),
        figures={"latency_p50_ms": latency, **figures} if status == "done" else {},
        machine={"cpu": "N100", "cores": 4, "kernel": "6.1", "governor": "powersave"},
        id=f"{session}-{pair}-{side}",
    )


def six_pairs() -> list[Run]:
    """Six pairs of which after is ten ms better."""
    return [
        recorded(pair, side, (48.0, 38.0)[side] + pair % 3 / 10, drop_percent=(1.4, 0.0)[side])
        for pair in range(6)
        for side in (0, 1)
    ]


def verdict(found: list[Comparison], name: str) -> str:
    """Return the verdict of one figure."""
    return {one.figure.name: one for one in found}[name].verdict


def test_each_figure_gets_its_verdict_in_the_catalogues_order() -> None:
    found = judge(six_pairs(), BEFORE, AFTER, 1)
    assert [(one.figure.name, one.verdict, one.n) for one in found] == [
        ("latency_p50_ms", "better", 6),
        ("drop_percent", "better", 6),
    ]
    assert found[0].difference == -10.0
    assert [one.verdict for one in judge(six_pairs(), AFTER, BEFORE, 1)] == ["worse", "worse"]


def test_the_order_of_the_records_does_not_matter() -> None:
    runs = six_pairs()
    found = judge(runs, BEFORE, AFTER, 1)
    for seed in range(5):
        random.Random(seed).shuffle(runs)
        assert judge(runs, BEFORE, AFTER, 1) == found


def test_a_crash_makes_unknown_and_is_listed() -> None:
    runs = six_pairs()
    runs[7] = recorded(3, 1, None, status="crashed")
    assert [one.verdict for one in judge(runs, BEFORE, AFTER, 1)] == ["unknown", "unknown"]
    assert [run.id for run in crashes(runs, BEFORE, AFTER)] == ["s1-3-1"]
    runs[6] = recorded(3, 0, None, status="crashed")
    assert verdict(judge(runs, BEFORE, AFTER, 1), "latency_p50_ms") == "unknown", "both sides crashed"


def test_a_pair_that_was_made_again_counts_once_and_its_crash_stays_listed() -> None:
    runs = six_pairs()
    runs[7] = recorded(3, 1, None, status="crashed")
    runs += [recorded(3, side, (48.0, 38.0)[side], "s2", drop_percent=0.0) for side in (0, 1)]
    found = judge(runs, BEFORE, AFTER, 1)
    assert verdict(found, "latency_p50_ms") == "better" and found[0].n == 6
    assert len(crashes(runs, BEFORE, AFTER)) == 1


def test_runs_of_two_sessions_are_no_pair() -> None:
    runs = [recorded(0, 0, 48.0, "s1"), recorded(0, 1, 38.0, "s2")]
    assert attempts(runs, "stream", BEFORE, AFTER) == {} and judge(runs, BEFORE, AFTER, 1) == []


def test_stopped_runs_and_warmups_count_nowhere() -> None:
    runs = six_pairs()
    more = [recorded(6, 0, 1.0), recorded(6, 1, None, status="stopped")]
    more += [dataclasses.replace(recorded(7, side, 1.0), pair=None, position=None, warmup=True) for side in (0, 1)]
    assert judge([*runs, *more], BEFORE, AFTER, 1) == judge(runs, BEFORE, AFTER, 1)


def test_a_figure_that_a_pair_was_not_asked_for_counts_for_the_others() -> None:
    runs = six_pairs()
    for place in (0, 1, 2, 3):
        runs[place] = dataclasses.replace(runs[place], figures={**runs[place].figures, "build_cold_s": 300.0 - place})
    found = {one.figure.name: one for one in judge(runs, BEFORE, AFTER, 1)}
    assert (found["build_cold_s"].n, found["build_cold_s"].verdict, found["build_cold_s"].needs) == (
        2,
        "cannot tell",
        4,
    )
    runs[1] = dataclasses.replace(runs[1], figures={"latency_p50_ms": 38.0})
    assert verdict(judge(runs, BEFORE, AFTER, 1), "build_cold_s") == "unknown", "one side lacks what the other has"


def test_a_figure_of_one_side_alone_is_not_compared() -> None:
    runs = [
        dataclasses.replace(run, figures={**run.figures, "av_offset_ms": 3.0}) if run.scenario == AFTER else run
        for run in six_pairs()
    ]
    assert judge(runs, BEFORE, AFTER, 1) == judge(six_pairs(), BEFORE, AFTER, 1)


def test_a_side_that_always_crashes_makes_everything_unknown() -> None:
    runs = [
        recorded(run.pair or 0, 0, None, status="crashed") if run.scenario == BEFORE else run for run in six_pairs()
    ]
    assert [(one.verdict, one.n) for one in judge(runs, BEFORE, AFTER, 1)] == [("unknown", 0)] * 2


def test_figures_that_the_catalogue_lacks_are_shown_but_never_better() -> None:
    runs = [dataclasses.replace(run, figures={**run.figures, "new_figure": 10.0 - 5 * (run.scenario == AFTER)}) for run in six_pairs()]  # fmt: skip
    found = judge(runs, BEFORE, AFTER, 1)
    assert (found[-1].figure.name, found[-1].verdict) == ("new_figure", "different")


def test_other_scenarios_in_the_folder_do_not_disturb() -> None:
    other = [
        dataclasses.replace(run, scenario="obs_like", session="s9") for run in six_pairs() if run.scenario == AFTER
    ]
    other += [dataclasses.replace(run, session="s9") for run in six_pairs() if run.scenario == BEFORE]
    runs = six_pairs()
    assert judge([*runs, *other], BEFORE, AFTER, 1) == judge(runs, BEFORE, AFTER, 1)


def test_a_scenario_beside_itself_is_two_sides() -> None:
    runs = []
    for slot in pairs(6, 1):
        assert slot.pair is not None
        runs.append(
            dataclasses.replace(recorded(slot.pair, 0, 40.0 + slot.pair / 10), scenario="after", position=slot.position)
        )
    (one,) = judge(runs, "after", "after", 1)
    assert (one.n, one.verdict) == (6, "same")


def test_saved_records_give_equal_answers(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for run in six_pairs():
        store.append(run)
    assert judge(store.read(), BEFORE, AFTER, 1) == judge(six_pairs(), BEFORE, AFTER, 1)


def test_the_plan_of_the_guide_fits_two_hours() -> None:
    class Side:
        name = "x"

    plan = Plan(Side(), Side(), find([]))
    timed = {
        suite.name: 2 * plan.count(suite) * suite.seconds_estimate() for suite in plan.suites if suite.name != "build"
    }
    assert sum(timed.values()) <= 2 * 3600


def test_the_table() -> None:
    runs = six_pairs()
    for place, run in enumerate(runs):
        extra: dict[str, float | None] = {
            "bitrate_kbps": 4000.0 + place,
            "stage_decode_ms": None,
            "audio_gaps": 2.0 * (place % 5),
        }
        runs[place] = dataclasses.replace(run, figures={**run.figures, **extra})
    runs += [dataclasses.replace(run, suite="build", figures={"build_cold_s": 600.0 - 100 * (run.scenario == AFTER)}) for run in runs[:4]]  # fmt: skip
    crashed = recorded(3, 1, None, "s0", "crashed")
    text = "\n".join(table(BEFORE, AFTER, judge(runs, BEFORE, AFTER, 1), [crashed], {"stream": "Stream"}))
    golden = Path(__file__).parent / "golden_table.txt"
    assert text + "\n" == golden.read_text(encoding="utf-8")


def test_the_table_of_nothing() -> None:
    assert table(BEFORE, AFTER, [])[-1] == "No pair of runs is complete: nothing can be judged."
