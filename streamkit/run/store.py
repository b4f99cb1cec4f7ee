"""Keeping several small files at once: all of them are replaced, or none is."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path


def replace_together(folder: Path, wanted: Mapping[str, str | None], mode: int = 0o600) -> None:
    """Replace files of ``folder`` by texts (None removes one); each reader sees the old text or the new one.

    Everything that may fail for want of room or rights is done beside them first.  Raises OSError; then all is as it
    was.  Only one process may call this: the names beside are always the same, so that a run that was killed leaves
    nothing that the next one does not clear away.
    """
    staged: list[Path] = []
    undo: list[tuple[Path, Path | None]] = []
    try:
        for name, text in wanted.items():
            path = folder / name
            if text is not None:
                staged.append(_write(path.with_name(f".{name}.new"), text.encode(), mode))
            if path.exists():
                staged.append(_write(path.with_name(f".{name}.before"), path.read_bytes(), mode))
        for name, text in wanted.items():
            path, before = folder / name, folder / f".{name}.before"
            existed = before in staged
            if text is not None:
                path.with_name(f".{name}.new").replace(path)
            else:
                path.unlink(missing_ok=True)
            undo.append((path, before if existed else None))
    except OSError:
        for path, earlier in reversed(undo):
            if earlier is not None:
                earlier.replace(path)
            else:
                path.unlink(missing_ok=True)
        raise
    finally:
        # What cannot be cleared away now is so before the next change; it must not undo this one.
        with contextlib.suppress(OSError):
            for path in staged:
                path.unlink(missing_ok=True)
            _keep(folder)


def _write(path: Path, content: bytes, mode: int) -> Path:
    """Write a new file that is on the disk when this returns; on a failure nothing is left of it."""
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(handle, "wb") as stream:
            os.fchmod(handle, mode)
            stream.write(content)
            stream.flush()
            os.fsync(handle)
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return path


def _keep(folder: Path) -> None:
    """Have the names themselves written to the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
