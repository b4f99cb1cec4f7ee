"""What the figures of a run depend on: the machine, what else it does, and the versions."""

from __future__ import annotations

import os
import platform
import re
from importlib import metadata
from pathlib import Path
from typing import Any


def machine(packages: tuple[str, ...]) -> dict[str, Any]:
    """Return CPU, kernel, governor, load and the versions of ``packages``; None for what this machine does not say."""
    found = re.search(r"^model name\s*:\s*(.+)$", _text(Path("/proc/cpuinfo")) or "", re.MULTILINE)
    return {
        "cpu": found[1] if found else platform.machine(),
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "governor": _text(Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")),
        "python": platform.python_version(),
        "versions": {name: metadata.version(name) for name in packages},
        "load_1_minute": round(os.getloadavg()[0], 2),
    }


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return None
