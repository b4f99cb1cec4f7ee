"""ALSA cards that can record, from ``/proc/asound`` (kernel: Documentation/sound/designs/procfile.rst).

A card that somebody records from is listed like any other: who uses it changes, the card does not.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from streamkit.detect.usb import usb_facts

CARD = re.compile(r"^[ \t]*(\d+) \[(\S+)[ \t]*\]: .*? -(?: (.*))?$", re.MULTILINE)
"""`` 1 [Video          ]: USB-Audio - USB3.0 Video`` (sound/core/init.c: snd_card_info_read); the name may be empty."""
PCM = re.compile(r"(\d+)-(\d+): (.*?)((?: : (?:playback|capture) \d+)*)[ \t]*")
"""``01-00: USB Audio : USB Audio : capture 1`` (sound/core/pcm.c: snd_pcm_proc_read); names may hold colons."""


def scan(root: Path) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Return (capture devices, what could not be asked).

    A device has ``card device id name device_name gid usb``; ``alsa`` is the name to record from.
    """
    try:
        cards = (root / "proc/asound/cards").read_text(encoding="utf-8", errors="replace")
        pcms = (root / "proc/asound/pcm").read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError as problem:
        missing = (
            "/proc/asound" if not (root / "proc/asound").exists() else f"/proc/asound/{Path(problem.filename).name}"
        )
        reason = f"{missing} does not exist: no ALSA in this kernel or container"
        return [], [{"about": "sound", "what": "sound", "reason": reason}]
    except OSError as problem:
        return [], [{"about": "sound", "what": "sound", "reason": f"/proc/asound: {problem.strerror}"}]
    names = {int(match[1]): (match[2], (match[3] or "").strip()) for match in CARD.finditer(cards)}
    found: list[dict[str, Any]] = []
    unknown: list[dict[str, str]] = []
    for line in pcms.splitlines():
        match = PCM.fullmatch(line)
        if not match or not re.search(r" : capture [1-9]", match[4]):
            continue
        card, device = int(match[1]), int(match[2])
        card_id, name = names.get(card, (str(card), ""))
        # By id, not by number: numbers change with the order of plugging.
        alsa = f"hw:{card_id},{device}"
        node = root / f"dev/snd/pcmC{card}D{device}c"
        if (root / "dev").is_dir() and not node.exists():
            reason = f"/dev/snd/{node.name} does not exist: this container was not given the device"
            unknown.append({"about": "sound", "what": alsa, "reason": reason})
        usb = usb_facts(root / f"sys/class/sound/card{card}/device", root)
        found.append(
            {
                "card": card,
                "device": device,
                "id": card_id,
                # The driver may leave both empty; the id never is.
                "name": name or card_id,
                "device_name": _device_name(match[3]),
                "alsa": alsa,
                "gid": node.stat().st_gid if node.exists() else None,
                "usb": usb["usb"],
            }
        )
    return found, unknown


def _device_name(pair: str) -> str:
    """Return the first of ``id : name``, which are equal for most drivers; equal halves may hold " : " themselves."""
    middle = len(pair) // 2
    if pair[middle - 1 : middle + 2] == " : " and pair[: middle - 1] == pair[middle + 2 :]:
        return pair[: middle - 1].strip()
    first, _, second = pair.partition(" : ")
    return first.strip() or second.strip()
