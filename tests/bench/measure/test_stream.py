"""Figures of the suite stream and what drops and cpu show of a run, on the readings of real runs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bench.figures import FIGURES
from bench.measure import cpu, drops
from bench.measure.stream import details_of, figures_of
from bench.scenario import find_scenario
from bench.stream.frames import account
from bench.stream.page import Page
from bench.stream.prepare import Images, prepare
from bench.stream.run import Measured, viewed_of, window_of
from bench.stream.sampler import cpu_between
from bench.viewer.score import FrameSample
from bench.viewer.watch import ViewerResult
from streamkit.errors import ExitCode
from tests.bench.stream import recorded
from tests.conftest import HERE


def seen(frames: int = 180, latency_ms: float = 40.0) -> ViewerResult:
    """Return what a viewer that sees every frame hands over: 30 frames a second, each as old as the others."""
    samples = []
    for number in range(frames):
        capture_ms = 1e12 + number * 1000 / 30
        shown = capture_ms + latency_ms
        samples.append(
            FrameSample(
                65500 + number & 0xFFFF, capture_ms, shown, shown, shown, capture_ms + 20, None, None, number, 1.0, 2.0
            )
        )
    stats = {
        "framesReceived": frames, "framesDecoded": frames, "framesDropped": 0, "totalAssemblyTime": 0.0,
        "jitterBufferDelay": 0.004 * frames, "jitterBufferEmittedCount": frames, "totalDecodeTime": 0.001 * frames,
    }  # fmt: skip
    audio: dict[str, float | None] = {
        "concealedSamples": 480.0,
        "totalSamplesReceived": 48000.0,
        "gaps": 2.0,
        "av_offset_ms": -3.0,
    }
    return ViewerResult(tuple(samples), stats, audio, 31.0, 0.1, 0.6, 6.0, "Chrome/1", ())


def measured(name: str = "after", result: ViewerResult | None = None) -> Measured:
    """Return a run as one_run does, from recorded readings."""
    hardware = json.loads((HERE / "fixtures" / "hosts" / "no_card.json").read_text())
    window = recorded.samples(name)
    first, last = window[0].launch, window[-1].launch
    assert first and last
    return Measured(
        prepared=prepare(find_scenario(name), Images("product:1", "before:1"), hardware),
        given="",
        load="idle",
        window=window,
        cpu=cpu_between(recorded.pipeline(name), recorded.stream_pid(name), window),
        frames=account(first, last, 30.0, numbered=False, viewed=viewed_of(result)),
        result=result,
        page=Page(requests=18),
    )


@pytest.mark.parametrize("result", [None, seen()], ids=["nobody", "viewer"])
def test_every_figure_is_in_the_catalogue_and_a_number(result: ViewerResult | None) -> None:
    figures = figures_of(measured(result=result))
    assert set(figures) <= {name for name, figure in FIGURES.items() if figure.suite == "stream"}
    if result is not None:
        assert set(figures) == {name for name, figure in FIGURES.items() if figure.suite == "stream"}
        assert None not in figures.values()
    json.dumps(details_of(measured(result=result)), allow_nan=False)


def test_figures_of_a_real_run() -> None:
    figures = figures_of(measured())
    assert figures["offered_frames"] == figures["captured_frames"] == pytest.approx(180, abs=4)
    assert figures["unexplained_frames"] == figures["drop_percent"] == 0
    stream, encoder, other = (figures[f"cpu_{one}_percent"] for one in ("stream", "encoder", "other"))
    assert stream is not None and encoder is not None and other == pytest.approx(100 * (1 - encoder / stream))
    assert figures["cpu_per_frame_ms"] == pytest.approx(stream * 10 / 30, rel=0.05)
    assert figures["dropped_network"] is None and "latency_p50_ms" not in figures
    assert figures["bitrate_kbps"] == pytest.approx(3000, rel=0.1)


def test_latency_and_sound_where_somebody_watched() -> None:
    figures = figures_of(measured(result=seen()))
    assert figures["latency_p50_ms"] == figures["latency_p99_ms"] == pytest.approx(40)
    stages = {name: figures[f"stage_{name}_ms"] for name in ("network", "jitter_buffer", "decode", "present")}
    assert stages["jitter_buffer"] == pytest.approx(4) and stages["decode"] == pytest.approx(1)
    assert figures["stage_sum_ms"] == pytest.approx(40, abs=0.01)
    assert figures["presented_frames"] == 180 and figures["fps_presented"] == pytest.approx(30)
    assert (figures["audio_concealed_percent"], figures["audio_gaps"], figures["av_offset_ms"]) == (1.0, 2.0, -3.0)
    assert details_of(measured(result=seen()))["viewer"]["latency_histogram_ms"] == {"40": 180}


def test_stages_of_the_pipeline_are_there_without_a_viewer() -> None:
    # gst-launch's way, in before: the sink waits for the clock.
    send, after = (figures_of(measured(name))["stage_send_ms"] for name in ("before", "after"))
    assert send is not None and after is not None and send > 5 > 1 > after


def test_the_window_is_that_of_the_pictures() -> None:
    assert window_of(None, 100.0, 6.0) == (94.0, 100.0)
    begun, ended = window_of(seen(), 100.0, 6.0)
    assert ended - begun == pytest.approx(179 / 30)


def test_drops_are_shown_by_stage() -> None:
    text = "\n".join(drops.lines(details_of(measured(result=seen()))))
    assert "lost: queue" in text and "lost: network" in text and "0.00 %" in text and "presented" in text
    assert "nobody watched" in "\n".join(drops.lines(details_of(measured())))


def test_an_open_ledger_is_refused() -> None:
    details: dict[str, Any] = details_of(measured())
    details["verdict"] = "The drop ledger does not close: 5 frames are unexplained."
    with pytest.raises(drops.OpenLedgerError, match="does not close") as refused:
        drops.lines(details)
    assert refused.value.exit_code == ExitCode.FAILED


def test_cpu_is_shown_by_process_and_part() -> None:
    run = measured("before")
    text = "\n".join(cpu.lines(figures_of(run), details_of(run)))
    for part in (
        "container",
        "stream",
        "panel",
        "encoder, with parser",
        "sound",
        "Besides the encoder",
        "of what the encoder does",
        "The sampler took",
    ):
        assert part in text
    details = details_of(run)
    details["cpu"] |= {"encoder": None, "besides_share": None, "pipeline_share": None}
    assert "cannot be told" in "\n".join(cpu.lines(figures_of(run), details))
