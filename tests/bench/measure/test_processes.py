"""CPU and memory of processes, held against what they are known to have used."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from bench.measure.processes import cpu_seconds, memory_mb

BURN = "import time\nwhile time.process_time() < 0.5: pass\n"


def test_own_time_is_the_process_clock() -> None:
    before = cpu_seconds(os.getpid()), time.process_time()
    end = time.process_time() + 0.3
    while time.process_time() < end:
        pass
    after = cpu_seconds(os.getpid()), time.process_time()
    assert abs((after[0] - before[0]) - (after[1] - before[1])) < 0.1


def test_children_that_are_gone_count() -> None:
    before = cpu_seconds(os.getpid())
    subprocess.run([sys.executable, "-c", BURN], check=True)
    assert cpu_seconds(os.getpid()) - before >= 0.45


def test_memory_has_both_ways_of_counting() -> None:
    found = memory_mb(os.getpid())
    assert found["rss"] >= found["pss"] > 1
