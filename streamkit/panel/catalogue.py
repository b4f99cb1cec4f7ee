"""Every metric of ``GET /metrics``: name, kind, what it says, and its labels.

Names follow https://prometheus.io/docs/practices/naming/: seconds, bytes and ratios, ``_total`` for what only rises.
"""

from __future__ import annotations

from streamkit.panel.exposition import Metric

STREAM_STATES = ("starting", "running", "stopping", "stopped", "backoff", "waiting", "failed", "unknown")
CAPTURE_STATES = ("ok", "usb2", "no_signal", "waiting", "no_device", "test", "starting", "idle")


def _gauge(name: str, text: str, *labels: str) -> Metric:
    return Metric(f"streamkit_{name}", "gauge", text, labels)


def _counter(name: str, text: str, *labels: str) -> Metric:
    return Metric(f"streamkit_{name}_total", "counter", text, labels)


METRICS = (
    _gauge("build_info", "The toolkit's version and the Python it runs on; always 1.", "version", "python"),
    # --- the stream ---
    _gauge("stream_state", "1 for the state the stream is in, 0 for the others.", "state"),
    _gauge("stream_wanted", "1 while the stream should run, 0 when somebody stopped it."),
    _gauge("stream_start_time_seconds", "When the running stream began, in seconds since 1970; its counters begin there."),
    _counter("restarts", "How often a process ended by itself and was started again, since the container began.", "process"),
    _gauge("encoder_info", "The encoder that is chosen; always 1.", "encoder", "codec", "element", "script"),
    _gauge("capture_state", "1 for the state of the capture card, 0 for the others.", "state"),
    # --- the picture and the sound ---
    _counter("video_frames", "Frames of the running stream at each stage; captured holds those the driver lost.", "stage"),
    _counter("frames_dropped", "Frames of the running stream that were dropped, by who dropped them.", "reason"),
    _gauge("video_frames_in_flight", "Frames that are between the card and the sink now."),
    _gauge("video_frames_unexplained", "Frames that the ledger cannot account for; 0 unless something is wrong."),
    _counter("video_keyframes", "Key frames of the running stream."),
    _gauge("video_frames_per_second", "Frames encoded in the last second."),
    _gauge("video_configured_frames_per_second", "Frames per second as the pipeline agreed on."),
    _gauge("video_bytes_per_second", "Bytes encoded in the last second."),
    _gauge("video_target_bytes_per_second", "The bitrate that is set, in bytes."),
    _gauge("video_width_pixels", "Width of the encoded picture."),
    _gauge("video_height_pixels", "Height of the encoded picture."),
    _gauge("video_keyframe_interval_seconds", "Time between the last two key frames."),
    _gauge("video_stage_delay_seconds", "How long frames of the last second took in each stage.", "stage", "percentile"),
    _counter("audio_buffers", "Buffers of sound captured by the running stream."),
    _counter("audio_gaps", "Jumps in the time of the captured sound of the running stream."),
    _counter("audio_gap_seconds", "Sound that is missing from the running stream."),
    _counter("sink_rebuilds", "How often the running stream built its sink anew."),
    # --- viewers ---
    _gauge("viewers", "Viewers of the stream; by WHIP the server is the only one."),
    _gauge("viewer_loss_ratio", "Packets lost over packets sent in the last ten seconds, over all viewers."),
    _gauge("viewer_round_trip_seconds", "Round trip time, the median of the viewers."),
    _counter("viewer_packets_sent", "Packets sent to viewers, those that left included, since the panel began."),
    _counter("viewer_packets_lost", "Packets that viewers reported lost, since the panel began."),
    _counter("viewer_sent_bytes", "Bytes sent to viewers, since the panel began."),
    _counter("viewer_nacks", "Packets that viewers asked for again, since the panel began."),
    _counter("viewer_plis", "Pictures that viewers asked for anew (PLI), since the panel began."),
    # --- the WHIP server ---
    _gauge("server_reachable", "1 when the WHIP server answered the last time it was asked."),
    _gauge("server_healthy", "1 when its answer was in order."),
    _gauge("server_response_seconds", "How long that answer took, retries included."),
    _gauge("server_checked_timestamp_seconds", "When it was asked, in seconds since 1970."),
    _gauge("server_streams", "Streams the server says it has."),
    _gauge("server_viewers", "Viewers the server says our stream has."),
    # --- the machine ---
    _gauge("host_cpu_usage_ratio", "How busy the host's processors are, 1 being all of them."),
    _gauge("host_cpus", "Processors of the host."),
    _gauge("host_load1", "Load of the host over one minute."),
    _gauge("host_memory_total_bytes", "Memory of the host."),
    _gauge("host_memory_used_bytes", "Memory of the host that is not available to others."),
    _gauge("host_temperature_celsius", "Temperature of the processor."),
    _counter("container_cpu_seconds", "CPU time of the container, in seconds of one core."),
    _gauge("container_cpu_limit_cores", "Processors the container may use; absent without a limit."),
    _gauge("container_memory_used_bytes", "Memory of the container without cache that can be given back."),
    _gauge("container_memory_limit_bytes", "Memory the container may use; absent without a limit."),
    _counter("process_cpu_seconds", "CPU time of each process, in seconds of one core.", "process"),
    _gauge("process_resident_memory_bytes", "Memory of each process.", "process"),
    _gauge("gpu_info", "The GPU that encodes, and who told its load; always 1.", "name", "source"),
    _gauge("gpu_usage_ratio", "How busy the GPU's engines are: by this stream (fdinfo), or in all (nvml).", "engine"),
    # --- the panel ---
    _gauge("panel_start_time_seconds", "When the panel began, in seconds since 1970."),
    _counter("panel_http_requests", "Requests to the panel by route, refused ones included.", "route"),
    _gauge("panel_event_clients", "Pages that follow the panel's events."),
)  # fmt: skip
