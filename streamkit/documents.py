"""JSON documents that cross the walls between stages: versioned, replaced atomically.

Each document is one JSON object with an integer ``schema_version``.  A document written by a newer toolkit
is refused by name instead of being half understood.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from streamkit.errors import BadInputError

SCHEMA_VERSION = 1

Document = dict[str, Any]


def parse_document(text: str, name: str) -> Document:
    """Return the object in ``text``; ``name`` is what the person calls it (a path, "standard input").

    Raises BadInputError when the text is not one JSON object of a version this toolkit knows.
    """
    try:
        value = json.loads(text)
    except ValueError as problem:
        raise BadInputError(
            f"{name} is not valid JSON ({problem}); write it again with the command that made it."
        ) from None
    if not isinstance(value, dict):
        raise BadInputError(f"{name} holds a {type(value).__name__}, not a JSON object.")
    version = value.get("schema_version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise BadInputError(
            f"{name} has schema_version {version!r}; expected a whole number from 1 to {SCHEMA_VERSION}."
        )
    if version > SCHEMA_VERSION:
        raise BadInputError(
            f"{name} has schema_version {version}, written by a newer streamkit; "
            f"this one reads up to {SCHEMA_VERSION}: update it, or write the file again with this version."
        )
    return value


def read_document(path: Path) -> Document:
    """Read a document.  Raises BadInputError when it is missing, unreadable or not a document."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as problem:
        raise BadInputError(f"{path} cannot be read: {problem.strerror}.") from None
    except UnicodeDecodeError:
        raise BadInputError(f"{path} is not UTF-8 text; write it again with the command that made it.") from None
    return parse_document(text, str(path))


def dump_document(content: Document) -> str:
    """Return the text of a document: sorted and indented, so that equal content is equal bytes."""
    return (
        json.dumps({"schema_version": SCHEMA_VERSION, **content}, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    )


def write_atomically(path: Path, text: str, mode: int = 0o644) -> None:
    """Replace ``path`` in one step, so that a reader sees the old text or the new one, never a part."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_document(path: Path, content: Document, mode: int = 0o644) -> None:
    """Write a document atomically, adding the current ``schema_version``."""
    write_atomically(path, dump_document(content), mode)
