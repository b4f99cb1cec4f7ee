"""Which encoders of the catalogue a host may try at all, by its hardware.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streamkit.config import Value
from streamkit.encoders import ENCODERS, Encoder, element_setting, nvenc_element, va_element

VENDORS = {"nvidia": ("nvidia",), "vaapi": ("intel", "amd")}
"""What an encoder needs, and the GPU vendors that have it."""
_CALLED = {"nvidia": "NVIDIA GPU", "vaapi": "Intel or AMD GPU with a render node"}


def gpu_for(encoder: Encoder, hardware: Mapping[str, Any], render_node: str = "auto") -> dict[str, Any] | None:
    """Return the GPU that would run the encoder, the one with ``render_node`` where it is named; None: none can,
    or it needs none."""
    able = [
        gpu
        for gpu in hardware["gpus"]
        if gpu["vendor"] in VENDORS.get(encoder.needs, ())
        and render_node in ("auto", gpu["render_node"])
        and not _unable(encoder, gpu)
    ]
    return able[0] if able else None


def gpu_settings(encoder: Encoder, hardware: Mapping[str, Any], gpu: Mapping[str, Any] | None) -> dict[str, Value]:
    """Return the settings that name a hardware encoder's GPU and element; empty for software."""
    setting = element_setting(encoder)
    if gpu is None or setting is None or (encoder.needs == "vaapi" and not gpu["render_node"]):
        return {}
    if encoder.needs == "nvidia":
        # CUDA counts by PCI slot where CUDA_DEVICE_ORDER says so; detection lists them in that order.
        cards = [one for one in hardware["gpus"] if one["vendor"] == "nvidia" and one.get("state", "ready") == "ready"]
        able = [one for one in cards if not _unable(encoder, one)]
        return {
            "cuda_device": str(cards.index(gpu)),
            setting: nvenc_element(encoder.codec, able.index(gpu)),
        }
    # Only nodes with a VA driver count; a vendor that has none here (NVIDIA, virtual GPUs) takes no name.
    nodes = sorted(
        str(one["render_node"]) for one in hardware["gpus"] if one["render_node"] and one["vendor"] in VENDORS["vaapi"]
    )
    node = str(gpu["render_node"])
    low_power = encoder.codec in (gpu.get("va") or {}).get("low_power_only", [])
    return {"render_node": node, setting: va_element(encoder.codec, node, nodes[0], low_power)}


def all_gpu_settings(hardware: Mapping[str, Any], values: Mapping[str, Value], chosen: Encoder) -> dict[str, Value]:
    """Return the settings of every hardware encoder of this host, the chosen one's last: the panel may switch."""
    found: dict[str, Value] = {}
    for encoder in [*(one for one in ENCODERS.values() if one is not chosen), chosen]:
        gpu = gpu_for(encoder, hardware, str(values["render_node"]))
        found |= gpu_settings(encoder, hardware, gpu)
    return found


def missing_hardware(encoder: Encoder, hardware: Mapping[str, Any], values: Mapping[str, Value]) -> str:
    """Return why no GPU of this host can run the encoder, or an empty string (always so for software)."""
    if not encoder.needs:
        return ""
    wanted = str(values["render_node"])
    if gpu := gpu_for(encoder, hardware, wanted):
        variant = str(values["image_variant"])
        if encoder.needs == "vaapi" and variant not in ("auto", gpu["vendor"]):
            return f"streamkit_image_variant is {variant!r}, and that image has no driver for the {gpu['vendor']} GPU"
        return ""
    near = [gpu for gpu in hardware["gpus"] if gpu["vendor"] in VENDORS[encoder.needs]]
    if not near:
        return f"no {_CALLED[encoder.needs]} was found"
    if wanted != "auto" and wanted not in {gpu["render_node"] for gpu in near}:
        return f"streamkit_render_node is {wanted!r}, and no {_CALLED[encoder.needs]} is there"
    return "; ".join(f"{gpu.get('name') or gpu['pci_id']}: {_unable(encoder, gpu)}" for gpu in near)


def _unable(encoder: Encoder, gpu: Mapping[str, Any]) -> str:
    """Return why this GPU cannot run the encoder as far as detection can tell, or an empty string."""
    if gpu.get("state", "ready") != "ready":
        return str(gpu.get("reason") or f"it is {gpu['state']}")
    if encoder.needs == "nvidia":
        nvenc = gpu.get("nvenc")
        if nvenc and nvenc["codecs"] is not None and encoder.codec not in nvenc["codecs"]:
            return str(nvenc["reason"])
        return ""
    va = gpu.get("va")
    # Described from what its tools printed, a GPU that VA-API works on has a node whose name nobody said.
    if not gpu["render_node"] and not (va and va["usable"]):
        return "it has no render node"
    if va and va["usable"] and encoder.codec not in va["encode"]:
        return f"its driver {va['driver']} encodes no {encoder.codec.upper()} ({', '.join(va['encode']) or 'nothing'})"
    return ""


def candidates(hardware: Mapping[str, Any], values: Mapping[str, Value]) -> list[Encoder]:
    """Return the encoders worth a trial on this host, in the order of the catalogue; one where it was named."""
    wanted = str(values["encoder"])
    return [
        encoder
        for encoder in ENCODERS.values()
        if wanted in ("auto", encoder.id) and not missing_hardware(encoder, hardware, values)
    ]
