"""Processor, memory and load of host, container and the toolkit's own processes.

CPU figures are differences between two readings, so nothing here ever waits; they are null until there are two.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil

from streamkit.documents import Document
from streamkit.panel.cgroup import Usage, read_usage
from streamkit.panel.temperature import HWMON, Temperature

SHORTEST_WINDOW_S = 0.5
"""CPU over less time than this is mostly the kernel's rounding; the previous figure is kept instead."""


class Machine:
    """Reads the machine.  ``cgroup_root`` and ``hwmon`` are where the kernel shows control groups and sensors."""

    def __init__(self, cgroup_root: Path, monotonic: Callable[[], float] = time.monotonic, hwmon: Path = HWMON) -> None:
        self._cgroup_root = cgroup_root
        self._monotonic = monotonic
        self._temperature = Temperature(hwmon, monotonic)
        self._before_at: float | None = None
        self._before_host: tuple[float, float] | None = None
        self._before_process: dict[int, tuple[float, float]] = {}
        self._processes: dict[int, psutil.Process] = {}
        self._figures: Document = {}
        self.container_cpu_s: float | None = None
        """CPU time of the container so far, in seconds of one core; None where control groups do not tell it."""
        self.process_cpu_s: dict[str, float] = {}
        """CPU time of each process that runs, by its name."""

    def read(self, pids: Mapping[str, int | None]) -> Document:
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
            "temperature_c": self._temperature.celsius(),
        }

    def _container(self, window_s: float | None) -> Document:
        usage: Usage = read_usage(self._cgroup_root)
        percent = None
        if window_s and usage.cpu_s is not None and self.container_cpu_s is not None:
            percent = round(100.0 * max(0.0, usage.cpu_s - self.container_cpu_s) / window_s, 1)
        self.container_cpu_s = usage.cpu_s
        return {
            "cpu_percent": percent,
            "cpu_limit_cores": usage.cpu_limit_cores,
            "memory_used_bytes": usage.memory_bytes,
            "memory_limit_bytes": usage.memory_limit_bytes,
        }

    def _each_process(self, pids: Mapping[str, int | None], now: float) -> Document:
        figures: Document = {}
        kept: dict[int, tuple[float, float]] = {}
        for name, pid in pids.items():
            figures[name] = self._process(pid, now, kept) if pid else None
        self._before_process = kept
        self._processes = {pid: self._processes[pid] for pid in kept}
        self.process_cpu_s = {name: kept[pid][1] for name, pid in pids.items() if pid in kept}
        return figures

    def _process(self, pid: int, now: float, kept: dict[int, tuple[float, float]]) -> Document | None:
        try:
            process = self._processes.get(pid) or psutil.Process(pid)
            with process.oneshot():
                times = process.cpu_times()
                resident = process.memory_info().rss
        except psutil.Error:
            return None
        self._processes[pid] = process
        used_s = float(times.user) + float(times.system)
        before = self._before_process.get(pid)
        if before and used_s < before[1]:
            # Another process has got the number: asking psutil each time whether it has costs as much as all the rest.
            before = None
        kept[pid] = (now, used_s)
        percent = round(100.0 * (used_s - before[1]) / (now - before[0]), 1) if before else None
        return {"pid": pid, "cpu_percent": percent, "memory_bytes": resident}
