"""Processor, memory and load of host, container and the toolkit's own processes.

CPU figures are differences between two readings, so nothing here ever waits; they are null until there are two.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from streamkit.documents import Document
from streamkit.panel.cgroup import ControlGroup
from streamkit.panel.kernel_file import KernelFile
from streamkit.panel.temperature import HWMON, Temperature

SHORTEST_WINDOW_S = 0.5
"""CPU over less time than this is mostly the kernel's rounding; the previous figure is kept instead."""
PROC = Path("/proc")
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Processors(NamedTuple):
    """Processor time of the whole machine since it started, in seconds of one core, and how many processors run."""

    total_s: float
    idle_s: float
    cores: int


def processors(stat: str) -> Processors | None:
    """Return what ``/proc/stat`` says (proc_stat(5)), None where it says nothing."""
    words = stat.partition("\n")[0].split()
    if len(words) < 6 or words[0] != "cpu":
        return None
    # user nice system idle iowait irq softirq steal; a guest's time comes behind them and is counted within user already.
    ticks = [int(word) for word in words[1:9]]
    return Processors(sum(ticks) / TICKS_PER_S, (ticks[3] + ticks[4]) / TICKS_PER_S, stat.count("\ncpu"))


def memory_bytes(meminfo: str) -> tuple[int, int] | None:
    """Return (total, available) of ``/proc/meminfo`` (proc_meminfo(5)), None where it does not say both."""
    total, available = (_kib_field(meminfo, name) for name in ("MemTotal", "MemAvailable"))
    return (total * 1024, available * 1024) if total and available is not None else None


def _kib_field(meminfo: str, name: str) -> int | None:
    words = f"\n{meminfo}".partition(f"\n{name}:")[2].partition("\n")[0].split()
    return int(words[0]) if words and words[0].isdigit() else None


class Machine:
    """Reads the machine.  ``cgroup_root``, ``hwmon`` and ``proc`` are where the kernel shows control groups, sensors and
    the rest."""

    def __init__(
        self,
        cgroup_root: Path,
        monotonic: Callable[[], float] = time.monotonic,
        hwmon: Path = HWMON,
        proc: Path = PROC,
    ) -> None:
        self._stat, self._meminfo = KernelFile(proc / "stat"), KernelFile(proc / "meminfo")
        self._cgroup = ControlGroup(cgroup_root, monotonic)
        self._monotonic = monotonic
        self._temperature = Temperature(hwmon, monotonic)
        self._before_at: float | None = None
        self._before_host: Processors | None = None
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
        now, before, percent = processors(self._stat.text()), self._before_host, None
        if now and before and now.total_s > before.total_s:
            busy = 1.0 - (now.idle_s - before.idle_s) / (now.total_s - before.total_s)
            percent = round(100.0 * min(1.0, max(0.0, busy)), 1)
        self._before_host = now
        memory = memory_bytes(self._meminfo.text())
        total, used = (memory[0], memory[0] - memory[1]) if memory else (None, None)
        return {
            "cpu_percent": percent,
            "cpu_count": now and now.cores,
            "load": [round(value, 2) for value in os.getloadavg()],
            "memory_total_bytes": total,
            "memory_used_bytes": used,
            "memory_percent": round(100.0 * used / total, 1) if total and used is not None else None,
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
