"""Which USB device something hangs on: what ties a capture card's picture to its sound."""

from __future__ import annotations

from pathlib import Path


def usb_parent(device: Path) -> str | None:
    """Return the sysfs path of the USB device above ``device`` (a link in /sys/class), None for other buses."""
    return next((str(parent) for parent in device.resolve().parents if (parent / "idVendor").exists()), None)
