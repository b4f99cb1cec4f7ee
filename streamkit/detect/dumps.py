"""The host description from what tools printed elsewhere: ``DIR/<tool>.txt``.  Enough to plan for somebody's box.

Only what the texts say is filled in; the rest is None, and ``unknown`` names it with the reason.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

from streamkit.detect.dumped_gpus import gpus_from
from streamkit.documents import Document
from streamkit.errors import BadInputError
from streamkit.parse import TOOLS, parse
from streamkit.video import format_fps

V4L2_PARTS = ("v4l2-ctl-list-devices.txt", "v4l2-ctl-list-formats-ext.txt")
"""Taken for v4l2-ctl.txt, which may also hold both texts itself."""
MAX_BYTES = 2_000_000
BYTE_ORDER_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
DEFAULT_NODE = "/dev/video0"
"""The node that v4l2-ctl asks without ``-d`` (v4l2-ctl(1))."""


def from_dumps(folder: Path) -> Document:
    """Return the document that ``detect`` writes, from the texts in ``folder``.

    ``cpu``, ``os`` and ``memory_mb`` are unknown (None, "" for os), ``cpu.cpus`` too.  ``gstreamer`` is what
    gst-inspect-1.0 listed: {plugin, encoders}.  Raises BadInputError where the folder holds none of the texts.
    """
    texts = _texts(folder)
    parsed = {tool: parse(tool, text) for tool, text in texts.items()}
    unknown = [
        {"about": about, "what": what, "reason": "the dumps do not say"}
        for about, what in (("cpu", "the processor"), ("cpu", "the memory"), ("os", "the operating system"))
    ]
    gpus, silent_gpus = gpus_from(parsed)
    videos, others, silent_videos = _videos(parsed.get("v4l2-ctl"))
    sounds, silent_sounds = _sounds(parsed.get("arecord"))
    listed = parsed.get("gst-inspect-1.0")
    return {
        "hostname": "",
        "os": {"id": "", "version": "", "name": ""},
        "cpu": {
            **dict.fromkeys(("model", "cpus", "architecture", "sockets", "cores", "threads"), None),
            **dict.fromkeys(("governor", "scaling_driver", "hypervisor"), None),
            "flags": [],
        },
        "memory_mb": None,
        "groups": {},
        "gpus": gpus,
        "video_devices": videos,
        "other_video_nodes": others,
        "audio_devices": sounds,
        "docker": None,
        "gstreamer": {"plugin": listed["plugin"], "encoders": listed["encoders"]} if listed else None,
        "unknown": unknown + silent_gpus + silent_videos + silent_sounds,
    }


def _texts(folder: Path) -> dict[str, str]:
    """Return {tool: text} of the dumps that are there.  Raises BadInputError."""
    names = ", ".join(f"{tool}.txt" for tool in TOOLS)
    if not folder.is_dir():
        raise BadInputError(f"{folder} is no directory; name one that holds some of {names}.")
    files = {tool: [folder / f"{tool}.txt"] for tool in TOOLS}
    if not files["v4l2-ctl"][0].exists():
        files["v4l2-ctl"] = [folder / name for name in V4L2_PARTS]
    found = {tool: [_text(path) for path in paths if path.exists()] for tool, paths in files.items()}
    if not any(found.values()):
        raise BadInputError(f"{folder} holds none of {names}; save what a tool prints under its name there.")
    return {tool: "\n".join(texts) for tool, texts in found.items() if texts}


def _text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as problem:
        raise BadInputError(f"{path} cannot be read: {problem.strerror}.") from None
    if len(content) > MAX_BYTES:
        raise BadInputError(
            f"{path} is larger than {MAX_BYTES // 10**6} MB, which no tool prints; is it the right file?"
        )
    # Windows' shell saves what a remote session prints as UTF-16.
    return content.decode(BYTE_ORDER_MARKS.get(content[:2], "utf-8-sig"), "replace")


def _not_said(about: str, what: str, tool: str) -> dict[str, str]:
    return {"about": about, "what": what, "reason": f"there is no {tool}.txt among the dumps"}


def _videos(
    parsed: dict[str, Any] | None,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, str]]]:
    if parsed is None:
        return [], [], [_not_said("video", "capture cards", "v4l2-ctl")]
    unknown: list[dict[str, str]] = []
    owners = {node: name for name, nodes in parsed["devices"].items() for node in nodes}
    candidates, virtual = list(parsed["capture_candidates"]), list(parsed["virtual"])
    modes = _modes(parsed["modes"])
    if modes and not candidates:
        # Formats alone, without a list of devices: there is a card.
        candidates = [DEFAULT_NODE]
        reason = f"the dumps list formats but no devices; taken for {DEFAULT_NODE}, which v4l2-ctl asks by itself"
        unknown.append({"about": "video", "what": "the card that the formats belong to", "reason": reason})
    elif modes and len(candidates) > 1:
        reason = f"the dumps list formats of one card; taken for the first, {owners[candidates[0]]}"
        unknown.append({"about": "video", "what": "the card that the formats belong to", "reason": reason})
    devices = [
        _video(node, owners.get(node, ""), "capture", modes if node == candidates[0] else []) for node in candidates
    ]
    devices += [_video(node, owners[node], "loopback", []) for node in virtual if node.startswith("/dev/video")]
    for device in devices:
        if not device["modes"] and not device["virtual"]:
            reason = "no dump lists them: v4l2-ctl --list-formats-ext prints them"
            unknown.append({"about": "video", "what": f"the modes of {device['node']}", "reason": reason})
        if not device["virtual"]:
            reason = "v4l2-ctl --list-devices does not say; streamkit detect on the host itself does"
            unknown.append(
                {"about": "video", "what": f"the signal and the USB speed of {device['node']}", "reason": reason}
            )
    if parsed.get("error"):
        unknown.append({"about": "video", "what": "capture cards", "reason": str(parsed["error"])})
    known = {device["node"] for device in devices}
    others = [
        {"node": node, "card": _card(name), "bus": _bus(name), "driver": None, "kind": "other", "reason": _REST}
        for node, name in owners.items()
        if node.startswith("/dev/video") and node not in known
    ]
    return devices, others, unknown


_REST = "a further node of a card (its metadata), or no capture device"


def _video(node: str, name: str, kind: str, modes: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "node": node,
        "stable_node": None,
        "links": [],
        "gid": None,
        "usb": None,
        "usb_speed_mbps": None,
        "usb_version": None,
        "identity": None,
        "port": None,
        "index": 0,
        "driver": None,
        "card": _card(name),
        "bus": _bus(name),
        "kind": kind,
        "virtual": kind == "loopback",
        "inputs": [],
        "hdmi": False,
        "signal": "unknown",
        "timings": None,
        "signal_timings": None,
        "modes": modes,
        "size_ranges": [],
    }


def _card(name: str) -> str:
    """Return the card of ``card (bus)``; both may hold parentheses, the bus comes last."""
    return name[: name.rindex(" (")] if " (" in name and name.endswith(")") else name or "unnamed card"


def _bus(name: str) -> str | None:
    return name[name.rindex(" (") + 2 : -1] if " (" in name and name.endswith(")") else None


def _modes(listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    modes: dict[tuple[str, int, int], dict[str, Any]] = {}
    for entry in listed:
        key = (entry["format"].strip().replace(" ", ""), entry["width"], entry["height"])
        mode = modes.setdefault(key, dict(zip(("pixel_format", "width", "height"), key, strict=True)) | {"fps": []})
        rate = _rate(entry["fps"])
        if rate not in mode["fps"]:
            mode["fps"].append(rate)
    return list(modes.values())


def _rate(printed: float) -> str:
    """Return the rate behind one that was printed with three digits: 59.940 is 60000/1001."""
    exact = Fraction(str(printed))
    candidates = (Fraction(round(exact)), Fraction(round(exact) * 1000, 1001))
    near = min(candidates, key=lambda rate: abs(rate - exact))
    return format_fps(near if abs(near - exact) < Fraction(1, 500) else exact)


def _sounds(parsed: dict[str, Any] | None) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    if parsed is None:
        return [], [_not_said("sound", "sound cards", "arecord")]
    sounds = [
        {
            "card": card["card"],
            "device": card["device"],
            "id": card["id"],
            "name": card["name"] or card["id"],
            "device_name": card["device_name"] or "",
            "alsa": f"hw:{card['id']},{card['device']}",
            "gid": None,
            "usb": None,
        }
        for card in parsed["cards"]
    ]
    problem = parsed.get("error")
    return sounds, [{"about": "sound", "what": "sound cards", "reason": str(problem)}] if problem else []
