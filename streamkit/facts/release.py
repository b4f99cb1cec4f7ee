"""The release that a container runs: its plan, its settings, its queues, and which script sources them."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

SOURCING = re.compile(r"^\s*(source|\.)\s+\S*queue-config\.sh", re.MULTILINE)
ASSIGNMENT = re.compile(r"^(QUEUE_\w+)=(.*)$", re.MULTILINE)
IMAGE = re.compile(r"^\s*image:\s*(\S+)\s*$", re.MULTILINE)


def read_release(folder: Path) -> dict[str, Any] | None:
    """Return what the release in ``folder`` (``…/current``) says; None where there is none.

    ``queues``: {name: {"value", "note"}}, ``scripts``: {file: {"sources", "leaky"}}, ``plan`` and ``settings`` (what the
    inventory gave) or None, ``image`` of the compose file or None.
    """
    if not folder.is_dir():
        return None
    scripts = {path.name: path.read_text(encoding="utf-8", errors="replace") for path in _scripts(folder)}
    compose = _text(folder / "docker-compose.yml")
    image = IMAGE.search(compose)
    return {
        "name": folder.resolve().name,
        "plan": _document(folder / "plan.json"),
        "settings": (_document(folder / "settings.json") or {}).get("settings"),
        "image": image[1].strip("\"'") if image else None,
        "queues": queues(scripts.get("queue-config.sh", "")),
        "scripts": {
            name: {"sources": bool(SOURCING.search(text)), "leaky": leaky_lines(text)}
            for name, text in sorted(scripts.items())
        },
    }


def queues(text: str) -> dict[str, dict[str, str]]:
    """Return the assignments of queue-config.sh: the value as bash reads it, and the comment beside it."""
    found = {}
    for name, rest in ASSIGNMENT.findall(text):
        try:
            value = "".join(shlex.split(rest, comments=True))
        except ValueError:
            value = rest
        found[name] = {"value": value, "note": rest.partition(" #")[2].strip()}
    return found


def leaky_lines(text: str) -> list[str]:
    """Return the lines in which ``leaky`` is a word of the program, not of a comment."""
    return [line.strip()[:120] for line in text.splitlines() if re.search(r"^[^#]*\bleaky", line)]


def _scripts(folder: Path) -> list[Path]:
    return sorted((folder / "scripts").glob("*.sh"))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _document(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(_text(path))
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
