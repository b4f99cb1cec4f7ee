"""What makes a capture card the same card again: in another port, under another number, after a restart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from streamkit.detect.usb import usb_parent


def identity(entry: Path, root: Path) -> dict[str, Any]:
    """Return what tells a node of ``/sys/class/video4linux`` from all others.

    ``identity``: what a USB device says of itself (vendor, product, serial number, interface), for other buses the
    place in sysfs; ``port``: the place in sysfs in any case; ``index``: which of its card's nodes it is (kernel:
    drivers/media/v4l2-core/v4l2-dev.c, ``index``: pictures come first, a UVC card's metadata second).
    """
    device = (entry / "device").resolve()
    # A link that leads out of the folder is another machine's; then its own name must do.
    inside = device.is_relative_to(root.resolve())
    port = "/" + str(device.relative_to(root.resolve())) if inside else str(device)
    usb = usb_parent(entry / "device")
    number = _attribute(entry, "index")
    return {
        "identity": _usb_identity(Path(usb), device) if usb else port,
        "port": port,
        "index": int(number) if number.isdecimal() else 0,
    }


def _usb_identity(usb: Path, interface: Path) -> str:
    parts = [*(_attribute(usb, name) for name in ("idVendor", "idProduct", "serial"))]
    return ":".join(["usb", *parts, _attribute(interface, "bInterfaceNumber")])


def rule_for(device: Mapping[str, Any], devices: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return what a node must be to count as ``device``: {identity, index, port}; None where nobody knows what it is.

    ``port`` is None, so that the card may be plugged in elsewhere, unless two cards say the same of themselves.
    """
    if not device.get("identity"):
        return None
    same = [one for one in devices if all(one.get(name) == device[name] for name in ("identity", "index"))]
    return {
        "identity": device["identity"],
        "index": device["index"],
        "port": device["port"] if len(same) > 1 else None,
    }


def fits(rule: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    """Return whether a node's ``identity()`` is the one that ``rule_for`` asks for."""
    return all(rule[name] in (None, found[name]) for name in ("identity", "index", "port"))


def _attribute(folder: Path, name: str) -> str:
    try:
        return (folder / name).read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
