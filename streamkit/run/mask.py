"""No secret in the log: what the secrets' files hold is taken out of every line before anybody sees it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

MASK = "***"
SHORT_CHARS = 8
"""A secret shorter than this is only taken out where it stands alone, or it would take words apart."""
_Stamp = tuple[int, int, int] | None


class SecretFiles:
    """Knows the content of some files, each one line of text; a file is read again when it changed."""

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = tuple(files)
        self._stamps: tuple[_Stamp, ...] = ()
        self._pattern: re.Pattern[str] | None = None

    def mask(self, text: str) -> str:
        """Return ``text`` with every known secret replaced by ``***``."""
        stamps = tuple(_stamp(path) for path in self._files)
        if stamps != self._stamps:
            self._stamps = stamps
            self._pattern = _pattern([_content(path) for path in self._files])
        return self._pattern.sub(MASK, text) if self._pattern else text


def _pattern(secrets: Sequence[str]) -> re.Pattern[str] | None:
    forms = {form for secret in secrets if secret for form in (secret, quote(secret, safe=""), repr(secret)[1:-1])}
    # The longest first: one secret may begin with another.
    words = [_word(form) for form in sorted(forms, key=len, reverse=True)]
    return re.compile("|".join(words)) if words else None


def _word(form: str) -> str:
    escaped = re.escape(form)
    return escaped if len(form) >= SHORT_CHARS else rf"(?<![A-Za-z0-9]){escaped}(?![A-Za-z0-9])"


def _stamp(path: Path) -> _Stamp:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino, status.st_size


def _content(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""
