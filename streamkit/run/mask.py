"""No secret in the log: what the secrets' files hold is taken out of every line before anybody sees it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from urllib.parse import quote

from streamkit.run.paths import read_secret, stamp

MASK = "***"
SHORT_CHARS = 8
"""A secret shorter than this is only taken out where it stands alone, or it would take words apart."""
Masking = Callable[[str], str]
"""Returns a text with ``***`` for each secret."""


def any_of(forms: Iterable[str]) -> re.Pattern[str] | None:
    """Return a pattern for each of the texts, None where there is none to look for."""
    # The longest first: one secret may begin with another.
    words = [_word(form) for form in sorted(set(forms), key=lambda form: (-len(form), form)) if form]
    return re.compile("|".join(words)) if words else None


def _word(form: str) -> str:
    escaped = re.escape(form)
    return escaped if len(form) >= SHORT_CHARS else rf"(?<![A-Za-z0-9]){escaped}(?![A-Za-z0-9])"


def plain_masking(secrets: Sequence[str]) -> Masking:
    """Take secrets out as programs log them: as they are, in an address, and in quotes."""
    pattern = any_of(form for secret in secrets for form in (secret, quote(secret, safe=""), repr(secret)[1:-1]))
    return lambda text: pattern.sub(MASK, text) if pattern else text


class SecretFiles:
    """Knows the content of some files, each one line of text; a file is read again when it changed.

    ``make`` returns the masking for the secrets that are there.
    """

    def __init__(self, files: Iterable[Path], make: Callable[[Sequence[str]], Masking] = plain_masking) -> None:
        self._files = tuple(files)
        self._make = make
        self._stamps = tuple(stamp(path) for path in self._files)
        self._masking = self._made()

    def mask(self, text: str) -> str:
        """Return ``text`` with every known secret replaced by ``***``."""
        return self.masking()(text)

    def masking(self) -> Masking:
        """Return what takes out the secrets that are there now; the same one as long as they are the same."""
        stamps = tuple(stamp(path) for path in self._files)
        if stamps != self._stamps:
            self._stamps = stamps
            self._masking = self._made()
        return self._masking

    def _made(self) -> Masking:
        return self._make([secret for path in self._files if (secret := read_secret(path))])
