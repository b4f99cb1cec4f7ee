"""Video nodes by ioctl: which are capture cards, what they receive and what they offer."""

from __future__ import annotations

import errno
import functools
import os
import struct
from pathlib import Path
from typing import Any

from streamkit.detect.identity import identity
from streamkit.detect.outside import Asked, CouldNotAskError, Outside, why_not_opened
from streamkit.detect.usb import usb_facts
from streamkit.detect.v4l2_modes import list_modes
from streamkit.v4l2_abi import (
    BUF_TYPE_VIDEO_CAPTURE,
    BUF_TYPE_VIDEO_CAPTURE_MPLANE,
    CAP_DEVICE_CAPS,
    CAP_IO_MC,
    CAP_META_CAPTURE,
    CAP_META_OUTPUT,
    CAP_STREAMING,
    CAP_VIDEO_CAPTURE,
    CAP_VIDEO_CAPTURE_MPLANE,
    CAP_VIDEO_M2M,
    CAP_VIDEO_M2M_MPLANE,
    CAP_VIDEO_OUTPUT,
    CAP_VIDEO_OUTPUT_MPLANE,
    CAP_VIDEO_OUTPUT_OVERLAY,
    ENUMINPUT,
    G_DV_TIMINGS,
    G_INPUT,
    IN_CAP_DV_TIMINGS,
    IN_ST_NO_PICTURE,
    QUERY_DV_TIMINGS,
    QUERYCAP,
    Ioctl,
    Node,
    Timings,
    cstring,
    read_timings,
    why,
)
from streamkit.video import format_fps

CAPTURES = CAP_VIDEO_CAPTURE | CAP_VIDEO_CAPTURE_MPLANE
OUTPUTS = CAP_VIDEO_OUTPUT | CAP_VIDEO_OUTPUT_MPLANE | CAP_VIDEO_OUTPUT_OVERLAY
LOOPBACK_DRIVERS = ("v4l2 loopback", "v4l2loopback", "akvcam", "droidcam", "vcam")
"""Somebody's picture fed back in, not a card.  ``vivid`` is a device model and counts as a card."""
ISP_DRIVERS = (
    "bcm2835-isp",
    "pispbe",
    "rp1-cfe",
    "rkisp",
    "rkcif",
    "ipu3-imgu",
    "ipu3-cio2",
    "intel-ipu",
    "isys",
    "qcom-camss",
    "omap3isp",
    "mali-c55",
)
"""Image signal processors of camera modules: raw sensor data, not pictures."""
VIDEO_ANSWER_S = 3.0
"""Longer than for anything else: opening a USB card wakes it first.  Only one that hangs takes this long."""
REASONS = {
    "loopback": "nothing plays into this loopback, so there is nothing to capture",
    "codec": "a codec: it turns pictures that are handed to it into others",
    "isp": "part of a camera's image signal processor, set up through the media controller",
    "metadata": "carries data about the pictures of another node",
    "output": "takes pictures, gives none",
    "other": "captures no pictures",
}


def _kind(driver: str, caps: int) -> str:
    """Return what a node is: capture, loopback, metadata, codec, isp, output, or other."""
    if driver.lower().startswith(LOOPBACK_DRIVERS):
        return "loopback"
    if caps & (CAP_VIDEO_M2M | CAP_VIDEO_M2M_MPLANE):
        return "codec"
    if caps & CAP_IO_MC or driver.lower().startswith(ISP_DRIVERS):
        return "isp"
    if caps & (CAP_META_CAPTURE | CAP_META_OUTPUT):
        return "metadata"
    if caps & CAPTURES:
        return "capture"
    return "output" if caps & OUTPUTS else "other"


def _capabilities(node: Node) -> tuple[dict[str, Any], int]:
    """Return (``driver card bus kind``, capabilities of this node).  Raises OSError."""
    raw = node.get(QUERYCAP, bytes(104))
    driver, card, bus = cstring(raw[:16]), cstring(raw[16:48]), cstring(raw[48:80])
    capabilities, device_capabilities = struct.unpack_from("<II", raw, 84)
    caps = device_capabilities if capabilities & CAP_DEVICE_CAPS else capabilities
    return {"driver": driver, "card": card, "bus": bus, "kind": _kind(driver, caps)}, caps


def is_capture_card(node: Path, outside: Outside) -> bool:
    """Return whether ``node`` gives pictures of a card: the one question of ``describe`` that costs nothing."""
    try:
        descriptor = outside.open_device(node)
    except OSError:
        return False
    try:
        facts, caps = _capabilities(Node(descriptor, outside.ioctl))
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return facts["kind"] == "capture" and bool(caps & CAPTURES and caps & CAP_STREAMING)


def describe(descriptor: int, ioctl: Ioctl) -> tuple[dict[str, Any], dict[str, str]]:
    """Describe one open node; returns (facts, {question: why it was refused}).

    Facts of every node: ``driver card bus kind``, and ``reason`` where it is no capture device.  Of a capture device
    or a loopback with a picture: ``virtual``, ``inputs`` [{index, name, active, dv_timings}], ``hdmi`` (the active
    input works by DV timings), ``signal`` ("locked", "none" or "unknown"), ``timings`` in force and
    ``signal_timings`` {width, height, fps, interlaced} of HDMI inputs, ``modes`` and ``size_ranges`` (v4l2_modes).
    Raises OSError when the driver refuses the basic question.
    """
    node = Node(descriptor, ioctl)
    facts, caps = _capabilities(node)
    kind = facts["kind"]
    if kind not in ("capture", "loopback") or not caps & CAPTURES:
        return {**facts, "reason": REASONS[kind]}, {}
    if not caps & CAP_STREAMING:
        return {**facts, "reason": "it cannot stream: its driver offers read() only"}, {}
    inputs, status = _inputs(node)
    hdmi = any(entry["active"] and entry["dv_timings"] for entry in inputs)
    signal = "none" if status & IN_ST_NO_PICTURE else "unknown"
    timings = received = None
    if hdmi:
        received, signal = _received(node)
        timings = _in_force(node)
    buffer_type = BUF_TYPE_VIDEO_CAPTURE if caps & CAP_VIDEO_CAPTURE else BUF_TYPE_VIDEO_CAPTURE_MPLANE
    modes, size_ranges = list_modes(node, buffer_type, timings)
    facts |= {
        "virtual": kind == "loopback",
        "inputs": inputs,
        "hdmi": hdmi,
        "signal": signal,
        "timings": _written(timings),
        "signal_timings": _written(received),
        "modes": modes,
        "size_ranges": size_ranges,
    }
    return facts, node.problems


def _written(timings: Timings | None) -> dict[str, Any] | None:
    if timings is None:
        return None
    return {
        "width": timings.width,
        "height": timings.height,
        "fps": format_fps(timings.fps),
        "interlaced": timings.interlaced,
    }


def _inputs(node: Node) -> tuple[list[dict[str, Any]], int]:
    """Return (inputs, status bits of the active one)."""
    try:
        active = struct.unpack("<i", node.get(G_INPUT, bytes(4)))[0]
    except OSError as problem:
        if problem.errno not in (errno.ENOTTY, errno.EINVAL, errno.ENODATA):
            node.problems["which input is active"] = why(problem)
        active = None
    inputs: list[dict[str, Any]] = []
    status_of_active = 0
    for raw in node.listing("its inputs", ENUMINPUT, lambda index: struct.pack("<I76x", index)):
        status, capabilities = struct.unpack_from("<II", raw, 56)
        index = len(inputs)
        inputs.append(
            {
                "index": index,
                "name": cstring(raw[4:36]),
                "active": index == active,
                "dv_timings": bool(capabilities & IN_CAP_DV_TIMINGS),
            }
        )
        if index == active:
            status_of_active = status
    return inputs, status_of_active


def _received(node: Node) -> tuple[Timings | None, str]:
    """Return (timings of the incoming signal, signal)."""
    try:
        timings = read_timings(node.get(QUERY_DV_TIMINGS, bytes(132)))
    except OSError as problem:
        # ENOLINK: no cable or source off; ENOLCK: unstable; ERANGE: out of the card's range.
        if problem.errno in (errno.ENOLINK, errno.ENOLCK, errno.ERANGE):
            return None, "none"
        if problem.errno not in (errno.ENOTTY, errno.ENODATA):
            node.problems["its signal"] = why(problem)
        return None, "unknown"
    return timings, "locked" if timings else "none"


def _in_force(node: Node) -> Timings | None:
    try:
        return read_timings(node.get(G_DV_TIMINGS, bytes(132)))
    except OSError as problem:
        if problem.errno not in (errno.ENOTTY, errno.ENODATA, errno.EINVAL):
            node.problems["its timings"] = why(problem)
        return None


def _ask(node: Path, root: Path, outside: Outside) -> tuple[dict[str, Any], dict[str, str]]:
    try:
        descriptor = outside.open_device(node)
    except OSError as problem:
        raise CouldNotAskError(why_not_opened(problem, node, root)) from None
    try:
        return describe(descriptor, outside.ioctl)
    except OSError as problem:
        raise CouldNotAskError(f"its driver refuses to say what it is: {why(problem)}") from None
    finally:
        os.close(descriptor)


def scan(
    root: Path, outside: Outside, given: str = "", answer_s: float | None = None
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, str]]]:
    """Return (capture devices, other video nodes, what could not be asked) under ``root``'s ``/dev`` and ``/sys``.

    ``given`` names a folder with nodes that stands for ``/dev``: then only what has a node there is looked at;
    ``answer_s`` is how long each node may take, VIDEO_ANSWER_S unless told.
    Beside what ``describe`` says a device has ``node``, ``gid``, ``usb usb_speed_mbps usb_version``, ``identity port
    index`` (identity.py), ``links`` (its names in /dev/v4l) and ``stable_node``, the first of them that is no port.
    """
    devices: list[dict[str, Any]] = []
    others: list[dict[str, Any]] = []
    unknown: list[dict[str, str]] = []
    entries = sorted((root / "sys/class/video4linux").glob("video[0-9]*"), key=lambda path: int(path.name[5:]))
    folder = given or "/dev"
    if given:
        entries = [entry for entry in entries if (root / given.lstrip("/") / entry.name).exists()]
    links = _links(root)
    # Each in its own thread: a card whose driver hangs costs only its own answer.
    asked = [
        (entry, Asked(functools.partial(_ask, _place(root, folder, entry), root, outside), answer_s or VIDEO_ANSWER_S))
        for entry in entries
    ]
    for entry, question in asked:
        node = f"{folder}/{entry.name}"
        try:
            facts, refused = question.answer()
        except CouldNotAskError as problem:
            unknown.append({"about": "video", "what": node, "reason": str(problem)})
            continue
        unknown += [{"about": "video", "what": f"{node}: {what}", "reason": why} for what, why in refused.items()]
        if "reason" in facts:
            others.append({"node": node, **facts})
            continue
        names = links.get(entry.name, [])
        devices.append(
            {
                "node": node,
                # Names with colons are refused as a setting (moby issue 39293), and say only where it is plugged in.
                "stable_node": next((name for name in names if ":" not in name), None),
                "links": names,
                "gid": _place(root, folder, entry).stat().st_gid,
                **usb_facts(entry / "device", root),
                **identity(entry, root),
                **facts,
            }
        )
    return devices, others, unknown


def _place(root: Path, folder: str, entry: Path) -> Path:
    return root / folder.lstrip("/") / entry.name


def _links(root: Path) -> dict[str, list[str]]:
    """Return {node name: its names in by-id, then in by-path} (systemd: rules.d/60-persistent-v4l.rules)."""
    found: dict[str, list[str]] = {}
    for folder in ("by-id", "by-path"):
        for link in sorted((root / "dev/v4l" / folder).glob("*")):
            found.setdefault(link.resolve().name, []).append(f"/dev/v4l/{folder}/{link.name}")
    return found
