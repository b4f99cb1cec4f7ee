"""What the container may use and does use, from control groups of version 1 or 2."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from streamkit.panel.kernel_file import KernelFile

LIMITS_LAST_S = 30.0
"""How long limits are believed: a deployment sets them, and a person hardly ever (``docker update``)."""
UNLIMITED_BYTES = 1 << 60
"""Version 1 writes "no limit" as the largest multiple of a page; no machine has this much memory."""
_VERSION_2 = (("cpu.stat", "memory.current", "memory.stat"), ("cpu.max",), "memory.max")
_VERSION_1 = (
    ("cpuacct/cpuacct.usage", "memory/memory.usage_in_bytes", "memory/memory.stat"),
    ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us"),
    "memory/memory.limit_in_bytes",
)
"""Where each version tells processor time, memory, and what of it is cache; then the limits of both."""


@dataclass(frozen=True)
class Usage:
    """One reading; None where the kernel does not say.  ``cpu_s`` counts up, in seconds of one core."""

    cpu_s: float | None
    cpu_limit_cores: float | None
    memory_bytes: int | None
    memory_limit_bytes: int | None


class ControlGroup:
    """The control group mounted at ``root`` (``/sys/fs/cgroup`` inside a container); ``monotonic`` counts seconds."""

    def __init__(self, root: Path, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._second = (root / "cgroup.controllers").exists()
        self._monotonic = monotonic
        self._limits_at = -float("inf")
        self._limits: tuple[float | None, int | None] = (None, None)
        used, cpu_limit, memory_limit = _VERSION_2 if self._second else _VERSION_1
        self._cpu, self._memory, self._stat = (KernelFile(root / name) for name in used)
        self._cpu_limit = [root / name for name in cpu_limit]
        self._memory_limit = root / memory_limit

    def read(self) -> Usage:
        """Return what is used now, and the limits of the last half minute."""
        now = self._monotonic()
        if now - self._limits_at >= LIMITS_LAST_S:
            self._limits, self._limits_at = self._read_limits(), now
        if self._second:
            cpu_us = _field(self._cpu.text(), "usage_usec")
            cpu_s = None if cpu_us is None else cpu_us / 1e6
        else:
            cpu_ns = _whole(self._cpu.text())
            cpu_s = None if cpu_ns is None else cpu_ns / 1e9
        memory = _whole(self._memory.text())
        if memory is not None:
            # The page cache that the kernel would give back at once is not use; `docker stats` subtracts it likewise.
            inactive = _field(self._stat.text(), "inactive_file" if self._second else "total_inactive_file")
            memory = max(0, memory - (inactive or 0))
        return Usage(cpu_s, self._limits[0], memory, self._limits[1])

    def _read_limits(self) -> tuple[float | None, int | None]:
        quota, period = [*" ".join(KernelFile(path).text() for path in self._cpu_limit).split(), "", ""][:2]
        limit = _whole(KernelFile(self._memory_limit).text())
        none = limit is None or (not self._second and limit >= UNLIMITED_BYTES)
        return _ratio(_whole(quota), _whole(period)), None if none else limit


def _whole(text: str) -> int | None:
    """Return a count; None for "max", for the -1 of version 1, and for a file that is not there."""
    return int(text) if text.isascii() and text.isdigit() else None


def _field(text: str, name: str) -> int | None:
    """Return the count in the line that begins with ``name``."""
    return _whole(f"\n{text}\n".partition(f"\n{name} ")[2].partition("\n")[0])


def _ratio(quota: int | None, period: int | None) -> float | None:
    return quota / period if quota and period else None
