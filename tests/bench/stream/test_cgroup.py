"""A container's control group, of either version."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.stream.cgroup import ControlGroup, group_of
from streamkit.errors import UnavailableError
from tests.bench.stream import recorded


def machine(tmp_path: Path, cgroup: str) -> tuple[Path, Path]:
    (tmp_path / "proc" / "7").mkdir(parents=True)
    (tmp_path / "proc" / "7" / "cgroup").write_text(cgroup)
    return tmp_path / "proc", tmp_path / "sys"


def test_version_1_as_a_real_machine_has_it(tmp_path: Path) -> None:
    text = recorded.control_group("after")
    proc, mounted = machine(tmp_path, text)
    path = next(line.split(":")[2] for line in text.splitlines() if ":cpuacct:" in line)
    folder = mounted / "cpuacct" / path.lstrip("/")
    folder.mkdir(parents=True)
    (folder / "cpuacct.usage").write_text("1500000000\n")
    (folder / "cgroup.procs").write_text("7\n8\n")
    group = group_of(7, proc, mounted)
    assert (group.cpu_s(), group.pids(), group.is_version_2) == (1.5, [7, 8], False)


def test_version_2(tmp_path: Path) -> None:
    proc, mounted = machine(tmp_path, "0::/system.slice/docker-ab.scope\n")
    folder = mounted / "system.slice" / "docker-ab.scope"
    folder.mkdir(parents=True)
    (folder / "cpu.stat").write_text("usage_usec 2500000\nuser_usec 2000000\n")
    (folder / "cgroup.procs").write_text("7\n")
    group = group_of(7, proc, mounted)
    assert (group.cpu_s(), group.pids(), group.is_version_2) == (2.5, [7], True)


def test_what_is_gone_or_hidden_is_said(tmp_path: Path) -> None:
    proc, mounted = machine(tmp_path, "0::/somewhere\n")
    with pytest.raises(UnavailableError, match="is not below"):
        group_of(7, proc, mounted)
    with pytest.raises(UnavailableError, match="Process 9 is gone"):
        group_of(9, proc, mounted)
    gone = ControlGroup(tmp_path / "none", is_version_2=True)
    assert gone.pids() == []
    with pytest.raises(UnavailableError, match="the container ended"):
        gone.cpu_s()
