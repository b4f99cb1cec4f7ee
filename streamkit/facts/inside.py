"""Runs inside the container, from standard input: its processes, their rights and their CPU time, as one JSON object.

It imports nothing of the toolkit, so that it looks at a container of any version.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

STATUS_FIELDS = {
    "Uid": "uid",
    "CapEff": "cap_eff",
    "CapBnd": "cap_bnd",
    "NoNewPrivs": "no_new_privs",
    "Seccomp": "seccomp",
}
"""Of /proc/<pid>/status (proc_pid_status(5)); capabilities are hexadecimal, Seccomp 2 is a filter."""


def processes() -> list[dict[str, Any]]:
    """Return every process but this one; ``cpu_s`` counts up, ``started`` tells a number that was used again."""
    found = []
    ticks = os.sysconf("SC_CLK_TCK")
    for folder in sorted(Path("/proc").glob("[0-9]*"), key=lambda path: int(path.name)):
        if int(folder.name) == os.getpid():
            continue
        try:
            status = dict(
                line.split(":\t", 1) for line in (folder / "status").read_text().splitlines() if ":\t" in line
            )
            # The name stands in brackets and may itself hold spaces and brackets (proc_pid_stat(5)).
            stat = (folder / "stat").read_text().rpartition(")")[2].split()
            words = (folder / "cmdline").read_bytes().decode("utf-8", "replace").rstrip("\0").split("\0")
        except OSError:
            continue  # ended meanwhile
        entry: dict[str, Any] = {name: status.get(field, "").split("\t")[0] for field, name in STATUS_FIELDS.items()}
        try:
            environment = (folder / "environ").read_bytes().decode("utf-8", "replace").rstrip("\0").split("\0")
        except OSError:
            environment = None
        found.append(
            {
                **entry,
                "pid": int(folder.name),
                "ppid": int(stat[1]),
                "words": words,
                "cpu_s": (int(stat[11]) + int(stat[12])) / ticks,
                "started": int(stat[19]),
                "environment": environment,
            }
        )
    return found


def cgroup_cpu_s() -> float | None:
    """Return the CPU time of the whole container, from control groups of version 2 or 1; None where it is not told."""
    root = Path("/sys/fs/cgroup")
    try:
        if (root / "cgroup.controllers").exists():
            lines = (root / "cpu.stat").read_text().splitlines()
            return next(int(line.split()[1]) / 1e6 for line in lines if line.startswith("usage_usec "))
        return int((root / "cpuacct/cpuacct.usage").read_text()) / 1e9
    except (OSError, StopIteration, ValueError):
        return None


def supervisor() -> dict[str, Any] | None:
    """Return what the supervisor says of its children; None where it has said nothing yet."""
    try:
        state = json.loads(Path("/run/streamkit/supervisor.json").read_text())
    except (OSError, ValueError):
        return None
    return {name: state.get(name) for name in ("stream", "panel", "poller")}


def main() -> None:
    """Print what is seen."""
    root = os.statvfs("/")
    seen = {
        "at_s": time.monotonic(),
        "cpu_s": cgroup_cpu_s(),
        "processes": processes(),
        "root_read_only": bool(root.f_flag & os.ST_RDONLY),
        "supervisor": supervisor(),
    }
    sys.stdout.write(json.dumps(seen))


if __name__ == "__main__":
    main()
