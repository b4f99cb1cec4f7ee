"""Reads a running container: figures of the launcher, CPU by process and thread.  Standard library only.

Once a second, unless its scenario has another ``sampler_period_s``.
"""

from __future__ import annotations

import itertools
import threading
import time
from dataclasses import asdict, dataclass, field
from typing import Any

from bench.stream.cgroup import ControlGroup, group_of
from bench.stream.container import Running
from bench.stream.processes import Pipeline, command_line, parts_s, process_s, roles, threads_s
from streamkit.errors import UnavailableError

PIPELINE = ("convert", "send", "launcher")


@dataclass(frozen=True)
class Sample:
    """One reading: Unix time, CPU seconds so far, threads of the streaming process, and launch.json.

    ``processes`` maps a role (stream, panel, supervisor, poller) to the CPU seconds of its process; ``sampler_s`` is what
    the sampler itself had used.
    """

    at: float
    container_s: float
    processes: dict[str, float]
    threads: dict[int, tuple[str, float]]
    launch: dict[str, Any] | None
    sampler_s: float


@dataclass(frozen=True)
class CpuUse:
    """CPU between two samples, in percent of one core; ``parts`` are those of the streaming process (processes.PARTS).

    ``encoder``, ``besides_share`` (of the streaming process, percent) and ``pipeline_share`` (conversion, sending and the
    launcher, percent of the encoder) are None where they cannot be told apart.  A test picture, which a card does not draw,
    and sound, which has an encoder of its own, are besides the encoder, but no cost of the picture's pipeline.
    """

    seconds: float
    container: float
    processes: dict[str, float]
    parts: dict[str, float]
    encoder: float | None
    besides_share: float | None
    pipeline_share: float | None
    sampler: float

    def as_document(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return asdict(self)


@dataclass
class Sampler:
    """Samples in a thread of its own from ``start`` to ``stop``; use it as a context."""

    running: Running
    samples: list[Sample] = field(default_factory=list)
    problem: str = ""

    def __post_init__(self) -> None:
        self._group: ControlGroup = group_of(self.running.pid)
        self._roles = roles(self._group.pids())
        self._pipeline = Pipeline.of_words(command_line(self._roles["stream"]) if "stream" in self._roles else [])
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)

    @property
    def pipeline(self) -> Pipeline:
        """The parts of the streaming process."""
        return self._pipeline

    @property
    def stream_pid(self) -> int:
        """The streaming process as this machine numbers it.  Raises UnavailableError where there is none."""
        if "stream" not in self._roles:
            raise UnavailableError("The container has no streaming process.")
        return self._roles["stream"]

    def __enter__(self) -> Sampler:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def take(self) -> Sample:
        """Read everything now."""
        processes = {role: used for role, pid in self._roles.items() if (used := process_s(pid)) is not None}
        stream = self._roles.get("stream")
        return Sample(
            at=time.time(),
            container_s=self._group.cpu_s(),
            processes=processes,
            threads=threads_s(stream) if stream is not None else {},
            launch=self.running.launch(),
            sampler_s=time.thread_time(),
        )

    def _run(self) -> None:
        due, period_s = time.monotonic(), float(self.running.prepared.scenario["sampler_period_s"])
        while True:
            try:
                self.samples.append(self.take())
            except UnavailableError as problem:
                self.problem = str(problem)
                return
            # A grid: what a reading takes does not move the next one.
            due += period_s
            if self._ended.wait(max(0.0, due - time.monotonic())):
                return

    def between(self, begun_at: float, ended_at: float) -> list[Sample]:
        """Return the samples of a window of Unix time."""
        return [sample for sample in self.samples if begun_at <= sample.at <= ended_at]

    def cpu(self, window: list[Sample]) -> CpuUse:
        """Return what was used in a window.  Raises UnavailableError where it has fewer than two samples."""
        return cpu_between(self._pipeline, self.stream_pid, window)


def cpu_between(pipeline: Pipeline, stream: int, window: list[Sample]) -> CpuUse:
    """Return the CPU between the first and the last sample; ``stream`` is the streaming process.  Pure."""
    if len(window) < 2:
        raise UnavailableError("The window is too short to say what it cost; measure for three seconds or more.")
    first, last = window[0], window[-1]
    seconds = last.at - first.at

    def percent(used_s: float) -> float:
        return used_s / seconds * 100

    processes = {
        role: percent(used - first.processes[role]) for role, used in last.processes.items() if role in first.processes
    }
    used_by = parts_s(pipeline, stream, first.threads, last.threads)
    parts = {part: percent(used_s) for part, used_s in used_by.items()}
    whole = processes.get("stream", 0.0)
    told = pipeline.encoder_queue is not None and parts["encoder"] > 0
    return CpuUse(
        seconds=seconds,
        container=percent(last.container_s - first.container_s),
        processes=processes,
        parts=parts,
        encoder=parts["encoder"] if told else None,
        besides_share=(whole - parts["encoder"]) / whole * 100 if told else None,
        pipeline_share=sum(parts[part] for part in PIPELINE) / parts["encoder"] * 100 if told else None,
        sampler=percent(last.sampler_s - first.sampler_s),
    )


def timeline(window: list[Sample]) -> list[dict[str, Any]]:
    """Return a row for each second: what a plot over time needs.  Pure."""
    rows = []
    for before, now in itertools.pairwise(window):
        if not now.launch or not before.launch:
            continue
        video, row, earlier = now.launch["video"], now.launch["ledger"]["video"], before.launch["ledger"]["video"]
        if row is None or earlier is None:
            continue
        rows.append(
            {
                "at": round(now.at, 3),
                "fps": video["fps"],
                "bitrate_kbps": video["bitrate_kbps"],
                "stages_ms": {name: value and value["p50"] for name, value in video["stages_ms"].items()},
                "captured": row["captured"] - earlier["captured"],
                "sent": row["sent"] - earlier["sent"],
                "dropped": {name: count - earlier["dropped"][name] for name, count in row["dropped"].items()},
                "in_flight": row["in_flight"],
                "cpu_percent": round((now.container_s - before.container_s) / (now.at - before.at) * 100, 1),
            }
        )
    return rows
