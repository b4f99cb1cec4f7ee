"""Processor time of a process and all that it started, read from /proc.  Standard library only."""

from __future__ import annotations

import os
from pathlib import Path

PROC = Path("/proc")


def _stat(folder: Path) -> tuple[int, int, int] | None:
    """Return (parent, own ticks, ticks of children that ended) of a process; None where it is gone (proc(5))."""
    try:
        fields = (folder / "stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return None
    return int(fields[1]), int(fields[11]) + int(fields[12]), int(fields[13]) + int(fields[14])


def tree_cpu_s(root: int, proc: Path = PROC) -> float:
    """Return the seconds of processor that a process and its descendants have used, children that ended included."""
    found = {}
    for folder in proc.iterdir():
        if folder.name.isdigit():
            stat = _stat(folder)
            if stat is not None:
                found[int(folder.name)] = stat
    family = {root}
    grew = True
    while grew:
        more = {pid for pid, (parent, _, _) in found.items() if parent in family} - family
        family |= more
        grew = bool(more)
    ticks = sum(found[pid][1] + found[pid][2] for pid in family if pid in found)
    return ticks / os.sysconf("SC_CLK_TCK")
