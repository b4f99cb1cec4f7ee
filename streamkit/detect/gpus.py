"""GPUs from sysfs: every PCI display controller, usable or not, and render nodes on other buses.

Kernel: Documentation/ABI/testing/sysfs-bus-pci, Documentation/power/pci.rst, drivers/gpu/drm/drm_sysfs.c.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from streamkit.detect.machine import read
from streamkit.detect.nvidia import nvenc_facts

VENDORS = {"0x8086": "intel", "0x1002": "amd", "0x1022": "amd", "0x10de": "nvidia"}
DISPLAY_CLASS = "0x03"
PCI_SLOT = re.compile(r"[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]")
PASSED_ON = frozenset({"vfio-pci", "pci-stub", "xen-pciback"})
"""Drivers that keep a device for a virtual machine."""
CURES = {
    "intel": "its drivers i915 and xe come with the kernel",
    "amd": "its driver amdgpu comes with the kernel and needs the package firmware-amd-graphics",
    "nvidia": "install NVIDIA's driver (package nvidia-driver)",
}


def scan(root: Path) -> list[dict[str, Any]]:
    """Return the GPUs by PCI slot, those on no PCI bus last.

    ``vendor`` (intel, amd, nvidia, other), ``pci_id``, ``pci_slot``, ``physical_slot`` (of an SR-IOV virtual function:
    the card it is a part of), ``driver`` in use, ``card_node``, ``render_node`` and the ``gid`` that owns it, ``state``
    and the ``reason`` of every state but "ready", ``name`` where the driver tells it, and ``nvenc`` for NVIDIA.

    States: "ready", "vfio" (kept for a virtual machine), "no_driver", "no_render_node", "off".  A GPU that sleeps
    (runtime suspend) is ready: it wakes when it is used, and is not woken for this.
    """
    drm = _drm_nodes(root)
    found = []
    devices = root / "sys/bus/pci/devices"
    for device in sorted(devices.iterdir()) if devices.is_dir() else []:
        nodes = drm.pop(device.name, {})
        # A render node makes a GPU of "processing accelerators" (class 12) too.
        if read(device / "class").startswith(DISPLAY_CLASS) or "render" in nodes:
            found.append(_pci_gpu(root, device, nodes))
    for nodes in drm.values():
        if "render" in nodes:
            found.append(_other_gpu(root, nodes))
    return found


def _drm_nodes(root: Path) -> dict[str, dict[str, Path]]:
    """Return {PCI slot or sysfs path: {"render" and "card": entry in /sys/class/drm}}."""
    found: dict[str, dict[str, Path]] = {}
    entries = [path for path in (root / "sys/class/drm").glob("*") if re.fullmatch(r"(card|renderD)\d+", path.name)]
    for entry in sorted(entries, key=lambda path: (len(path.name), path.name)):
        parent = (entry / "device").resolve()
        # virtio-gpu hangs below its PCI device; the last slot in the path is the device's own.
        slot = next((part for part in reversed(parent.parts) if PCI_SLOT.fullmatch(part)), str(parent))
        kind = "render" if entry.name.startswith("renderD") else "card"
        found.setdefault(slot, {}).setdefault(kind, entry)
    return found


def _driver(device: Path) -> str | None:
    link = device / "driver"
    return link.resolve().name if link.exists() else None


def _pci_gpu(root: Path, device: Path, nodes: dict[str, Path]) -> dict[str, Any]:
    vendor_id, product_id = read(device / "vendor").strip(), read(device / "device").strip()
    vendor = VENDORS.get(vendor_id, "other")
    pci_id = f"{vendor_id[2:]}:{product_id[2:]}" if vendor_id and product_id else None
    # virtio-gpu: the transport is bound to the PCI device, the graphics driver to the DRM node's.
    drm_device = nodes.get("render", nodes.get("card"))
    driver = (_driver(drm_device / "device") if drm_device else None) or _driver(device)
    physical = device / "physfn"
    gpu: dict[str, Any] = {
        "vendor": vendor,
        "pci_id": pci_id,
        "pci_slot": device.name,
        "physical_slot": physical.resolve().name if physical.exists() else None,
        "driver": driver,
        **_nodes(root, nodes),
        "name": None,
        "nvenc": None,
    }
    if vendor == "nvidia":
        gpu |= nvenc_facts(root, device.name, pci_id)
    gpu["state"], gpu["reason"] = _state(root, device, gpu, nodes)
    return gpu


def _other_gpu(root: Path, nodes: dict[str, Path]) -> dict[str, Any]:
    gpu: dict[str, Any] = {
        "vendor": "other",
        "pci_id": None,
        "pci_slot": None,
        "physical_slot": None,
        "driver": _driver(nodes["render"] / "device"),
        **_nodes(root, nodes),
        "name": None,
        "nvenc": None,
    }
    gpu["state"], gpu["reason"] = ("ready", None) if gpu["render_node"] else ("no_render_node", _not_given(nodes))
    return gpu


def _nodes(root: Path, nodes: dict[str, Path]) -> dict[str, Any]:
    paths = {kind: root / "dev/dri" / entry.name for kind, entry in nodes.items()}
    there = {kind: path for kind, path in paths.items() if path.exists()}
    return {
        "card_node": f"/dev/dri/{there['card'].name}" if "card" in there else None,
        "render_node": f"/dev/dri/{there['render'].name}" if "render" in there else None,
        "gid": there["render"].stat().st_gid if "render" in there else None,
    }


def _not_given(nodes: dict[str, Path]) -> str:
    return (
        f"the kernel has /dev/dri/{nodes['render'].name} but the node does not exist: this container was not given it"
    )


def _state(root: Path, device: Path, gpu: dict[str, Any], nodes: dict[str, Path]) -> tuple[str, str | None]:
    vendor, driver = gpu["vendor"], gpu["driver"]
    if driver in PASSED_ON:
        return "vfio", f"bound to {driver}: it is kept for a virtual machine and cannot be used here"
    off = _off(root, device)
    if off:
        return "off", off
    if driver is None:
        cure = CURES.get(vendor, "")
        if re.search(r"\bnomodeset\b", read(root / "proc/cmdline")):
            cure = "the kernel was started with nomodeset, which keeps graphics drivers away: remove that word"
        return "no_driver", "no driver is bound to it" + (f"; {cure}" if cure else "")
    if gpu["render_node"]:
        return "ready", None
    if driver == "nvidia" and gpu["nvenc"]["device_nodes"]:
        return "ready", None  # NVENC goes through /dev/nvidia*, not through a render node
    if "render" in nodes:
        return "no_render_node", _not_given(nodes)
    return "no_render_node", f"its driver {driver} has no render node: it shows pictures but computes none"


def _off(root: Path, device: Path) -> str | None:
    """Return why the GPU is switched off, None where it is not."""
    switch = re.search(rf"^{re.escape(device.name)} OFF\b", read(root / "proc/acpi/bbswitch"), re.MULTILINE)
    if switch:
        return "switched off by bbswitch"
    # Reading the configuration space of a suspended device would wake it.
    if read(device / "power/runtime_status").strip() in ("suspended", "suspending"):
        return None
    try:
        with (device / "config").open("rb") as stream:
            head = stream.read(4)
    except OSError:
        return None
    if head == b"\xff\xff\xff\xff":
        return "its configuration space reads ff: it has no power, or has fallen off the bus; shut down and start again"
    return None
