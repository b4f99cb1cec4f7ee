"""How many viewers one host serves: what is read out of the steps, and a short climb with real viewers."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bench.figures import FIGURES
from bench.measure.cli import app
from bench.measure.viewers import Step, climb, figures_of, growth, lines, slope, step_of, too_many, why_it_ended
from bench.scenario import find_scenario
from bench.stream.container import started
from bench.stream.prepare import prepare
from streamkit.errors import ExitCode
from tests.bench.measure.test_stream import measured, seen


def step(viewers: int, p99_ms: float | None = 40.0, **more: Any) -> Step:
    """Return a step: the encoder takes 20 %, each viewer 3 % and 3,000 kbit/s."""
    values: dict[str, Any] = {
        "viewers": viewers,
        "latency_p50_ms": None if p99_ms is None else p99_ms - 10,
        "latency_p99_ms": p99_ms,
        "drop_percent": 0.0,
        "encoded_fps": 30.0,
        "encoder_cpu_percent": 20.0,
        "stream_cpu_percent": 25.0 + 3.0 * viewers,
        "others_cpu_percent": 2.0 * (viewers - 1),
        "sent_kbps": 3000.0 * viewers,
        "packets_lost": 0,
    }
    return Step(**(values | more))


STEPS = [step(1), step(2, 42.0), step(4, 50.0), step(8, 81.0, stream_cpu_percent=99.0)]


def test_the_step_that_doubles_the_delay_is_too_many_and_counts_for_no_slope() -> None:
    figures = figures_of(STEPS)
    assert figures["viewers_held"] == 4.0 and figures["viewers_too_many"] == 8.0
    assert figures["viewer_cost_percent"] == pytest.approx(3.0)
    assert figures["viewer_kbps"] == pytest.approx(3000.0)
    assert figures["viewer_p99_ms"] == 40.0
    assert set(figures) == {name for name, figure in FIGURES.items() if figure.suite == "viewers"}
    assert why_it_ended(STEPS) == "With 8 viewers the p99 of the delay was 81.0 ms, with one 40.0."


@pytest.mark.parametrize("last", [step(8, None), step(8, 60.0, drop_percent=30.0)])
def test_a_stream_that_falls_apart_is_too_many(last: Step) -> None:
    assert too_many(STEPS[0], last)
    assert why_it_ended([STEPS[0], last]).startswith("With 8 viewers the stream fell apart: ")
    assert figures_of([*STEPS[:2], last])["viewers_held"] == 2.0


def test_where_nothing_was_too_many_it_says_so() -> None:
    figures = figures_of(STEPS[:3])
    assert figures["viewers_held"] == 4.0 and "viewers_too_many" not in figures
    assert why_it_ended(STEPS[:3]) == "4 viewers, the most that are tried, were served with less than twice the delay."


def test_one_viewer_alone_has_no_slope() -> None:
    assert slope([(1, 20.0)]) is None and growth(STEPS[:1]) is None
    figures = figures_of([step(1, None)])
    assert (figures["viewers_held"], figures["viewer_cost_percent"], figures["viewer_p99_ms"]) == (0.0, None, None)


def test_an_encoder_for_each_viewer_would_show() -> None:
    many = [step(1), step(2, encoder_cpu_percent=40.0)]
    assert growth(many) == pytest.approx(100.0)
    # Frames that were lost were not encoded either.
    assert growth([step(1), step(2, encoder_cpu_percent=10.0, encoded_fps=15.0)]) == pytest.approx(0.0)


def test_a_person_reads_a_row_for_each_step() -> None:
    details = {"steps": [dataclasses.asdict(one) for one in STEPS], "ended": why_it_ended(STEPS)}
    shown = lines(figures_of(STEPS), json.loads(json.dumps(details)))
    assert len({len(line) for line in shown[1:5]}) == 1
    assert shown[2].split()[:3] == ["2", "32.0", "42.0"]
    assert shown[-2] == "One more viewer costs 3.00 % of a core and 3.00 Mbit/s."
    assert shown[-1].endswith("81.0 ms, with one 40.0.")


def test_a_step_of_a_real_run() -> None:
    run = measured(result=seen())
    ends = [sample.launch for sample in (run.window[0], run.window[-1])]
    documents = []
    for number, launch in enumerate(ends):
        assert launch
        rows = [
            {"id": "a", "bytes_sent": 1000 + number * 3_000_000, "packets_lost": None},
            {"id": f"new-{number}", "bytes_sent": 500, "packets_lost": 2},
        ]
        documents.append({**launch, "viewers": rows})
    window = [dataclasses.replace(run.window[0], launch=document) for document in documents]
    run = dataclasses.replace(run, window=window)
    found = step_of(run, 3, 12.0)
    lasted_s = documents[1]["sampled_at"] - documents[0]["sampled_at"]
    # A viewer that came meanwhile has no earlier count to subtract.
    assert found.sent_kbps == pytest.approx(24_000 / lasted_s)
    assert (found.viewers, found.others_cpu_percent, found.packets_lost) == (3, 12.0, 2)
    assert found.latency_p99_ms == pytest.approx(40.0) and found.encoded_fps == pytest.approx(30, abs=1)


@pytest.mark.image
def test_real_viewers_are_served_by_one_encoder(product_image: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_PRODUCT_IMAGE", product_image)
    told: list[str] = []
    with started(prepare(find_scenario("after"))) as running:
        one, four = climb(running, 5.0, (1, 4), told.append)
    assert four.sent_kbps > 2.5 * one.sent_kbps > 0
    assert four.others_cpu_percent > 0 and four.latency_p99_ms is not None
    assert four.encoded_fps == pytest.approx(30, rel=0.2)
    assert [line.split(":")[0] for line in told] == ["1 viewer", "4 viewers"]


def test_an_unknown_scenario_is_one_sentence(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["viewers", "--scenario", "befor", "--out", str(tmp_path)])
    assert getattr(result.exception, "exit_code", None) == ExitCode.BAD_INPUT
    assert "There is no scenario 'befor'" in str(result.exception)
