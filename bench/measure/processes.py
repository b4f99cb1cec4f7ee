"""CPU time and memory of a process and its children, from the kernel's own books."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import psutil

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """Return what a process, its present children and those it has waited for have used.

    The clock of a process (clock_getcpuclockid(3): ``~pid << 3 | 2`` in Linux) counts ended threads too and has
    nanoseconds; only children that are gone come in ticks.
    """
    total = 0.0
    for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
        try:
            # Behind the name in brackets, which may hold anything: cutime and cstime are fields 16 and 17 of proc(5).
            fields = Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            total += time.clock_gettime(~process.pid << 3 | 2) + (int(fields[13]) + int(fields[14])) / TICKS_PER_S
        except OSError:
            continue  # ended meanwhile: its parent's books have it the next time
    return total


def memory_mb(pid: int) -> dict[str, float]:
    """Return {"rss", "pss"} of a process in MB (1,000,000 bytes); PSS counts shared pages by their share."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8")
    return {
        name.lower(): round(int(kib) * 1024 / 1e6, 2) for name, kib in re.findall(r"^(Rss|Pss):\s+(\d+) kB", text, re.M)
    }
