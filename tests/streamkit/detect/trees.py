"""Miniature hosts: folders that look like /proc, /sys and /dev, and what stands outside them."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

from streamkit.detect.outside import CouldNotAskError, Outside


def put(root: Path, path: str, text: str = "") -> None:
    """Write one file of the miniature host."""
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def link(root: Path, path: str, target: str) -> None:
    """Make a link from ``path`` to ``target``, both as seen from ``root``, relative as in sysfs."""
    place = root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    (root / target).mkdir(parents=True, exist_ok=True)
    place.symlink_to(Path(*[".."] * (len(place.relative_to(root).parts) - 1)) / target)


def pci_gpu(
    root: Path,
    slot: str,
    pci_id: str,
    driver: str | None = None,
    nodes: Sequence[str] = (),
    pci_class: str = "0x030000",
    below: str = "",
) -> str:
    """A PCI device with its driver, and DRM nodes (of a device ``below`` it); returns its path in /sys."""
    device = f"sys/devices/pci0000:00/{slot}"
    vendor, product = pci_id.split(":")
    for name, text in (("class", pci_class), ("vendor", f"0x{vendor}"), ("device", f"0x{product}")):
        put(root, f"{device}/{name}", text + "\n")
    put(root, f"{device}/power/runtime_status", "active\n")
    (root / device / "config").write_bytes(struct.pack("<HH", int(vendor, 16), int(product, 16)) + bytes(60))
    link(root, f"sys/bus/pci/devices/{slot}", device)
    if driver:
        link(root, f"{device}/driver", f"sys/bus/pci/drivers/{driver}")
    for node in nodes:
        drm_node(root, node, f"{device}/{below}".rstrip("/"))
    return device


def drm_node(root: Path, node: str, device: str) -> None:
    """An entry of /sys/class/drm below ``device``, and its node."""
    link(root, f"{device}/drm/{node}/device", device)
    link(root, f"sys/class/drm/{node}", f"{device}/drm/{node}")
    put(root, f"dev/dri/{node}")


def no_program(arguments: Sequence[str]) -> str:
    """The programs of a host that has none."""
    raise CouldNotAskError(f"{arguments[0]} is not installed")


BARE = Outside(run=no_program)
"""A host with nothing installed; its devices are whatever lies in the folder."""
