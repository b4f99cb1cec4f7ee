"""The bounded log: every child's lines, in a file of limited size and on standard output for ``docker logs``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TextIO

LIMIT_BYTES = 512 * 1024
"""Size at which the file is turned; one older part is kept, so at most twice this lies on the tmpfs."""


class RingLog:
    """Appends lines; when the file reaches its limit it becomes ``<name>.1`` and a new one begins."""

    def __init__(self, path: Path, copy_to: TextIO = sys.stdout, limit_bytes: int = LIMIT_BYTES) -> None:
        self._path = path
        self._copy_to = copy_to
        self._limit_bytes = limit_bytes
        self._failed = False

    def write(self, source: str, line: str) -> None:
        """Append one line, marked with the child's name.  A full disk is said once and never stops the stream."""
        text = f"{source}: {line}\n"
        try:
            self._copy_to.write(text)
            self._copy_to.flush()
            with self._path.open("a", encoding="utf-8") as stream:
                stream.write(text)
                size = stream.tell()
            if size > self._limit_bytes:
                self._path.replace(self._path.with_name(self._path.name + ".1"))
            self._failed = False
        except OSError as problem:
            if not self._failed:
                self._failed = True
                print(f"supervisor: the log cannot be written: {problem.strerror}", file=sys.stderr)


class LineSplitter:
    """Turns the parts a pipe delivers into whole lines; overlong lines are cut so that memory stays bounded."""

    MAX_CHARS = 4096

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, part: bytes) -> list[str]:
        """Return the lines that ``part`` completes."""
        *lines, self._rest = (self._rest + part).split(b"\n")
        if len(self._rest) > self.MAX_CHARS:
            lines.append(self._rest)
            self._rest = b""
        return [line.decode("utf-8", "replace").rstrip("\r")[: self.MAX_CHARS] for line in lines]

    def flush(self) -> list[str]:
        """Return what is left when the pipe ended."""
        rest, self._rest = self._rest, b""
        return [rest.decode("utf-8", "replace")] if rest else []
