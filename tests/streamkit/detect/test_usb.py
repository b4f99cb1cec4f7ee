"""USB connections from sysfs."""

from __future__ import annotations

from pathlib import Path

import pytest

from streamkit.detect.usb import usb_facts
from tests.streamkit.detect.trees import link, put

NOTHING = {"usb": None, "usb_speed_mbps": None, "usb_version": None}


@pytest.mark.parametrize(
    ("speed", "mbps"), [("480\n", 480), ("5000\n", 5000), ("10000\n", 10000), ("1.5\n", 1), ("unknown\n", None)]
)
def test_speed_of_the_connection(tmp_path: Path, speed: str, mbps: int | None) -> None:
    device = "sys/devices/pci0000:00/0000:00:14.0/usb1/1-2"
    put(tmp_path, f"{device}/idVendor", "534d\n")
    put(tmp_path, f"{device}/speed", speed)
    put(tmp_path, f"{device}/version", " 2.00\n")
    link(tmp_path, "sys/class/video4linux/video0/device", f"{device}/1-2:1.0")
    found = usb_facts(tmp_path / "sys/class/video4linux/video0/device", tmp_path)
    assert found == {"usb": f"/{device}", "usb_speed_mbps": mbps, "usb_version": "2.00"}


def test_other_buses_have_none(tmp_path: Path) -> None:
    link(tmp_path, "sys/class/video4linux/video0/device", "sys/devices/pci0000:00/0000:03:00.0")
    assert usb_facts(tmp_path / "sys/class/video4linux/video0/device", tmp_path) == NOTHING
    assert usb_facts(tmp_path / "sys/class/video4linux/video1/device", tmp_path) == NOTHING
