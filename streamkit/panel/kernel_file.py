"""A file that the kernel makes up anew at each reading (``/proc``, ``/sys``), kept open: opening costs more than reading."""

from __future__ import annotations

import os
import weakref
from pathlib import Path

READ_BYTES = 64 * 1024


class KernelFile:
    """One file.  Of a process (``/proc/<pid>/stat``) it stays that process's, even if another one gets its number."""

    __slots__ = ("__weakref__", "_close", "_descriptor", "_path")

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1
        self._close: weakref.finalize[[int], KernelFile] | None = None

    def text(self) -> str:
        """Return what it says now, "" where it is not there or says nothing; the next call then opens it anew."""
        try:
            if self._close is None:
                self._descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
                self._close = weakref.finalize(self, os.close, self._descriptor)
            return os.pread(self._descriptor, READ_BYTES, 0).decode("ascii", "replace").strip()
        except OSError:
            self.close()
            return ""

    def close(self) -> None:
        """Let go of it; doing it twice is no error."""
        if self._close is not None:
            self._close()
            self._close = None
