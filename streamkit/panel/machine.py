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
from streamkit.panel.cgroup import ControlGroup
from streamkit.panel.kernel_file import KernelFile
from streamkit.panel.temperature import HWMON, Temperature

SHORTEST_WINDOW_S = 0.5
"""CPU over less time than this is mostly the kernel's rounding; the previous figure is kept instead."""
PROC = Path("/proc")
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Machine:
    """Reads the machine.  ``cgroup_root`` and ``hwmon`` are where the kernel shows control groups and sensors."""

    def __init__(self, cgroup_root: Path, monotonic: Callable[[], float] = time.monotonic, hwmon: Path = HWMON) -> None:
        self._cgroup = ControlGroup(cgroup_root, monotonic)
        self._monotonic = monotonic
        self._temperature = Temperature(hwmon, monotonic)
        self._before_at: float | None = None
        self._before_host: tuple[float, float] | None = None
        self._before_process: dict[int, tuple[float, float]] = {}
        self._processes: dict[int, KernelFile] = {}
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
        usage = self._cgroup.read()
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
        for pid in self._processes.keys() - kept.keys():
            self._processes.pop(pid).close()
        self.process_cpu_s = {name: kept[pid][1] for name, pid in pids.items() if pid in kept}
        return figures

    def _process(self, pid: int, now: float, kept: dict[int, tuple[float, float]]) -> Document | None:
        stat = self._processes.get(pid) or KernelFile(PROC / str(pid) / "stat")
        # proc(5): the second field, the name in brackets, may hold anything; these are counted from the third.
        fields = stat.text().rpartition(")")[2].split()
        if not fields:
            stat.close()
            return None
        self._processes[pid] = stat
        used_s = (int(fields[11]) + int(fields[12])) / TICKS_PER_S
        resident = int(fields[21]) * PAGE_BYTES
        before = self._before_process.get(pid)
        if before and used_s < before[1]:
            # Another process has got the number.
            before = None
        kept[pid] = (now, used_s)
        percent = round(100.0 * (used_s - before[1]) / (now - before[0]), 1) if before else None
        return {"pid": pid, "cpu_percent": percent, "memory_bytes": resident}
