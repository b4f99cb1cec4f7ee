"""The form of the settings: one field for each that may be changed while the stream runs, from the one schema.  Pure."""

from __future__ import annotations

from typing import Any

from streamkit.config import SETTINGS, Setting

WORDS = {"fps": "frame rate", "url": "address", "whep": "WHEP", "stun": "STUN", "max": "longest"}
UNITS = {"kbps": "kbit/s", "ms": "ms", "s": "s"}


def label(name: str) -> str:
    """Return a setting's name as a page shows it: "bitrate_kbps" is "Bitrate (kbit/s)"."""
    words = name.split("_")
    unit = f" ({UNITS[words.pop()]})" if words[-1] in UNITS else ""
    said = " ".join(WORDS.get(word, word) for word in words)
    return said[0].upper() + said[1:] + unit


def kind(setting: Setting) -> str:
    """Return what to show for it: "choice", "bool", "number" or "text"."""
    if setting.choices:
        return "choice"
    if isinstance(setting.default, bool):
        return "bool"
    return "number" if isinstance(setting.default, int | float) else "text"


def fields() -> list[dict[str, Any]]:
    """Return the fields in the order of the schema."""
    return [
        {
            "name": setting.name,
            "label": label(setting.name),
            "help": setting.help,
            "allowed": setting.allowed,
            "kind": kind(setting),
            "choices": list(setting.choices),
            "runtime": True,
        }
        for setting in SETTINGS.values()
        if setting.runtime
    ]
