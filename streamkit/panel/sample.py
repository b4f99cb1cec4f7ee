"""One sample of everything the panel shows: state files of the supervisor and the launcher, and the machine.

CPU figures are differences between two samples, so nothing here ever waits; they are null until there are two.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any

import psutil

from streamkit.documents import SCHEMA_VERSION, Document, read_document
from streamkit.errors import StreamkitError
from streamkit.panel.cgroup import Usage, read_usage
from streamkit.panel.upstream import preview

STALE_AFTER_S = 5.0
"""The launcher writes once a second; figures older than this describe a stream that is gone."""
SHORTEST_WINDOW_S = 0.5
"""CPU over less time than this is mostly the kernel's rounding; the previous figure is kept instead."""
MOST_VIEWERS_LISTED = 50
QUIET_STATES = frozenset({"stopped", "failed", "backoff", "waiting"})


def load(path: Path) -> tuple[Document | None, str | None]:
    """Return (document, None), or (None, a sentence on why there is none)."""
    try:
        return read_document(path), None
    except StreamkitError as problem:
        return None, str(problem)


class StateWatch:
    """Notices a change of state by looking at a few files' dates; reads a file only when its date moved."""

    def __init__(self, run_dir: Path) -> None:
        self._supervisor = run_dir / "supervisor.json"
        self._launch = run_dir / "launch.json"
        self._launch_seen: Hashable = None
        self._launch_state: Hashable = None

    def mark(self) -> Hashable:
        """Return a value that differs from the last one when supervisor.json or the pipeline's state changed."""
        seen = _stamp(self._launch)
        if seen != self._launch_seen:
            self._launch_seen = seen
            document, _ = load(self._launch)
            self._launch_state = (str(document.get("state")), str(document.get("pid"))) if document else None
        return _stamp(self._supervisor), self._launch_state


def _stamp(path: Path) -> Hashable:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino, status.st_size


class Machine:
    """CPU, memory and load of host, container and the toolkit's own processes."""

    def __init__(self, cgroup_root: Path, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._cgroup_root = cgroup_root
        self._monotonic = monotonic
        self._before_at: float | None = None
        self._before_host: tuple[float, float] | None = None
        self._before_cgroup_s: float | None = None
        self._before_process: dict[int, tuple[float, float]] = {}
        self._processes: dict[int, psutil.Process] = {}
        self._figures: Document = {}

    def read(self, pids: dict[str, int | None]) -> Document:
        """Return {"window_s", "host", "container", "processes"}; ``pids`` names the processes to follow."""
        now = self._monotonic()
        if self._before_at is None or now - self._before_at >= SHORTEST_WINDOW_S:
            window_s = None if self._before_at is None else now - self._before_at
            self._figures = {
                "window_s": None if window_s is None else round(window_s, 3),
                "host": self._host(),
                "container": self._container(window_s),
                "processes": self._each_process(pids, now),
            }
            self._before_at = now
        return self._figures

    def _host(self) -> Document:
        times = psutil.cpu_times()
        idle = float(times.idle) + float(getattr(times, "iowait", 0.0))
        # The kernel counts a guest's time within user time as well, so it is left out of the total.
        guests = float(getattr(times, "guest", 0.0)) + float(getattr(times, "guest_nice", 0.0))
        total = float(sum(times)) - guests
        percent = None
        if self._before_host and total > self._before_host[0]:
            busy = 1.0 - (idle - self._before_host[1]) / (total - self._before_host[0])
            percent = round(100.0 * min(1.0, max(0.0, busy)), 1)
        self._before_host = (total, idle)
        memory = psutil.virtual_memory()
        return {
            "cpu_percent": percent,
            "cpu_count": psutil.cpu_count(),
            "load": [round(value, 2) for value in os.getloadavg()],
            "memory_total_bytes": memory.total,
            "memory_used_bytes": memory.total - memory.available,
            "memory_percent": memory.percent,
        }

    def _container(self, window_s: float | None) -> Document:
        usage: Usage = read_usage(self._cgroup_root)
        percent = None
        if window_s and usage.cpu_s is not None and self._before_cgroup_s is not None:
            percent = round(100.0 * max(0.0, usage.cpu_s - self._before_cgroup_s) / window_s, 1)
        self._before_cgroup_s = usage.cpu_s
        return {
            "cpu_percent": percent,
            "cpu_limit_cores": usage.cpu_limit_cores,
            "memory_used_bytes": usage.memory_bytes,
            "memory_limit_bytes": usage.memory_limit_bytes,
        }

    def _each_process(self, pids: dict[str, int | None], now: float) -> Document:
        figures: Document = {}
        kept: dict[int, tuple[float, float]] = {}
        for name, pid in pids.items():
            figures[name] = self._process(pid, now, kept) if pid else None
        self._before_process = kept
        self._processes = {pid: self._processes[pid] for pid in kept}
        return figures

    def _process(self, pid: int, now: float, kept: dict[int, tuple[float, float]]) -> Document | None:
        try:
            process = self._processes.get(pid)
            if process is None or not process.is_running():
                process = psutil.Process(pid)
                self._before_process.pop(pid, None)
            with process.oneshot():
                times = process.cpu_times()
                resident = process.memory_info().rss
        except psutil.Error:
            return None
        self._processes[pid] = process
        used_s = float(times.user) + float(times.system)
        before = self._before_process.get(pid)
        kept[pid] = (now, used_s)
        percent = round(100.0 * max(0.0, used_s - before[1]) / (now - before[0]), 1) if before else None
        return {"pid": pid, "cpu_percent": percent, "memory_bytes": resident}


class Sampler:
    """Makes the two halves of ``combined_update`` from the run directory and the machine."""

    def __init__(
        self, run_dir: Path, cgroup_root: Path = Path("/sys/fs/cgroup"), clock: Callable[[], float] = time.time
    ) -> None:
        self._run_dir = run_dir
        self._clock = clock
        self._machine = Machine(cgroup_root)

    def take(self) -> Document:
        """Return {"stats": …, "status": …}, both with ``sampled_at`` in seconds since 1970."""
        now = round(self._clock(), 3)
        supervisor, problem = load(self._run_dir / "supervisor.json")
        if not (self._run_dir / "supervisor.json").exists():
            problem = "The supervisor has not said anything yet: the container is starting, or this panel runs alone."
        launch, _ = load(self._run_dir / "launch.json")
        server, _ = load(self._run_dir / "server.json")
        state = supervisor or {}
        stream = _part(state, "stream") or {"state": "unknown", "reason": problem or ""}
        live = launch if launch and self._is_live(launch, stream, now) else None
        head = {"schema_version": SCHEMA_VERSION, "sampled_at": now}
        return {
            "stats": head | self._stats(state, live),
            "status": head | _status(state, stream, problem, live, server),
        }

    def _is_live(self, launch: Document, stream: Document, now: float) -> bool:
        at = launch.get("sampled_at")
        recent = isinstance(at, int | float) and abs(now - at) <= STALE_AFTER_S
        return recent and stream.get("state") not in QUIET_STATES

    def _stats(self, state: Document, live: Document | None) -> Document:
        viewers = _list(live, "viewers") if live else None
        return {
            **self._machine.read(_pids(state)),
            "video": _part(live, "video") if live else None,
            "audio": _part(live, "audio") if live else None,
            "viewer_count": None if viewers is None else len(viewers),
            "viewers": (viewers or [])[:MOST_VIEWERS_LISTED],
        }


def _status(
    state: Document, stream: Document, problem: str | None, live: Document | None, server: Document | None
) -> Document:
    offer = preview(state)
    return {
        "problem": problem,
        "updated_at": state.get("updated_at"),
        "stream": stream,
        "panel": _part(state, "panel"),
        "poller": _part(state, "poller"),
        "settings": _part(state, "settings"),
        "source": _part(state, "source"),
        "encoder_reason": state.get("encoder_reason"),
        "publish": state.get("publish"),
        "desired": state.get("desired"),
        "pipeline": None
        if live is None
        else {"state": live.get("state"), "uptime_s": live.get("uptime_s"), "errors": _list(live, "errors")},
        "server": server,
        "preview": {"offered": offer.url is not None, "reason": offer.reason},
    }


def _pids(state: Document) -> dict[str, int | None]:
    """Return the processes to follow; the supervisor is the panel's parent when it started this panel."""
    under_supervisor = (_part(state, "panel") or {}).get("pid") == os.getpid()
    stream_pid = (_part(state, "stream") or {}).get("pid")
    return {
        "supervisor": os.getppid() if under_supervisor else None,
        "panel": os.getpid(),
        "stream": stream_pid if isinstance(stream_pid, int) else None,
    }


def _part(document: Document, name: str) -> Document | None:
    value: Any = document.get(name)
    return value if isinstance(value, dict) else None


def _list(document: Document, name: str) -> list[Any]:
    value: Any = document.get(name)
    return value if isinstance(value, list) else []
