"""What the container may use and does use, from control groups of version 1 or 2."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

UNLIMITED_BYTES = 1 << 60
"""Version 1 writes "no limit" as the largest multiple of a page; no machine has this much memory."""


@dataclass(frozen=True)
class Usage:
    """One reading; None where the kernel does not say.  ``cpu_s`` counts up, in seconds of one core."""

    cpu_s: float | None
    cpu_limit_cores: float | None
    memory_bytes: int | None
    memory_limit_bytes: int | None


def read_usage(root: Path) -> Usage:
    """Read the control group mounted at ``root`` (``/sys/fs/cgroup`` inside a container)."""
    if (root / "cgroup.controllers").exists():
        return _version_2(root)
    return _version_1(root)


def _version_2(root: Path) -> Usage:
    cpu_us = _field(root / "cpu.stat", "usage_usec")
    quota, _, period = _text(root / "cpu.max").partition(" ")
    return Usage(
        cpu_s=None if cpu_us is None else cpu_us / 1e6,
        cpu_limit_cores=_ratio(_whole(quota), _whole(period)),
        memory_bytes=_without_cache(_whole(_text(root / "memory.current")), root / "memory.stat", "inactive_file"),
        memory_limit_bytes=_whole(_text(root / "memory.max")),
    )


def _version_1(root: Path) -> Usage:
    cpu_ns = _whole(_text(root / "cpuacct" / "cpuacct.usage"))
    memory = root / "memory"
    limit = _whole(_text(memory / "memory.limit_in_bytes"))
    return Usage(
        cpu_s=None if cpu_ns is None else cpu_ns / 1e9,
        cpu_limit_cores=_ratio(
            _whole(_text(root / "cpu" / "cpu.cfs_quota_us")), _whole(_text(root / "cpu" / "cpu.cfs_period_us"))
        ),
        memory_bytes=_without_cache(
            _whole(_text(memory / "memory.usage_in_bytes")), memory / "memory.stat", "total_inactive_file"
        ),
        memory_limit_bytes=None if limit is None or limit >= UNLIMITED_BYTES else limit,
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _whole(text: str) -> int | None:
    """Return a count; None for "max", for the -1 of version 1, and for a file that is not there."""
    return int(text) if text.isascii() and text.isdigit() else None


def _field(path: Path, name: str) -> int | None:
    for line in _text(path).splitlines():
        key, _, value = line.partition(" ")
        if key == name:
            return _whole(value)
    return None


def _ratio(quota: int | None, period: int | None) -> float | None:
    return quota / period if quota and period else None


def _without_cache(used: int | None, stat: Path, inactive: str) -> int | None:
    # The page cache that the kernel would give back at once is not use; `docker stats` subtracts it likewise.
    return None if used is None else max(0, used - (_field(stat, inactive) or 0))
