"""Every figure that a run may give: what it is called, its unit, which way is better, and what difference matters.

The threshold is the practical one: a difference within it changes nothing for anybody, however significant it is.
Names are unique over all suites, for a figure is found by its name alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Better = Literal["less", "more", "none"]
ThresholdKind = Literal["relative", "absolute"]


@dataclass(frozen=True)
class Figure:
    """One figure.  ``threshold`` is a share of the value before (relative), or in the figure's own unit (absolute).

    ``better`` "none" is a figure that describes (frames offered): it may differ, but not for better or worse.
    ``exact`` is one that a repetition cannot change (a size, a fact): it is judged by its value, without a p.
    """

    name: str
    label: str
    unit: str
    better: Better
    threshold: float
    threshold_kind: ThresholdKind
    decimals: int
    suite: str
    exact: bool = False


def _ms(name: str, label: str, threshold: float = 1.0, suite: str = "stream") -> Figure:
    return Figure(name, label, "ms", "less", threshold, "absolute", 1, suite)


def _cpu(name: str, label: str, suite: str = "stream", better: Better = "less") -> Figure:
    """Percent of one core, as top counts it."""
    return Figure(name, label, "% of a core", better, 0.05, "relative", 1, suite)


def _frames(name: str, label: str, better: Better = "less") -> Figure:
    return Figure(name, label, "frames", better, 1.0, "absolute", 0, "stream")


def _seconds(name: str, label: str, suite: str) -> Figure:
    return Figure(name, label, "s", "less", 0.05, "relative", 1, suite)


def _memory(viewers: str) -> Figure:
    label = f"panel's memory, {viewers} viewer{'' if viewers == '1' else 's'}"
    return Figure(f"memory_{viewers}_mb", label, "MB", "less", 1.0, "absolute", 1, "panel")


def _fact(name: str, label: str) -> Figure:
    """1 where it is so: each is a door that is open."""
    return Figure(name, label, "yes = 1", "less", 0.0, "absolute", 0, "security", exact=True)


STAGES = ("capture", "convert", "encode", "send", "network", "jitter_buffer", "decode", "present")
"""Of the way from glass to glass, in order."""
DROP_STAGES = ("driver", "capture", "late", "rate", "queue", "encoder", "sink", "network", "viewer")
"""Where a frame may be lost, in order: the launcher's ledger, then the way to the viewer."""

_STREAM = (
    _ms("latency_p50_ms", "latency glass to glass, p50"),
    _ms("latency_p95_ms", "latency glass to glass, p95", 2.0),
    _ms("latency_p99_ms", "latency glass to glass, p99", 3.0),
    *(_ms(f"stage_{stage}_ms", f"latency of {stage.replace('_', ' ')}, p50", 0.5) for stage in STAGES),
    _ms("stage_sum_ms", "latency of all stages, summed"),
    _ms("method_error_ms", "error of the latency's method", 0.5),
    _frames("offered_frames", "frames offered", "none"),
    _frames("captured_frames", "frames captured", "none"),
    _frames("sent_frames", "frames sent", "none"),
    _frames("decoded_frames", "frames decoded by the viewer", "none"),
    _frames("presented_frames", "frames presented", "none"),
    _frames("repeated_frames", "frames presented again"),
    _frames("misordered_frames", "frames presented out of order"),
    _frames("unreadable_frames", "frames whose time code could not be read"),
    _frames("skipped_by_page", "frames that the page's compositor skipped", "none"),
    Figure("drop_percent", "frames lost of those offered", "%", "less", 0.1, "absolute", 2, "stream"),
    *(_frames(f"dropped_{stage}", f"frames lost: {stage}") for stage in DROP_STAGES),
    _frames("unexplained_frames", "frames that no stage explains"),
    Figure("audio_concealed_percent", "sound that was concealed", "%", "less", 0.1, "absolute", 2, "stream"),
    Figure("audio_gaps", "gaps in the sound", "gaps", "less", 1.0, "absolute", 0, "stream"),
    Figure("av_offset_ms", "sound behind the picture", "ms", "none", 10.0, "absolute", 1, "stream"),
    Figure("fps_presented", "frame rate as presented", "fps", "more", 0.01, "relative", 2, "stream"),
    Figure("bitrate_kbps", "bitrate of the picture", "kbit/s", "none", 0.05, "relative", 0, "stream"),
    _cpu("cpu_stream_percent", "CPU of the streaming process"),
    _cpu("cpu_encoder_percent", "CPU of the encoder"),
    Figure("cpu_other_percent", "share of the streaming process besides the encoder", "%", "less", 1.0, "absolute", 1, "stream"),
    Figure("cpu_pipeline_percent", "cost of conversion, sending and launcher, of the encoder's", "%", "less", 1.0, "absolute", 1,
           "stream"),
    _cpu("cpu_panel_percent", "CPU of the panel's process"),
    _cpu("cpu_supervisor_percent", "CPU of the supervisor"),
    _cpu("cpu_container_percent", "CPU of the whole container"),
    Figure("cpu_per_frame_ms", "CPU time of an encoded frame", "ms", "less", 0.05, "relative", 2, "stream"),
    _cpu("viewer_cpu_percent", "CPU of the viewer's browser", better="none"),
    _cpu("sampler_cpu_percent", "CPU of the measuring itself", better="none"),
)  # fmt: skip
_PANEL = (
    Figure("requests_per_minute", "requests of a watching page", "1/min", "less", 0.05, "relative", 1, "panel"),
    Figure("page_bytes_per_minute", "bytes of a watching page", "B/min", "less", 0.05, "relative", 0, "panel"),
    _cpu("page_cpu_percent", "CPU of the page in the browser", "panel"),
    _cpu("cpu_idle_percent", "CPU of the panel, nobody watching", "panel"),
    _cpu("cpu_viewer_percent", "CPU of the panel, one viewer", "panel"),
    _ms("stats_p50_ms", "answer of the statistics, p50", suite="panel"),
    _ms("stats_p99_ms", "answer of the statistics, p99", suite="panel"),
    _ms("status_p50_ms", "answer of the state, p50", suite="panel"),
    _ms("status_p99_ms", "answer of the state, p99", suite="panel"),
    *(_memory(viewers) for viewers in ("0", "1", "100", "1000")),
    Figure(
        "memory_pss_mb",
        "panel's memory, 1 viewer, its share of shared pages (PSS)",
        "MB",
        "less",
        1.0,
        "absolute",
        1,
        "panel",
    ),
)
_STATIC = (
    _seconds("build_cold_s", "image built from nothing", "build"),
    _seconds("build_warm_s", "image built again after a change", "build"),
    _seconds("build_cold_cpu_s", "CPU time of a build from nothing", "build"),
    Figure("image_size_mb", "size of the image", "MB", "less", 0.01, "relative", 1, "image", exact=True),
    _seconds("healthy_s", "start until healthy", "startup"),
    _seconds("first_frame_s", "start until the first frame", "startup"),
    _fact("root", "runs as root"),
    _fact("privileged", "container is privileged"),
    Figure("capabilities", "capabilities of the container", "", "less", 0.0, "absolute", 0, "security", exact=True),
    Figure("device_nodes", "device nodes it may open", "", "less", 0.0, "absolute", 0, "security", exact=True),
    _fact("writable_root", "root file system can be written"),
    _fact("new_privileges", "a process may gain privileges"),
    _fact("seccomp_off", "system calls are not filtered"),
    _fact("secrets_readable", "secrets lie open"),
)

_VIEWERS = (
    Figure("viewers_held", "viewers served with less than twice the delay", "viewers", "more", 1.0, "absolute", 0, "viewers"),
    Figure("viewers_too_many", "viewers with whom the delay had doubled", "viewers", "none", 1.0, "absolute", 0, "viewers"),
    _ms("viewer_p99_ms", "latency glass to glass of one viewer, p99", 3.0, "viewers"),
    Figure("viewer_cost_percent", "CPU of one more viewer", "% of a core", "less", 0.1, "relative", 2, "viewers"),
    Figure("viewer_kbps", "bandwidth of one more viewer", "kbit/s", "none", 0.05, "relative", 0, "viewers"),
    Figure("encoder_growth_percent", "more CPU for each encoded frame with most viewers", "%", "less", 10.0, "absolute", 1,
           "viewers"),
)  # fmt: skip
_QUALITY = (
    Figure("psnr_db", "PSNR of the picture's luma", "dB", "more", 0.5, "absolute", 2, "quality"),
    Figure("received_kbps", "bitrate of the picture as received", "kbit/s", "none", 0.05, "relative", 0, "quality"),
)

FIGURES: dict[str, Figure] = {figure.name: figure for figure in (*_STREAM, *_PANEL, *_STATIC, *_VIEWERS, *_QUALITY)}


def figure_of(name: str, suite: str) -> Figure:
    """Return the figure of that name; one that the catalogue lacks is shown as it is, and never better or worse."""
    return FIGURES.get(name) or Figure(name, name.replace("_", " "), "", "none", 0.05, "relative", 2, suite)


def in_order(names: Iterable[str]) -> list[str]:
    """Return names in the order of the catalogue; those that it lacks come last, by name."""
    places = {name: place for place, name in enumerate(FIGURES)}
    return sorted(names, key=lambda name: (places.get(name, len(places)), name))
