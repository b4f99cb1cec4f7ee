"""Secrets of a host: where their text turned up, and how it is taken out of everything that is passed on."""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PANEL_KEY = "stream_key of the panel"
"""What the stream key that was set in the panel is called: it lies in another folder than the deployment's."""
SHORTEST = 8
"""A shorter text turns up by chance; it is neither searched for nor hidden."""
HIDDEN = "(hidden)"
SECRET_NAME = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD)$")
"""Names of variables whose value is a secret; a name such as STREAM_KEY_FILE holds a path."""


def read_secrets(folder: Path) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """Return ({name: text}, what may be told of each: name, mode as "0400", uid, and why it cannot be read)."""
    values: dict[str, str] = {}
    told: list[dict[str, Any]] = []
    try:
        paths = sorted(folder.iterdir())
    except OSError as problem:
        return {}, [{"name": str(folder), "problem": problem.strerror}]
    for path in paths:
        text, entry = read_secret(path, path.name)
        told.append(entry)
        if text is not None:
            values[path.name] = text
    return values, told


def read_secret(path: Path, name: str) -> tuple[str | None, dict[str, Any]]:
    """Return (text, None where it cannot be read; what may be told of it, as above) of one file."""
    text = None
    entry: dict[str, Any] = {"name": name, "problem": None}
    try:
        status = path.stat()
        entry |= {"mode": f"{stat.S_IMODE(status.st_mode):04o}", "uid": status.st_uid}
        text = path.read_text(encoding="utf-8").strip()
        if len(text) < SHORTEST:
            entry["problem"] = f"shorter than {SHORTEST} characters, so not looked for"
    except (OSError, UnicodeDecodeError) as problem:
        entry["problem"] = str(getattr(problem, "strerror", None) or "not text")
    return text, entry


def found_in(places: Mapping[str, str], secrets: Mapping[str, str]) -> list[dict[str, str]]:
    """Return [{"secret", "place"}] for each place, named by its key, whose text holds a secret."""
    return [
        {"secret": name, "place": place}
        for place, text in places.items()
        for name, value in secrets.items()
        if len(value) >= SHORTEST and (value in text or json.dumps(value)[1:-1] in text)
    ]


def named_like_secrets(variables: Mapping[str, str]) -> list[str]:
    """Return the names of variables that carry a secret by their name."""
    return sorted(name for name, value in variables.items() if SECRET_NAME.search(name.upper()) and value)


def without(content: Any, secrets: Mapping[str, str]) -> Any:
    """Return ``content`` (of a JSON document) with every secret's text, and every secret variable's value, hidden."""
    if isinstance(content, dict):
        return {key: without(value, secrets) for key, value in content.items()}
    if isinstance(content, list):
        return [without(value, secrets) for value in content]
    if not isinstance(content, str):
        return content
    name, assigned, value = content.partition("=")
    if assigned and value and SECRET_NAME.search(name.upper()) and re.fullmatch(r"\w+", name):
        return f"{name}={HIDDEN}"
    for value in secrets.values():
        if len(value) >= SHORTEST:
            content = content.replace(value, HIDDEN)
    return content
