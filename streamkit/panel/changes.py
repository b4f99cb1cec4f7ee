"""Waiting for a change in a folder without looking at it again and again: the kernel's inotify(7)."""

from __future__ import annotations

import contextlib
import ctypes
import os
from pathlib import Path

import gevent
from gevent import socket as green_socket

IN_MOVED_TO, IN_DELETE = 0x80, 0x200
"""<linux/inotify.h>.  State files are replaced, never written in place; the log beside them grows and is of no interest."""
READ_BYTES = 4096
FALLBACK_S = 0.2
"""How long a wait takes at most where the kernel gives no watch (fs.inotify.max_user_instances): a look at files then."""


class Changes:
    """Watches the folder until it is closed."""

    def __init__(self, folder: Path) -> None:
        self._watch = _open_watch(folder)

    def wait(self, seconds: float) -> None:
        """Return when a file of the folder was replaced or removed, at the latest after ``seconds``."""
        if self._watch < 0:
            gevent.sleep(min(seconds, FALLBACK_S))
            return
        with contextlib.suppress(TimeoutError):
            green_socket.wait_read(self._watch, timeout=seconds, timeout_exc=TimeoutError())
        with contextlib.suppress(BlockingIOError):
            os.read(self._watch, READ_BYTES)

    def close(self) -> None:
        """Let go of the watch."""
        if self._watch >= 0:
            os.close(self._watch)
            self._watch = -1


def _open_watch(folder: Path) -> int:
    """Return the file descriptor of a watch, -1 where there can be none."""
    libc = ctypes.CDLL(None)
    watch: int = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    if watch >= 0 and libc.inotify_add_watch(watch, os.fsencode(folder), IN_MOVED_TO | IN_DELETE) < 0:
        os.close(watch)
        return -1
    return watch
