"""Processor, memory, operating system and GPUs, from ``/proc``, ``/etc`` and ``/sys``."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path
from typing import Any

VENDORS = {"0x8086": "intel", "0x1002": "amd", "0x10de": "nvidia"}


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def operating_system(root: Path) -> dict[str, str]:
    """Return ``id`` and ``version`` of os-release(5), empty where it says nothing."""
    fields = dict(re.findall(r'^([A-Z_]+)="?([^"\n]*)"?$', _read(root / "etc/os-release"), re.MULTILINE))
    return {"id": fields.get("ID", ""), "version": fields.get("VERSION_ID", ""), "name": fields.get("PRETTY_NAME", "")}


def cpu(root: Path) -> dict[str, Any]:
    """Return the processor's ``model``, and ``cpus``: how many this process may use."""
    model = re.search(r"^model name\s*:\s*(.*)$", _read(root / "proc/cpuinfo"), re.MULTILINE)
    return {
        "model": model[1] if model else None,
        "cpus": len(os.sched_getaffinity(0)),
        "architecture": platform.machine(),
    }


def memory_mb(root: Path) -> int | None:
    """Return the machine's memory in MiB."""
    total = re.search(r"^MemTotal:\s*(\d+) kB", _read(root / "proc/meminfo"), re.MULTILINE)
    return int(total[1]) // 1024 if total else None


def gpus(root: Path) -> list[dict[str, Any]]:
    """Return display controllers with a render node: ``vendor pci_id driver render_node gid``."""
    found = []
    for entry in sorted((root / "sys/class/drm").glob("renderD*")):
        device = entry / "device"
        node = root / "dev/dri" / entry.name
        vendor, product = _read(device / "vendor").strip(), _read(device / "device").strip()
        found.append(
            {
                "vendor": VENDORS.get(vendor, "other"),
                "pci_id": f"{vendor[2:]}:{product[2:]}" if vendor else None,
                "driver": (device / "driver").resolve().name if (device / "driver").exists() else None,
                "render_node": f"/dev/dri/{entry.name}",
                "gid": node.stat().st_gid if node.exists() else None,
            }
        )
    return found
