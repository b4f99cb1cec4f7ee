"""Which USB device something hangs on, and how fast it is connected (kernel: Documentation/ABI/testing/sysfs-bus-usb)."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def usb_parent(device: Path) -> str | None:
    """Return the sysfs path of the USB device above ``device`` (a link in /sys/class), None for other buses."""
    return next((str(parent) for parent in device.resolve().parents if (parent / "idVendor").exists()), None)


def usb_facts(device: Path, root: Path) -> dict[str, Any]:
    """Return ``usb`` (sysfs path as the host has it), ``usb_speed_mbps`` and ``usb_version``; None for other buses.

    The speed is that of the connection: a USB 3 card in a USB 2 port, or on a bad cable, says 480.  ``usb_version``
    is what the device says of itself (bcdUSB): "3.20" at 480 Mbit/s never comes together, "2.10" does.
    """
    parent = usb_parent(device)
    if parent is None:
        return {"usb": None, "usb_speed_mbps": None, "usb_version": None}
    speed, version = _attribute(parent, "speed"), _attribute(parent, "version")
    return {
        "usb": "/" + str(Path(parent).relative_to(root.resolve())),
        # 1.5 (low speed) is the only one that is no whole number, and no camera is that slow.
        "usb_speed_mbps": int(float(speed)) if speed.replace(".", "", 1).isdecimal() else None,
        "usb_version": version or None,
    }


def _attribute(parent: str, name: str) -> str:
    try:
        return (Path(parent) / name).read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
