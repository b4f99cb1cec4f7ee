"""What the figures of a run depend on: the machine, what else it does, and the versions.  Standard library only.

Every value has one type, or is None where this machine does not say it.
"""

from __future__ import annotations

import os
import platform
import re
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

from streamkit.docker_command import answer_or_none

CPUINFO = "proc/cpuinfo"
MEMINFO = "proc/meminfo"
STAT = "proc/stat"
GOVERNOR = "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"
THROTTLED = "sys/devices/system/cpu/cpu*/thermal_throttle/core_throttle_count"
TEMPERATURES = "sys/class/thermal/thermal_zone*/temp"
SENSORS = "sys/class/hwmon/hwmon*/temp*_input"
COLDEST_C, HOTTEST_C = 1.0, 130.0
"""A sensor that is not connected says less or more."""
LOOK_S = 1.0

Answer = Callable[..., str | None]


def machine(
    packages: tuple[str, ...] = (),
    image: str | None = None,
    root: Path = Path("/"),
    docker: Answer = answer_or_none,
) -> dict[str, Any]:
    """Return the metadata of a run.  ``packages`` are Python's, ``image`` is the container image that is measured.

    ``root`` is where ``/proc`` and ``/sys`` lie; ``docker`` returns what a docker command prints, or None.
    """
    memory = _text(root / MEMINFO) or ""
    return {
        "cpu": _match(r"^model name\s*:\s*(.+)$", _text(root / CPUINFO) or "") or platform.machine(),
        "architecture": platform.machine(),
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "governor": _text(root / GOVERNOR),
        "memory_mb": _mb(memory, "MemTotal"),
        "memory_available_mb": _mb(memory, "MemAvailable"),
        "load_1_minute": round(os.getloadavg()[0], 2),
        "temperature_c": _temperature(root),
        "throttled_count": _throttled(root),
        "docker": _plain(docker("version", "--format", "{{.Server.Version}}")),
        "image": image,
        "image_digest": image_digest(image, docker) if image else None,
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in packages},
    }


def image_digest(image: str, docker: Answer = answer_or_none) -> str | None:
    """Return the content's digest of a container image that is here; a name may mean another one tomorrow."""
    return _plain(docker("image", "inspect", "--format", "{{.Id}}", image))


def busy_percent(
    root: Path = Path("/"), wait_s: float = LOOK_S, sleep: Callable[[float], None] = time.sleep
) -> float | None:
    """Return how busy all cores were for a moment, percent of the whole machine; before a run, it is by others."""
    before = _cpu_ticks(root)
    sleep(wait_s)
    after = _cpu_ticks(root)
    if before is None or after is None or after[1] <= before[1]:
        return None
    return round(100 * (after[0] - before[0]) / (after[1] - before[1]), 1)


def _cpu_ticks(root: Path) -> tuple[int, int] | None:
    """Return (busy, all) ticks since the start: user nice system idle iowait irq softirq steal (proc(5))."""
    found = re.match(r"cpu\s+((?:\d+ ?){8})", _text(root / STAT) or "")
    if not found:
        return None
    ticks = [int(word) for word in found[1].split()]
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)


def _temperature(root: Path) -> float | None:
    """Return the hottest sensor, degrees Celsius."""
    texts = [_text(path) or "" for pattern in (TEMPERATURES, SENSORS) for path in root.glob(pattern)]
    found = [int(text) / 1000 for text in texts if re.fullmatch(r"-?\d+", text)]
    return max((one for one in found if COLDEST_C <= one <= HOTTEST_C), default=None)


def _throttled(root: Path) -> int | None:
    """Return how often the cores were slowed down by heat since the start, summed."""
    texts = [_text(path) or "" for path in root.glob(THROTTLED)]
    counts = [int(text) for text in texts if text.isdigit()]
    return sum(counts) if counts else None


def _mb(memory: str, name: str) -> int | None:
    found = _match(rf"^{name}:\s+(\d+) kB$", memory)
    return int(found) // 1024 if found else None


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _match(pattern: str, text: str) -> str | None:
    found = re.search(pattern, text, re.MULTILINE)
    return found[1].strip() if found else None


def _plain(answer: str | None) -> str | None:
    return (answer or "").strip() or None


def _text(path: Path) -> str | None:
    # Not there and not readable are the same: this machine does not say it.
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
