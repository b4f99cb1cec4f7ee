"""The program that looks inside a container, run on this machine: one that is no container has processes as well."""

from __future__ import annotations

import json
import os
import pkgutil
import subprocess
import sys


def test_it_runs_alone_and_sees_this_process() -> None:
    program = pkgutil.get_data("streamkit.facts", "inside.py")
    done = subprocess.run([sys.executable, "-I", "-S", "-"], input=program, capture_output=True, check=True)
    seen = json.loads(done.stdout)
    own = next(process for process in seen["processes"] if process["pid"] == os.getpid())
    assert own["uid"] == str(os.getuid()) and own["ppid"] == os.getppid()
    assert own["cpu_s"] > 0 and own["words"] and int(own["cap_eff"], 16) >= 0
    assert any(entry.startswith("PATH=") for entry in own["environment"])
    assert seen["root_read_only"] is False and seen["supervisor"] is None
    assert seen["at_s"] > 0 and (seen["cpu_s"] is None or seen["cpu_s"] > 0)
