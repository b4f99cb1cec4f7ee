"""NVIDIA's own driver: is it loaded, how does it call a GPU, and has that GPU an encoder at all.

Files: NVIDIA driver README, chapter "Using the /proc File System Interface".
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from streamkit.detect.machine import read
from streamkit.nvenc import codecs_by_pci_id

VERSION = re.compile(r"Kernel Module(?:\s+for\s+\S+)?\s+(\d+(?:\.\d+)+)")
"""``NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  560.35.03  Release Build``; the closed one has no "for"."""


def nvenc_facts(root: Path, pci_slot: str, pci_id: str | None) -> dict[str, Any]:
    """Return ``name`` and ``nvenc`` of one NVIDIA GPU.

    ``nvenc``: ``codecs`` (None: unknown; empty: this chip has no encoder), ``chip``, ``reason``; ``driver_version`` of
    NVIDIA's kernel module (None: not loaded), and ``device_nodes``, which a container must be given.
    """
    information = read(root / "proc/driver/nvidia/gpus" / pci_slot / "information")
    model = re.search(r"^Model:[ \t]*(\S.*?)[ \t]*$", information, re.MULTILINE)
    name = model[1] if model and model[1] != "Unknown" else None
    minor = re.search(r"^Device Minor:[ \t]*(\d+)", information, re.MULTILINE)
    version = VERSION.search(read(root / "proc/driver/nvidia/version"))
    wanted = [f"nvidia{minor[1] if minor else 0}", "nvidiactl"]
    nodes = [f"/dev/{node}" for node in wanted if (root / "dev" / node).exists()] if version else []
    support = codecs_by_pci_id(pci_id, name) if pci_id else None
    return {
        "name": name,
        "nvenc": {
            "codecs": list(support.codecs) if support and support.codecs is not None else None,
            "chip": support.chip if support else None,
            "reason": support.reason if support else "its PCI id cannot be read",
            "driver_version": version[1] if version else None,
            "device_nodes": nodes if len(nodes) == len(wanted) else [],
        },
    }
