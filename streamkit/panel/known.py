"""The secrets that this panel knows, taken out of what programs wrote: reasons, errors, lines of the log.

A server may repeat in its refusal what it was sent, and a program may log it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from streamkit.panel.redact import Redactor


class Known:
    """Redacts by the token and the keys in ``key_files``, which may come, go or change at any time."""

    def __init__(self, token: str, key_files: Iterable[Path | None]) -> None:
        self._token = token
        self._key_files = tuple(path for path in key_files if path is not None)
        self._stamp: object = None
        self._redactor = Redactor([token])

    def text(self, text: str) -> str:
        """Return ``text`` with ``***`` for each secret."""
        stamp = tuple(_stamp(path) for path in self._key_files)
        if stamp != self._stamp:
            self._stamp = stamp
            self._redactor = Redactor([self._token, *(_read(path) for path in self._key_files)])
        return self._redactor(text)


def _stamp(path: Path) -> object:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino, status.st_size


def _read(path: Path) -> str:
    # The one that is not there is the usual case; one that cannot be read cannot have been used by anybody either.
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
