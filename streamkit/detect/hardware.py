"""The host description that every later stage reads: ``hardware.json``."""

from __future__ import annotations

from pathlib import Path

from streamkit.detect import machine, sound, v4l2
from streamkit.documents import Document


def detect(root: Path = Path("/")) -> Document:
    """Describe the host under ``root``: os, cpu, memory_mb, gpus, video_devices, audio_devices, unknown.

    Raises nothing for a device that cannot be asked; it is listed in ``unknown`` with the reason.
    """
    video_devices, unknown = v4l2.scan(root)
    return {
        "os": machine.operating_system(root),
        "cpu": machine.cpu(root),
        "memory_mb": machine.memory_mb(root),
        "gpus": machine.gpus(root),
        "video_devices": video_devices,
        "audio_devices": sound.scan(root),
        "unknown": unknown,
    }
