"""``GET /metrics``: what the panel knows, for Prometheus.

Counters never fall while their stream runs; one that begins anew says so by ``streamkit_stream_start_time_seconds``.
A figure that is not known is absent.  Viewers are summed: their ids would make a new series for each that comes.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import streamkit
from streamkit.documents import Document
from streamkit.encoders import ENCODERS
from streamkit.panel.catalogue import CAPTURE_STATES, METRICS, STREAM_STATES
from streamkit.panel.exposition import CONTENT_TYPE, Value, render
from streamkit.panel.latest import Latest
from streamkit.panel.replies import Reply, raw_reply
from streamkit.panel.routes import Route
from streamkit.panel.sample import Sampler, setting


class MetricsArea:
    """Answers from the last sample.  ``readers`` returns how many pages are open, ``counters`` the requests by route."""

    def __init__(
        self, latest: Latest, sampler: Sampler, readers: Callable[[], int], counters: Callable[[], dict[str, int]]
    ) -> None:
        self._latest = latest
        self._sampler = sampler
        self._readers = readers
        self._counters = counters
        self._started_at = time.time()
        self._highest: dict[tuple[str, tuple[str, ...]], float] = {}
        self._run: object = ()
        self._began_at: float | None = None

    def routes(self) -> Iterable[Route]:
        """Return the address of the metrics."""
        return (Route("GET", "/metrics", self._metrics, "view"),)

    def _metrics(self) -> Reply:
        sample = self._latest.get()
        values = [
            *self._panel(),
            *_stream(sample, self._sampler),
            *self._rising(sample),
            *_machine(sample, self._sampler),
        ]
        return raw_reply(render(METRICS, values).encode(), 200, {"Content-Type": CONTENT_TYPE})

    def _panel(self) -> Iterator[Value]:
        yield Value("streamkit_build_info", 1, {"version": streamkit.__version__, "python": platform.python_version()})
        yield Value("streamkit_panel_start_time_seconds", round(self._started_at, 3))
        yield Value("streamkit_panel_event_clients", self._readers())
        for route, count in self._counters().items():
            yield Value("streamkit_panel_http_requests_total", count, {"route": route})
        totals = self._sampler.viewers.totals
        for name, counted in (
            ("packets_sent", "packets_sent"), ("packets_lost", "packets_lost"), ("sent_bytes", "bytes_sent"),
            ("nacks", "nack"), ("plis", "pli"),
        ):  # fmt: skip
            yield Value(f"streamkit_viewer_{name}_total", totals[counted])

    def _rising(self, sample: Document) -> Iterator[Value]:
        """Yield the counters of the running stream.  The launcher may book a frame under another name a moment later;
        what was once told is not taken back."""
        live = self._sampler.live or {}
        run = (live.get("pid"), setting_of(self._sampler.supervisor, "stream", "since"))
        if run != self._run:
            self._run, self._highest = run, {}
            uptime_s = _number(live.get("uptime_s"))
            # Once for each run: the difference of two clocks is never quite the same twice.
            self._began_at = None if uptime_s is None else round(live["sampled_at"] - uptime_s, 1)
        yield Value("streamkit_stream_start_time_seconds", self._began_at)
        for value in _counted(sample["stats"], live):
            if value.value is not None:
                key = (value.name, tuple(value.labels.values()))
                self._highest[key] = max(value.value, self._highest.get(key, 0))
                yield Value(value.name, self._highest[key], value.labels)


def setting_of(document: Mapping[str, Any], part: str, name: str) -> Any:
    """Return ``document[part][name]``, None where either is missing."""
    found = document.get(part)
    return found.get(name) if isinstance(found, dict) else None


def _counted(stats: Document, live: Document) -> Iterator[Value]:
    video, audio = stats["video"] or {}, stats["audio"] or {}
    ledger = video.get("ledger") or {}
    for stage, count in (
        ("captured", ledger.get("captured", video.get("captured"))), ("duplicated", ledger.get("duplicated")),
        ("encoded", video.get("encoded")), ("sent", ledger.get("sent")),
    ):  # fmt: skip
        yield Value("streamkit_video_frames_total", _number(count), {"stage": stage})
    for reason, count in (ledger.get("dropped") or {}).items():
        yield Value("streamkit_frames_dropped_total", _number(count), {"reason": reason})
    yield Value("streamkit_video_keyframes_total", _number(video.get("keyframes")))
    yield Value("streamkit_sink_rebuilds_total", _number(setting_of(live, "sink", "rebuilds")))
    sound = audio.get("ledger") or {}
    yield Value("streamkit_audio_buffers_total", _number(audio.get("buffers")))
    yield Value("streamkit_audio_gaps_total", _number(sound.get("gaps")))
    yield Value("streamkit_audio_gap_seconds_total", _scaled(sound.get("gap_ms"), 1e-3))


def _stream(sample: Document, sampler: Sampler) -> Iterator[Value]:
    stats, status = sample["stats"], sample["status"]
    video, supervisor = stats["video"] or {}, sampler.supervisor
    stream = status["stream"]
    for state in STREAM_STATES:
        yield Value("streamkit_stream_state", float(stream.get("state") == state), {"state": state})
    if status["desired"]:
        yield Value("streamkit_stream_wanted", float(status["desired"] == "running"))
    for process in ("stream", "panel", "poller"):
        restarts = _number(setting_of(supervisor, process, "restarts"))
        yield Value("streamkit_restarts_total", restarts, {"process": process})
    if encoder := ENCODERS.get(str(setting(supervisor, "encoder"))):
        words = {"encoder": encoder.id, "codec": encoder.codec, "element": encoder.element, "script": encoder.script}
        yield Value("streamkit_encoder_info", 1, words)
    if capture := stats["capture"]:
        for state in CAPTURE_STATES:
            yield Value("streamkit_capture_state", float(capture["state"] == state), {"state": state})
    yield Value("streamkit_video_frames_per_second", _number(video.get("fps")))
    yield Value("streamkit_video_configured_frames_per_second", _number(video.get("configured_fps")))
    yield Value("streamkit_video_bytes_per_second", _scaled(video.get("bitrate_kbps"), 125))
    target = setting(supervisor, "bitrate_kbps")
    yield Value("streamkit_video_target_bytes_per_second", _scaled(target, 125) if target else None)
    yield Value("streamkit_video_width_pixels", _number(video.get("width")))
    yield Value("streamkit_video_height_pixels", _number(video.get("height")))
    yield Value("streamkit_video_keyframe_interval_seconds", _number(video.get("keyframe_interval_s")))
    ledger = video.get("ledger") or {}
    yield Value("streamkit_video_frames_in_flight", _number(ledger.get("in_flight")))
    yield Value("streamkit_video_frames_unexplained", _number(ledger.get("unexplained")))
    for stage, delays in (video.get("stages_ms") or {}).items():
        for name, delay_ms in (delays or {}).items():
            labels = {"stage": stage, "percentile": name.removeprefix("p")}
            yield Value("streamkit_video_stage_delay_seconds", _scaled(delay_ms, 1e-3), labels)
    yield Value("streamkit_viewers", _number(stats["viewer_count"]))
    yield Value("streamkit_viewer_loss_ratio", _scaled(stats["loss_percent"], 0.01))
    yield Value("streamkit_viewer_round_trip_seconds", _scaled(stats["rtt_ms"], 1e-3))
    yield from _server(status["server"])


def _server(server: Document | None) -> Iterator[Value]:
    if server is None:
        return
    yield Value("streamkit_server_reachable", float(bool(server.get("reachable"))))
    yield Value("streamkit_server_healthy", float(bool(server.get("reachable")) and not server.get("error")))
    yield Value("streamkit_server_response_seconds", _scaled(server.get("latency_ms"), 1e-3))
    yield Value("streamkit_server_checked_timestamp_seconds", _number(server.get("sampled_at")))
    yield Value("streamkit_server_streams", _number(server.get("stream_count")))
    own = server["streams"][0] if server["streams"] else {}
    yield Value("streamkit_server_viewers", _number(own.get("viewers")))


def _machine(sample: Document, sampler: Sampler) -> Iterator[Value]:
    stats, machine = sample["stats"], sampler.machine
    host, container = stats["host"], stats["container"]
    yield Value("streamkit_host_cpu_usage_ratio", _scaled(host["cpu_percent"], 0.01))
    yield Value("streamkit_host_cpus", _number(host["cpu_count"]))
    yield Value("streamkit_host_load1", host["load"][0])
    yield Value("streamkit_host_memory_total_bytes", host["memory_total_bytes"])
    yield Value("streamkit_host_memory_used_bytes", host["memory_used_bytes"])
    yield Value("streamkit_host_temperature_celsius", host["temperature_c"])
    yield Value("streamkit_container_cpu_seconds_total", machine.container_cpu_s)
    yield Value("streamkit_container_cpu_limit_cores", container["cpu_limit_cores"])
    yield Value("streamkit_container_memory_used_bytes", container["memory_used_bytes"])
    yield Value("streamkit_container_memory_limit_bytes", container["memory_limit_bytes"])
    for process, cpu_s in machine.process_cpu_s.items():
        yield Value("streamkit_process_cpu_seconds_total", cpu_s, {"process": process})
        resident = _number(setting_of(stats["processes"], process, "memory_bytes"))
        yield Value("streamkit_process_resident_memory_bytes", resident, {"process": process})
    if gpu := stats["gpu"]:
        yield Value("streamkit_gpu_info", 1, {"name": gpu["name"], "source": gpu["source"]})
        for engine in ("video", "render"):
            yield Value("streamkit_gpu_usage_ratio", _scaled(gpu[f"{engine}_percent"], 0.01), {"engine": engine})


def _number(value: object) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _scaled(value: object, factor: float) -> float | None:
    number = _number(value)
    # Without the digits that a product of binary fractions adds.
    return None if number is None else float(f"{number * factor:.12g}")
