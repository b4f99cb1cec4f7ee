"""The secrets that this panel knows, taken out of what programs wrote: reasons, errors, lines of the log.

A server may repeat in its refusal what it was sent, and a program may log it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from streamkit.panel.redact import Redactor
from streamkit.run.mask import SecretFiles


class Known:
    """Redacts by the token and the keys in ``key_files``, which may come, go or change at any time."""

    def __init__(self, token: str, key_files: Iterable[Path | None]) -> None:
        files = (path for path in key_files if path is not None)
        self._files = SecretFiles(files, lambda keys: Redactor([token, *keys]))

    def text(self, text: str) -> str:
        """Return ``text`` with ``***`` for each secret."""
        return self._files.mask(text)
