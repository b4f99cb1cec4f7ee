"""What a container used, from its control group as this machine sees it; version 1 and 2.  Standard library only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from streamkit.errors import UnavailableError


@dataclass(frozen=True)
class ControlGroup:
    """The folders of one container's control group."""

    cpu: Path
    is_version_2: bool

    def cpu_s(self) -> float:
        """Return the seconds of processor of all that ever ran in it.  Raises UnavailableError once it is gone."""
        try:
            if self.is_version_2:
                text = (self.cpu / "cpu.stat").read_text(encoding="ascii")
                found = re.search(r"^usage_usec (\d+)$", text, re.MULTILINE)
                return int(found[1]) / 1e6 if found else 0.0
            return int((self.cpu / "cpuacct.usage").read_text(encoding="ascii")) / 1e9
        except OSError:
            raise UnavailableError(f"The control group {self.cpu} is gone: the container ended.") from None

    def pids(self) -> list[int]:
        """Return its processes; empty once it is gone."""
        try:
            return [int(line) for line in (self.cpu / "cgroup.procs").read_text(encoding="ascii").split()]
        except OSError:
            return []


def group_of(pid: int, proc: Path = Path("/proc"), mounted: Path = Path("/sys/fs/cgroup")) -> ControlGroup:
    """Return the control group of a process.  Raises UnavailableError where this machine does not show it."""
    try:
        lines = (proc / str(pid) / "cgroup").read_text(encoding="ascii").splitlines()
    except OSError:
        raise UnavailableError(f"Process {pid} is gone: the container ended.") from None
    # hierarchy:controllers:path (cgroups(7)); version 2 is hierarchy 0 without controllers.
    fields = [line.split(":", 2) for line in lines]
    for _, controllers, path in fields:
        if "cpuacct" in controllers.split(","):
            for name in (controllers, "cpuacct", "cpu,cpuacct"):
                folder = mounted / name / path.lstrip("/")
                if (folder / "cpuacct.usage").exists():
                    return ControlGroup(folder, is_version_2=False)
    for hierarchy, _, path in fields:
        folder = mounted / path.lstrip("/")
        if hierarchy == "0" and (folder / "cpu.stat").exists():
            return ControlGroup(folder, is_version_2=True)
    raise UnavailableError(f"The control group of process {pid} is not below {mounted}; mount it there.")
