"""The bounded log: every child's lines, in a file of limited size and on standard output for ``docker logs``."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from streamkit.run.log_line import Level, LogLine, format_line, guess_level, parse_line

LIMIT_BYTES = 512 * 1024
"""Size at which the file is turned; one older part is kept, so at most twice this lies on the tmpfs."""
_FIRST = re.compile(r"This part of the log begins at (\d{1,18})\.")


def older_part(path: Path) -> Path:
    """Return where the older part of the log at ``path`` lies."""
    return path.with_name(path.name + ".1")


def part_begins_at(first_line: str) -> int | None:
    """Return the position in the whole log at which a part begins, None unless this is the first line of one.

    Positions count bytes.  The log of a new container begins at the time, in microseconds: as long as less than a
    megabyte a second is written, every position is beyond all that were before it, on whatever run.
    """
    line = parse_line(first_line)
    match = _FIRST.fullmatch(line.text) if line.source == "log" else None
    return int(match[1]) if match else None


class RingLog:
    """Appends lines; when the file reaches its limit it becomes ``<name>.1`` and a new one begins.

    In the file each line has its time and level, on standard output the child's name alone: ``docker logs`` has a time
    of its own.  ``mask`` takes the secrets out.
    """

    def __init__(
        self,
        path: Path,
        copy_to: TextIO = sys.stdout,
        limit_bytes: int = LIMIT_BYTES,
        mask: Callable[[str], str] = str,
    ) -> None:
        self._path = path
        self._copy_to = copy_to
        self._limit_bytes = limit_bytes
        self._mask = mask
        self._begins_at = time.time_ns() // 1000
        self._failed = False

    def write(self, source: str, line: str, level: Level | None = None) -> None:
        """Append one line, marked with the child's name; without a level it is guessed from the words.

        A full disk is said once and never stops the stream.
        """
        text = self._mask(line).replace("\n", " ")
        try:
            self._copy_to.write(f"{source}: {text}\n")
            self._copy_to.flush()
            self._append(LogLine(time.time(), level or guess_level(text), source, text))
            self._failed = False
        except OSError as problem:
            if not self._failed:
                self._failed = True
                print(f"supervisor: the log cannot be written: {problem.strerror}", file=sys.stderr)

    def _append(self, line: LogLine) -> None:
        with self._path.open("ab") as stream:
            if stream.tell() == 0:
                begins = LogLine(line.at, "debug", "log", f"This part of the log begins at {self._begins_at}.")
                stream.write(f"{format_line(begins)}\n".encode())
            stream.write(f"{format_line(line)}\n".encode("utf-8", "replace"))
            size = stream.tell()
        if size > self._limit_bytes:
            self._path.replace(older_part(self._path))
            self._begins_at += size


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
