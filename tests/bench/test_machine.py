"""The machine's metadata: every value typed or None, from a folder that looks like a machine and from this one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bench.machine import busy_percent, machine

TYPES: dict[str, type | tuple[type, ...]] = {
    "cpu": str,
    "architecture": str,
    "cores": int,
    "kernel": str,
    "governor": str,
    "memory_mb": int,
    "memory_available_mb": int,
    "load_1_minute": float,
    "temperature_c": float,
    "throttled_count": int,
    "docker": str,
    "image": str,
    "image_digest": str,
    "python": str,
    "versions": dict,
}


def silent(*words: str) -> str | None:
    """Stand for a machine without Docker."""
    return None


def test_every_value_has_its_type_here() -> None:
    found = machine(("psutil", "no-such-package"), "some/image")
    assert list(found) == list(TYPES)
    for key, value in found.items():
        assert value is None or isinstance(value, TYPES[key]), f"{key} is {value!r}"
    assert found["cpu"] and found["kernel"] and found["cores"] == os.cpu_count()
    assert found["versions"]["psutil"] and found["versions"]["no-such-package"] is None


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small machine as a folder."""
    files = {
        "proc/cpuinfo": "processor\t: 0\nmodel name\t: Intel(R) N100\nprocessor\t: 1\nmodel name\t: Intel(R) N100\n",
        "proc/meminfo": "MemTotal:       16123456 kB\nMemFree: 1 kB\nMemAvailable:    8061728 kB\n",
        "proc/stat": "cpu  100 0 50 800 50 0 0 0 0 0\ncpu0 1 2 3\n",
        "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "powersave\n",
        "sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count": "3\n",
        "sys/devices/system/cpu/cpu1/thermal_throttle/core_throttle_count": "4\n",
        "sys/class/thermal/thermal_zone0/temp": "27800\n",
        "sys/class/thermal/thermal_zone1/temp": "-274000\n",
        "sys/class/hwmon/hwmon2/temp1_input": "61000\n",
        "sys/class/hwmon/hwmon2/temp2_input": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_what_a_machine_says(root: Path) -> None:
    answers = {"version": "27.5.1\n", "image": "sha256:0123\n"}
    found = machine((), "streamkit:1", root, lambda *words: answers[words[0]])
    assert (found["cpu"], found["governor"]) == ("Intel(R) N100", "powersave")
    assert (found["memory_mb"], found["memory_available_mb"]) == (15745, 7872)
    assert (found["temperature_c"], found["throttled_count"]) == (61.0, 7)
    assert (found["docker"], found["image"], found["image_digest"]) == ("27.5.1", "streamkit:1", "sha256:0123")


def test_what_a_machine_does_not_say_is_none(tmp_path: Path) -> None:
    found = machine((), None, tmp_path, silent)
    unsaid = {
        "governor",
        "memory_mb",
        "memory_available_mb",
        "temperature_c",
        "throttled_count",
        "docker",
        "image",
        "image_digest",
    }
    assert {key for key, value in found.items() if value is None} == unsaid


def test_how_busy_others_keep_it(root: Path) -> None:
    def sleep(seconds: float) -> None:
        # 30 ticks of work, 60 idle, 10 waiting for a disk.
        (root / "proc/stat").write_text("cpu  120 0 60 860 60 0 0 0 0 0\n")

    assert busy_percent(root, 1.0, sleep) == 30.0


def test_how_busy_is_unknown_without_figures(tmp_path: Path) -> None:
    assert busy_percent(tmp_path, 0.0) is None
