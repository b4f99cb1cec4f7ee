"""ALSA cards that can record, from ``/proc/asound`` (kernel: Documentation/sound/designs/procfile.rst)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from streamkit.detect.usb import usb_parent


def scan(root: Path) -> list[dict[str, Any]]:
    """Return capture devices: ``card device id name device_name gid usb``; ``alsa`` is the name to record from."""
    try:
        cards = (root / "proc/asound/cards").read_text(encoding="utf-8", errors="replace")
        pcms = (root / "proc/asound/pcm").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    names = {
        int(match[1]): (match[2], match[3])
        for match in re.finditer(r"^\s*(\d+) \[(\S+)\s*\]: .*? - (.*)$", cards, re.MULTILINE)
    }
    found: list[dict[str, Any]] = []
    for line in pcms.splitlines():
        match = re.match(r"(\d+)-(\d+): (.*?) : (.*?) :(.*)$", line)
        if not match or "capture" not in match[5]:
            continue
        card, device = int(match[1]), int(match[2])
        card_id, name = names.get(card, (str(card), f"card {card}"))
        node = root / f"dev/snd/pcmC{card}D{device}c"
        found.append(
            {
                "card": card,
                "device": device,
                "id": card_id,
                "name": name.strip(),
                "device_name": match[3].strip(),
                # By id, not by number: numbers change with the order of plugging.
                "alsa": f"hw:{card_id},{device}",
                "gid": node.stat().st_gid if node.exists() else None,
                "usb": usb_parent(root / f"sys/class/sound/card{card}/device"),
            }
        )
    return found
