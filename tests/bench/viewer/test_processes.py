"""Processor time of a tree of processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from bench.viewer.processes import tree_cpu_s


def test_a_family_and_nobody_else(tmp_path: Path) -> None:
    tick = os.sysconf("SC_CLK_TCK")
    for pid, parent, own, ended in ((10, 1, 3, 1), (11, 10, 5, 0), (12, 11, 7, 0), (20, 1, 100, 100)):
        (tmp_path / str(pid)).mkdir()
        (tmp_path / str(pid) / "stat").write_text(
            f"{pid} (a ) name) S {parent} 0 0 0 0 0 0 0 0 0 {own} 0 {ended} 0 20 0\n"
        )
    (tmp_path / "self").mkdir()
    (tmp_path / "13").mkdir()
    assert tree_cpu_s(10, tmp_path) == (4 + 5 + 7) / tick


def test_a_real_child_is_counted() -> None:
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'while True: pass'])"
    process = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
    try:
        deadline = time.monotonic() + 30
        while tree_cpu_s(process.pid) < 0.3 and time.monotonic() < deadline:
            time.sleep(0.1)
        assert tree_cpu_s(process.pid) >= 0.3
    finally:
        os.killpg(process.pid, 9)
        process.wait()
