"""The GPU's part of a sample: which source tells it for the encoder in force, and under which name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streamkit.documents import Document
from streamkit.encoders import ENCODERS
from streamkit.panel.fdinfo import ProcessGpu
from streamkit.panel.nvml import Nvml


class Gpu:
    """How busy the GPU is that the stream encodes on.  ``process`` and ``nvml`` are the two sources."""

    def __init__(self, process: ProcessGpu | None = None, nvml: Nvml | None = None) -> None:
        self._process = process or ProcessGpu()
        self._nvml = nvml or Nvml()

    def read(self, pid: int | None, encoder: str, cuda_device: str, hardware: Mapping[str, Any]) -> Document | None:
        """Return {"name", "video_percent", "render_percent", "source"}; None where no GPU encodes or none tells.

        Intel and AMD tell the load by the stream (process ``pid``) alone, NVIDIA that of the whole GPU.
        ``cuda_device`` is the setting of that name, ``hardware`` the release's hardware.json.
        """
        known = ENCODERS.get(encoder)
        if pid is None or known is None or not known.needs:
            return None
        if known.needs == "nvidia":
            found = self._nvml.load(int(cuda_device) if cuda_device.isdigit() else 0)
            if found is None:
                return None
            return _document(found.name, found.video_percent, found.render_percent, "nvml")
        load = self._process.load(pid)
        if load is None:
            return None
        return _document(_name(load.driver, load.slot, hardware), load.video_percent, load.render_percent, "fdinfo")


def _document(name: str, video_percent: float | None, render_percent: float | None, source: str) -> Document:
    return {"name": name, "video_percent": video_percent, "render_percent": render_percent, "source": source}


def _name(driver: str, slot: str, hardware: Mapping[str, Any]) -> str:
    gpus = hardware.get("gpus")
    for gpu in gpus if isinstance(gpus, list) else []:
        if isinstance(gpu, dict) and gpu.get("pci_slot") == slot and gpu.get("name"):
            return str(gpu["name"])
    return f"{driver} {slot}".strip()
