"""The documents the panel shows: read when their date moved, and a sentence where there is nothing to read."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path

from streamkit.documents import Document, read_document
from streamkit.errors import StreamkitError
from streamkit.run.paths import stamp


def load(path: Path) -> tuple[Document | None, str | None]:
    """Return (document, None), or (None, a sentence on why there is none)."""
    try:
        return read_document(path), None
    except StreamkitError as problem:
        return None, str(problem)


class Cached:
    """One document, read again only when the file's date moved: what the supervisor writes changes seldom."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: Hashable = ()
        self._content: tuple[Document | None, str | None] = (None, None)

    def read(self) -> tuple[Document | None, str | None]:
        """Return (document, None), or (None, a sentence on why there is none)."""
        seen = stamp(self._path)
        if seen is None or seen != self._seen:
            self._content = load(self._path)
            self._seen = seen
        return self._content

    @property
    def document(self) -> Document:
        """The document, empty where there is none."""
        return self.read()[0] or {}

    @property
    def mark(self) -> Hashable:
        """What differs when the document changed."""
        return stamp(self._path)
