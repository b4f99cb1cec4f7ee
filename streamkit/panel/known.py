"""The secrets that this panel knows, taken out of what programs wrote: reasons, errors, lines of the log.

A server may repeat in its refusal what it was sent, and a program may log it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from streamkit.panel.redact import Redactor
from streamkit.run.mask import Masking, SecretFiles

MOST_SENTENCES = 64
"""Remembered at most, of at most so many characters each: what a sample says is short, and the same for hours."""
LONGEST_SENTENCE = 1000


class Known:
    """Redacts by the token and the keys in ``key_files``, which may come, go or change at any time."""

    def __init__(self, token: str, key_files: Iterable[Path | None]) -> None:
        files = (path for path in key_files if path is not None)
        self._files = SecretFiles(files, lambda keys: Redactor([token, *keys]))
        self._by: Masking | None = None
        self._said: dict[str, str] = {}

    def text(self, text: str) -> str:
        """Return ``text`` with ``***`` for each secret."""
        return self._files.mask(text)

    def sentence(self, text: str) -> str:
        """Return the same for what is asked again with each sample: looked through once, while the secrets are the same."""
        masking = self._files.masking()
        if masking is not self._by or len(self._said) >= MOST_SENTENCES:
            self._said.clear()
            self._by = masking
        found = self._said.get(text)
        if found is None:
            found = masking(text)
            if len(text) <= LONGEST_SENTENCE:
                self._said[text] = found
        return found
