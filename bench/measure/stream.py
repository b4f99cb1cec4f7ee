"""The suite ``stream``: one run of a scenario that gives drops, CPU and latency together."""

from __future__ import annotations

import collections
import dataclasses
import math
from typing import Any

from bench.measure.suites import Details, Figures, Options
from bench.scenario import Scenario
from bench.stream import frames as account_of
from bench.stream.run import Measured, one_run
from bench.stream.sampler import Sample, timeline
from bench.viewer.budget import budget, launcher_medians
from bench.viewer.score import score
from bench.viewer.watch import ViewerResult

SECONDS = 90.0


def measure(scenario: Scenario, options: Options) -> tuple[Figures, Details]:
    """Make one run of the suite ``stream``."""
    run = one_run(scenario, options.seconds or SECONDS, tell=options.tell)
    return figures_of(run), details_of(run)


def figures_of(run: Measured) -> Figures:
    """Return the suite's figures that frames, CPU and viewer give; latency where somebody watched."""
    frames, cpu = run.frames, run.cpu
    encoded = _encoded(run.window)
    stream = cpu.processes.get("stream")
    figures: Figures = {
        "offered_frames": frames.offered,
        "captured_frames": frames.captured,
        "sent_frames": frames.sent,
        "decoded_frames": frames.decoded,
        "presented_frames": frames.presented,
        "repeated_frames": frames.repeated,
        "misordered_frames": frames.misordered,
        "unreadable_frames": frames.unreadable,
        "skipped_by_page": frames.skipped_by_page,
        "drop_percent": frames.drop_percent if frames.closes else None,
        **{f"dropped_{stage}": frames.lost[stage] for stage in account_of.STAGES},
        "unexplained_frames": frames.unexplained,
        "cpu_stream_percent": stream,
        "cpu_encoder_percent": cpu.encoder,
        "cpu_other_percent": cpu.besides_share,
        "cpu_pipeline_percent": cpu.pipeline_share,
        "cpu_panel_percent": cpu.processes.get("panel"),
        "cpu_supervisor_percent": cpu.processes.get("supervisor"),
        "cpu_container_percent": cpu.container,
        "cpu_per_frame_ms": stream * 10 * cpu.seconds / encoded if stream is not None and encoded else None,
        "sampler_cpu_percent": cpu.sampler,
        "bitrate_kbps": _bitrate_kbps(run),
        **{f"stage_{stage}_ms": value for stage, value in launcher_medians(_stages_each_second(run.window)).items()},
    }
    if run.result is None:
        return {**figures, "dropped_network": None, "dropped_viewer": None}
    return {**figures, **seen_by(run.result, run.window)}


def seen_by(result: ViewerResult, window: list[Sample]) -> Figures:
    """Return the figures that only a viewer gives: latency with its budget, sound, rate as presented."""
    found, parts = score(result.samples), budget(result.samples, result.stats, _stages_each_second(window))
    concealed, heard = (result.audio.get(name) for name in ("concealedSamples", "totalSamplesReceived"))
    return {
        "latency_p50_ms": found.latency_p50_ms,
        "latency_p95_ms": found.latency_p95_ms,
        "latency_p99_ms": found.latency_p99_ms,
        **{f"stage_{stage}_ms": value for stage, value in parts.stages_ms.items()},
        "stage_sum_ms": parts.sum_ms,
        "method_error_ms": result.method_error_ms,
        "fps_presented": found.fps,
        "viewer_cpu_percent": result.cpu_percent,
        "audio_concealed_percent": 100 * concealed / heard if concealed is not None and heard else None,
        "audio_gaps": result.audio.get("gaps"),
        # The picture ahead of the sound is the sound behind the picture.
        "av_offset_ms": result.audio.get("av_offset_ms"),
    }


def details_of(run: Measured) -> Details:
    """Return what a report draws besides: the account, CPU by part and process, and a row for each second."""
    return {
        "scenario": run.prepared.scenario,
        "image": run.prepared.image,
        "given": run.given,
        "load": run.load,
        "offered_fps": run.prepared.offered_fps,
        "frames": run.frames.as_document(),
        "verdict": account_of.verdict(run.frames),
        "cpu": run.cpu.as_document(),
        "timeline": timeline(run.window),
        "page": {"requests": run.page.requests, "bytes": run.page.received_bytes, "problem": run.page.problem},
        "audio": _sound(run.window),
        "viewer": _viewer(run.result, run.window) if run.result is not None else None,
        "searched": vars(run.searched) | {"trials": [vars(one) for one in run.searched.trials]}
        if run.searched
        else None,
    }


def _stages_each_second(window: list[Sample]) -> list[dict[str, Any]]:
    return [sample.launch["video"]["stages_ms"] for sample in window if sample.launch]


def _viewer(result: ViewerResult, window: list[Sample]) -> Details:
    parts, found = budget(result.samples, result.stats, _stages_each_second(window)), score(result.samples)
    # One entry for each ms: enough for any quantile and plot, and of one size however long the run.
    latencies = collections.Counter(round(one.latency_ms) for one in result.samples if one.latency_ms is not None)
    return {
        "browser": result.browser,
        "flags": list(result.flags),
        "decoder": result.decoder,
        "size": [result.width, result.height],
        "error": result.error,
        "stats": result.stats,
        "audio": result.audio,
        "clock_error_ms": result.clock_error_ms,
        "latency_histogram_ms": {str(ms): latencies[ms] for ms in sorted(latencies)},
        "latency_worst_ms": found.latency_worst_ms,
        "callback_p50_ms": found.callback_p50_ms,
        "budget_error_ms": parts.error_ms,
        "timeline": [dataclasses.asdict(point) for point in found.timeline],
    }


def _encoded(window: list[Sample]) -> int:
    counts = [sample.launch["video"]["encoded"] for sample in window if sample.launch]
    return counts[-1] - counts[0] if len(counts) > 1 else 0


def _bitrate_kbps(run: Measured) -> float | None:
    """Return the coded picture's bitrate; where the sink encodes, what it sends to its viewer, sound included."""
    if run.prepared.scenario["encoder"] and run.prepared.scenario["encoder"][0] == "identity":
        rates = [row["bitrate_kbps"] for sample in run.window if sample.launch for row in sample.launch["viewers"]]
    else:
        rates = [sample.launch["video"]["bitrate_kbps"] for sample in run.window if sample.launch]
    known = [rate for rate in rates if rate is not None and math.isfinite(rate)]
    return sum(known) / len(known) if known else None


def _sound(window: list[Sample]) -> dict[str, Any] | None:
    rows = [sample.launch["ledger"]["audio"] for sample in window if sample.launch and sample.launch["ledger"]["audio"]]
    return {name: rows[-1][name] - rows[0][name] for name in rows[0]} if len(rows) > 1 else None
