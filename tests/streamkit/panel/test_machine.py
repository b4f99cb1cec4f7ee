"""The machine's processors and memory out of what the kernel writes."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from streamkit.panel.machine import PROC, Machine, memory_bytes, processors

# A machine with two processors; the kernel's lines behind them are of no interest here.
STAT = """\
cpu  5890858 515256 1193043 4665577 35631 0 22900 28692 700 30
cpu0 2837194 248932 565424 2494481 8962 0 4897 14399 350 15
cpu1 3053664 266324 627619 2171096 26669 0 18003 14292 350 15
intr 124393150 0 0 0
ctxt 219384756
btime 1795325000
"""
MEMINFO = "MemTotal:       24684092 kB\nMemFree:        22327756 kB\nMemAvailable:   24068652 kB\nBuffers: 1 kB\n"


def test_a_guests_time_is_not_counted_twice_and_waiting_for_a_disk_is_idle() -> None:
    found = processors(STAT)
    assert found is not None
    ticks = os.sysconf("SC_CLK_TCK")
    assert found.total_s == pytest.approx(12351957 / ticks)
    assert found.idle_s == pytest.approx((4665577 + 35631) / ticks)
    assert found.cores == 2


def test_memory_is_in_bytes() -> None:
    assert memory_bytes(MEMINFO) == (24684092 * 1024, 24068652 * 1024)


@pytest.mark.parametrize("text", ["", "cpu", "cpu  1 2 3", "intr 1 2 3 4 5 6 7 8"])
def test_a_kernel_that_does_not_say_gives_none(text: str) -> None:
    assert processors(text) is None
    assert memory_bytes(text) is None


def test_a_machine_that_does_not_say_has_no_figures(tmp_path: Path) -> None:
    host = Machine(tmp_path, proc=tmp_path).read({})["host"]
    for name in ("cpu_percent", "cpu_count", "memory_total_bytes", "memory_used_bytes", "memory_percent"):
        assert host[name] is None


def test_a_half_busy_machine_is_half_busy(tmp_path: Path) -> None:
    now = [10.0]
    machine = Machine(tmp_path, lambda: now[0], proc=tmp_path)
    (tmp_path / "stat").write_text("cpu 100 0 0 100 0 0 0 0 0 0\ncpu0 100 0 0 100 0 0 0 0 0 0\n")
    (tmp_path / "meminfo").write_text("MemTotal: 1000 kB\nMemAvailable: 250 kB\n")
    machine.read({})
    now[0] += 2.0
    (tmp_path / "stat").write_text("cpu 150 0 0 130 20 0 0 0 0 0\ncpu0 150 0 0 130 20 0 0 0 0 0\n")
    host = machine.read({})["host"]
    assert (host["cpu_percent"], host["cpu_count"]) == (50.0, 1)
    assert (host["memory_percent"], host["memory_used_bytes"]) == (75.0, 750 * 1024)


def test_this_machine_is_read_as_a_library_reads_it() -> None:
    found = processors((PROC / "stat").read_text())
    memory = memory_bytes((PROC / "meminfo").read_text())
    assert found is not None and memory is not None
    assert found.cores == psutil.cpu_count()
    assert memory[0] == psutil.virtual_memory().total
    assert memory[1] == pytest.approx(psutil.virtual_memory().available, rel=0.05)
    times = psutil.cpu_times()
    assert found.idle_s == pytest.approx(times.idle + times.iowait, rel=0.01)
