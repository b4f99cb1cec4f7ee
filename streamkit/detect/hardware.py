"""The host description that every later stage reads: ``hardware.json``."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from streamkit.detect import docker, gpus, machine, sound, v4l2, va
from streamkit.detect.outside import Asked, CouldNotAskError, Outside, no_right
from streamkit.documents import Document

VA_WAIT_S, DOCKER_WAIT_S = 1.0, 1.8
"""A little more than what is asked within waits itself (outside.ANSWER_S, docker.ANSWER_S), and words its reason."""


def detect(root: Path = Path("/"), outside: Outside | None = None) -> Document:
    """Describe the host under ``root``.

    Returns hostname, os, cpu, memory_mb, groups, gpus, video_devices, other_video_nodes, audio_devices, docker, and ``unknown``:
    [{about, what, reason}], where ``about`` is video, gpu, sound or docker (from dumps also cpu and os).
    Raises nothing for a device that cannot be asked; it is listed in ``unknown`` with the reason.
    """
    outside = outside or Outside()
    asked_docker = Asked(functools.partial(docker.describe, root, outside.run), DOCKER_WAIT_S)
    found_gpus = gpus.scan(root)
    asked_va = _ask_va(found_gpus, root, outside)
    video_devices, other_video_nodes, unknown = v4l2.scan(root, outside)
    audio_devices, silent = sound.scan(root)
    unknown += silent
    for gpu, question in zip(found_gpus, asked_va, strict=True):
        gpu["va"] = None
        try:
            gpu["va"] = question.answer() if question else None
        except CouldNotAskError as problem:
            unknown.append({"about": "gpu", "what": f"VA-API of {gpu['render_node']}", "reason": str(problem)})
    try:
        docker_facts, refused = asked_docker.answer()
    except CouldNotAskError as problem:
        docker_facts, refused = {}, [{"about": "docker", "what": "Docker", "reason": str(problem)}]
    return {
        "hostname": machine.hostname(root),
        "os": machine.operating_system(root),
        "cpu": machine.cpu(root),
        "memory_mb": machine.memory_mb(root),
        "groups": machine.groups(root),
        "gpus": found_gpus,
        "video_devices": video_devices,
        "other_video_nodes": other_video_nodes,
        "audio_devices": audio_devices,
        "docker": docker_facts or None,
        "unknown": unknown + refused,
    }


def lasting(hardware: Document) -> Document:
    """Return what a release keeps of a host description: no Docker, which the deployment itself installs.

    A release is named by its content, so a second run on an unchanged host must find the same facts.  For the same
    reason a question that the running stream keeps from being answered ("busy") is left out.
    """
    kept = {name: value for name, value in hardware.items() if name != "docker"}
    unknown = [
        entry
        for entry in hardware["unknown"]
        if entry.get("about") != "docker" and not entry["reason"].startswith("busy")
    ]
    return {**kept, "unknown": unknown}


def _ask_va(found: list[dict[str, Any]], root: Path, outside: Outside) -> list[Asked[dict[str, Any]] | None]:
    """Begin to ask VA-API of every GPU with a render node, all at once."""
    return [
        Asked(functools.partial(_ask_one, gpu["render_node"], root, outside), VA_WAIT_S) if gpu["render_node"] else None
        for gpu in found
    ]


def _ask_one(render_node: str, root: Path, outside: Outside) -> dict[str, Any]:
    node = root / render_node.lstrip("/")
    if not outside.may_use(node):
        raise CouldNotAskError(no_right(node, root))
    return va.ask(render_node, outside.run)
