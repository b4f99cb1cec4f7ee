"""What was changed in the panel, as it lies on the disk: state.json and the stream key."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from streamkit.config import Value
from streamkit.documents import dump_document, read_document
from streamkit.errors import BadInputError
from streamkit.run.paths import Paths, is_there

KeyOrigin = Literal["panel", "deployment"]


@dataclass(frozen=True)
class Stored:
    """``settings`` by name, unchecked; ``problem`` says why they could not be read (then there are none).

    ``mark`` differs whenever a file was changed, by whomever.  It tells nothing of the key.
    """

    settings: dict[str, Value]
    problem: str = ""
    mark: str = ""


def read_stored(paths: Paths) -> Stored:
    """Read what was changed in the panel; no file means no change."""
    mark = repr((_digest(paths), _stamp(paths)))
    try:
        paths.state_file.stat()
        settings = read_document(paths.state_file).get("settings", {})
    except FileNotFoundError:
        return Stored({}, "", mark)
    except OSError as problem:
        return Stored({}, f"{paths.state_file} cannot be read: {problem.strerror}.", mark)
    except BadInputError as problem:
        return Stored({}, str(problem), mark)
    if not isinstance(settings, dict):
        return Stored({}, f"{paths.state_file} holds no settings object.", mark)
    return Stored(settings, "", mark)


def _digest(paths: Paths) -> str:
    try:
        return hashlib.sha256(paths.state_file.read_bytes()).hexdigest()
    except OSError as problem:
        return str(problem.errno)


def _stamp(paths: Paths) -> tuple[int, int] | None:
    # Not the key's text: what is derived from it would let others try guesses.
    try:
        status = paths.panel_key_file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino


def version_of(stored: Stored, *documents: Mapping[str, Any]) -> str:
    """Return a name for what settings are made of: the panel's changes and ``documents`` (of the release)."""
    text = json.dumps([stored.mark, *documents], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def state_text(settings: Mapping[str, Value]) -> str | None:
    """Return the text of state.json for these overrides, None where the file is to go."""
    return dump_document({"settings": dict(settings)}) if settings else None


def key_origin(paths: Paths) -> KeyOrigin | None:
    """Return whose stream key is in force, None where there is none."""
    if is_there(paths.panel_key_file):
        return "panel"
    return "deployment" if is_there(paths.deployed_key_file) else None
