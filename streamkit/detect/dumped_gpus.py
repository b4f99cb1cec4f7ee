"""GPUs from the texts of ``lspci``, ``vainfo`` and ``nvidia-smi`` together.  Pure."""

from __future__ import annotations

from typing import Any

from streamkit.detect.gpus import PASSED_ON
from streamkit.detect.va import va_fields
from streamkit.nvenc import codecs_by_name, codecs_by_pci_id

VENDOR_OF_DRIVER = {
    "iHD": "intel",
    "i965": "intel",
    "i915": "intel",
    "radeonsi": "amd",
    "r600": "amd",
    "nvidia": "nvidia",
    "nouveau": "nvidia",
}
"""libva driver to the vendor whose GPUs it runs."""
RENDERING = frozenset({"i915", "xe", "amdgpu", "radeon", "nouveau", "nvidia"})
"""Kernel drivers that give every GPU a render node."""


def gpus_from(parsed: dict[str, dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Return (GPUs as ``detect`` writes them, what the texts do not say) from {tool: parsed text}.

    No text names a render node, so it is None.  ``state`` is "ready" where a rendering driver is in use, or where
    vainfo or nvidia-smi reached the GPU; "vfio" and "off" as in streamkit.detect.gpus; else "unknown".
    """
    unknown: list[dict[str, str]] = []
    listed, smi, va = parsed.get("lspci"), parsed.get("nvidia-smi"), parsed.get("vainfo")
    gpus = [_listed(entry) for entry in (listed or {}).get("gpus", [])]
    for tool, said in (("lspci", listed), ("vainfo", va), ("nvidia-smi", smi)):
        reason = f"there is no {tool}.txt among the dumps" if said is None else said.get("error") or said.get("reason")
        if said is not None and tool != "vainfo" and said["gpus"] and said.get("usable_now") is not False:
            continue  # it answered; a reason then is one for something else
        if reason and (said is not None or tool != "nvidia-smi" or any(gpu["vendor"] == "nvidia" for gpu in gpus)):
            unknown.append(_unknown(f"GPUs by {tool}", str(reason)))
    if smi is not None:
        _add_nvidia(gpus, smi, unknown)
    if va is not None:
        _add_va(gpus, va, unknown)
    for gpu in gpus:
        if gpu["vendor"] == "nvidia":
            gpu["nvenc"] = _nvenc(gpu, (smi or {}).get("driver"))
        if gpu["state"] == "unknown":
            unknown.append(_unknown(f"whether {_called(gpu)} is usable", gpu["reason"]))
    return gpus, unknown


def _unknown(what: str, reason: str) -> dict[str, str]:
    return {"about": "gpu", "what": what, "reason": reason}


def _called(gpu: dict[str, Any]) -> str:
    return str(gpu["name"] or gpu["pci_id"] or f"the {gpu['vendor']} GPU")


def _gpu(vendor: str, pci_id: str | None, slot: str | None, name: str | None) -> dict[str, Any]:
    return {
        "vendor": vendor,
        "pci_id": pci_id,
        "pci_slot": f"0000:{slot}" if slot and slot.count(":") == 1 else slot,
        "physical_slot": None,
        "driver": None,
        "card_node": None,
        "render_node": None,
        "gid": None,
        "name": name,
        "nvenc": None,
        "state": "unknown",
        "reason": "no dump shows a driver that reached it",
        "va": None,
    }


def _listed(entry: dict[str, Any]) -> dict[str, Any]:
    gpu = _gpu(entry["vendor"], entry["pci_id"], entry["slot"], entry["name"])
    gpu["driver"] = entry.get("driver")
    if gpu["driver"] in PASSED_ON:
        reason = f"bound to {gpu['driver']}: it is kept for a virtual machine and cannot be used here"
        return gpu | {"state": "vfio", "reason": reason}
    if entry.get("state") == "off":
        return gpu | {
            "state": "off",
            "reason": "it does not answer (rev ff): it has no power, or has fallen off the bus",
        }
    return gpu | ({"state": "ready", "reason": None} if gpu["driver"] in RENDERING else {})


def _add_nvidia(gpus: list[dict[str, Any]], smi: dict[str, Any], unknown: list[dict[str, str]]) -> None:
    names: list[str] = smi["gpus"]
    cards = [gpu for gpu in gpus if gpu["vendor"] == "nvidia"]
    if not cards:
        cards = [_gpu("nvidia", None, None, None) for _ in names]
        gpus += cards
    # Both tools list by PCI slot; with other numbers than lspci's nobody can tell which is which.
    if len(cards) == len(names):
        for gpu, name in zip(cards, names, strict=True):
            gpu["name"] = name
    elif names:
        reason = f"lspci lists {len(cards)}, nvidia-smi {len(names)}"
        unknown.append(_unknown("which NVIDIA GPU is which", reason))
    if smi["usable_now"] is True and len(cards) == len(names):
        for gpu in cards:
            gpu |= {"driver": "nvidia", "state": "ready", "reason": None}
    elif smi["usable_now"] is False:
        for gpu in cards:
            if gpu["state"] in ("ready", "unknown"):
                gpu |= {"state": "unknown", "reason": f"nvidia-smi does not reach it: {smi['error']}"}


def _add_va(gpus: list[dict[str, Any]], said: dict[str, Any], unknown: list[dict[str, str]]) -> None:
    vendor = VENDOR_OF_DRIVER.get(said["driver"] or "")
    if vendor is None:
        driver = f"the driver {said['driver']}" if said["driver"] else "no driver that it names"
        unknown.append(_unknown("which GPU vainfo asked", f"vainfo shows {driver}"))
        return
    matching = [gpu for gpu in gpus if gpu["vendor"] == vendor]
    if not matching:
        if not said["usable"]:
            return  # a driver was tried: nothing says that its GPU exists
        matching = [_gpu(vendor, None, None, None)]
        gpus += matching
    if len(matching) > 1:
        reason = f"{len(matching)} of {vendor} are listed; taken for the first, as vainfo does"
        unknown.append(_unknown("which GPU vainfo asked", reason))
    matching[0]["va"] = va_fields(said)
    if said["usable"]:
        matching[0] |= {"state": "ready", "reason": None}


def _nvenc(gpu: dict[str, Any], driver_version: str | None) -> dict[str, Any]:
    series = (driver_version or "").split(".")[0]
    if gpu["pci_id"]:
        support = codecs_by_pci_id(gpu["pci_id"], gpu["name"])
    elif gpu["name"]:
        support = codecs_by_name(gpu["name"], int(series) if series.isdecimal() else None)
    else:
        support = None
    return {
        "codecs": list(support.codecs) if support and support.codecs is not None else None,
        "chip": support.chip if support else None,
        "reason": support.reason if support else "no dump names the GPU",
        "driver_version": driver_version if gpu["state"] == "ready" else None,
        "device_nodes": [],
    }
