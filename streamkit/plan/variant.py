"""Which variant of the image a host needs: whose GPU drivers are in it.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streamkit.config import Value
from streamkit.encoders import ENCODERS
from streamkit.plan.candidates import VENDORS, gpu_for

CPU = "cpu"


def choose_variant(hardware: Mapping[str, Any], values: Mapping[str, Value]) -> tuple[str, str]:
    """Return (cpu, intel or amd; why).  ``hardware`` is hardware.json, ``values`` every setting.

    "auto" takes the vendor of the GPU that VA-API would encode on: the one named by ``render_node``, else the first.
    NVIDIA's driver is never in the image: the container toolkit brings the host's own, which fits its kernel module.
    """
    wanted = str(values["image_variant"])
    if wanted != "auto":
        return wanted, f"streamkit_image_variant is {wanted!r}."
    for encoder in ENCODERS.values():
        gpu = gpu_for(encoder, hardware, str(values["render_node"])) if encoder.needs == "vaapi" else None
        if gpu:
            called = gpu.get("name") or gpu["pci_id"] or "the GPU"
            return str(gpu["vendor"]), f"{called} encodes by VA-API: its driver is in the image."
    vendors = {gpu["vendor"] for gpu in hardware["gpus"]}
    if "nvidia" in vendors:
        return CPU, "NVIDIA's driver comes from the host, by the container toolkit: none is in the image."
    if vendors & set(VENDORS["vaapi"]):
        return CPU, "No Intel or AMD GPU here can encode by VA-API: no driver is in the image."
    return CPU, "No Intel or AMD GPU was found: no driver is in the image."
