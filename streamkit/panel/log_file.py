"""The supervisor's log as the panel reads it: by position, from anywhere, or at its end as it grows.

A line's ``id`` is the position of its end in the whole log since the container's start, so it rises across a turn of the
file and a restart of the panel, and "what came after it?" is a seek.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from streamkit.documents import Document
from streamkit.run.log import older_part, part_begins_at
from streamkit.run.log_line import LEVELS, Level, LogLine, parse_line

CHUNK_BYTES = 128 * 1024


@dataclass(frozen=True)
class Entry:
    """A line with its place in the log."""

    id: int
    line: LogLine

    def as_document(self) -> Document:
        """Return {"id", "at", "level", "source", "text"}; ``at`` in seconds since 1970."""
        line = self.line
        return {"id": self.id, "at": line.at, "level": line.level, "source": line.source, "text": line.text}


@dataclass(frozen=True)
class _Part:
    """Whole lines, and the position of the first byte."""

    begins_at: int
    data: bytes

    @property
    def ends_at(self) -> int:
        return self.begins_at + len(self.data)

    def after(self, position: int) -> _Part:
        """Return what follows ``position``."""
        skipped = max(0, position - self.begins_at)
        return _Part(self.begins_at + skipped, self.data[skipped:])

    def entries(self) -> Iterator[Entry]:
        """Yield the lines, the oldest first."""
        position = self.begins_at
        for raw in self.data.split(b"\n")[:-1]:
            position += len(raw) + 1
            if (entry := _entry(position, raw)) is not None:
                yield entry

    def newest(self) -> Iterator[Entry]:
        """Yield the lines, the newest first."""
        position = self.ends_at
        for raw in reversed(self.data.split(b"\n")[:-1]):
            if (entry := _entry(position, raw)) is not None:
                yield entry
            position -= len(raw) + 1


def _entry(ends_at: int, raw: bytes) -> Entry | None:
    text = raw.decode("utf-8", "replace")
    # The line with which a part begins is there for whoever counts positions.
    return None if not text or part_begins_at(text) is not None else Entry(ends_at, parse_line(text))


def _read_part(path: Path) -> _Part | None:
    try:
        data = path.read_bytes()
    except OSError:
        return None
    return _part(data)


def _part(data: bytes) -> _Part:
    """Return the whole lines of a part; its first line says where it begins."""
    whole = data[: data.rfind(b"\n") + 1]
    first, _, _ = whole.partition(b"\n")
    return _Part(part_begins_at(first.decode("utf-8", "replace")) or 0, whole)


def _parts(path: Path) -> list[_Part]:
    """Return the parts there are, the oldest first."""
    # The younger one first: one that is turned in between is then seen twice, and not missed.
    current, older = _read_part(path), _read_part(older_part(path))
    parts = [part for part in (older, current) if part is not None]
    return parts[:1] if len(parts) == 2 and parts[0].begins_at == parts[1].begins_at else parts


def read_after(path: Path, position: int, limit: int, least: Level = "debug") -> tuple[list[Entry], int]:
    """Return the first ``limit`` lines after a position that are as bad as ``least``, and the position they lead to."""
    wanted, ends_at, entries = _wanted(least), 0, []
    for part in _parts(path):
        ends_at = part.ends_at
        for entry in part.after(position).entries():
            if entry.line.level in wanted:
                entries.append(entry)
                if len(entries) == limit:
                    return entries, entry.id
    return entries, ends_at


def read_newest(path: Path, limit: int, least: Level = "debug", after: int = 0) -> tuple[list[Entry], int]:
    """Return the last ``limit`` lines that are as bad as ``least``, and the position of the log's end."""
    wanted, parts = _wanted(least), _parts(path)
    entries: list[Entry] = []
    newest: Iterable[Entry] = (entry for part in reversed(parts) for entry in part.after(after).newest())
    for entry in newest:
        if len(entries) == limit:
            break
        if entry.line.level in wanted:
            entries.append(entry)
    return entries[::-1], parts[-1].ends_at if parts else 0


def _wanted(least: Level) -> frozenset[Level]:
    return frozenset(LEVELS[: LEVELS.index(least) + 1])


class Tail:
    """Follows the log from its present end, across its turns.  ``position`` is how far it has come."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = -1
        self._inode = 0
        self._offset = 0
        self.position = 0
        part = self._open()
        if part is not None:
            self._offset, self.position = len(part.data), part.ends_at

    def read(self) -> list[Entry]:
        """Return the lines that were written since, CHUNK_BYTES of them at most; costs next to nothing when none were."""
        data = os.pread(self._file, CHUNK_BYTES, self._offset) if self._file >= 0 else b""
        whole = data[: data.rfind(b"\n") + 1]
        if not whole:
            if self._turned() and (part := self._open()) is not None:
                self.position = part.begins_at
            return []
        part = _Part(self.position, whole)
        self._offset += len(whole)
        self.position = part.ends_at
        return list(part.entries())

    def close(self) -> None:
        """Let go of the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _turned(self) -> bool:
        try:
            return self._file < 0 or self._path.stat().st_ino != self._inode
        except OSError:
            return False

    def _open(self) -> _Part | None:
        self.close()
        try:
            self._file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        status = os.fstat(self._file)
        self._inode = status.st_ino
        self._offset = 0
        return _part(os.pread(self._file, status.st_size, 0))
