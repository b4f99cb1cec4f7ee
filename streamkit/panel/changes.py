"""Waiting for a change of a file without looking at it again and again: the kernel's inotify(7)."""

from __future__ import annotations

import ctypes
import os
import struct
import time
from pathlib import Path

import gevent
from gevent import socket as green_socket

IN_MOVED_TO, IN_DELETE = 0x80, 0x200
"""<linux/inotify.h>.  State files are replaced, never written in place; the log beside them grows and is of no interest."""
READ_BYTES = 4096
_LOST_COUNT = b""
"""The name of an event that is about no file: more happened than the kernel keeps (IN_Q_OVERFLOW)."""
_EVENT = struct.Struct("iIII")
"""struct inotify_event: watch, mask, cookie, length of the name behind it, which zeros fill up."""
FALLBACK_S = 0.2
"""How long a wait takes at most where the kernel gives no watch (fs.inotify.max_user_instances): a look at files then."""


class Changes:
    """Watches one file of a folder until it is closed."""

    def __init__(self, folder: Path, name: str) -> None:
        self._name = os.fsencode(name)
        self._watch = _open_watch(folder)

    def wait(self, seconds: float) -> None:
        """Return when the file was replaced or removed, at the latest after ``seconds``."""
        if self._watch < 0:
            gevent.sleep(min(seconds, FALLBACK_S))
            return
        until = time.monotonic() + seconds
        # The watch is the folder's: a file that is replaced is another file, and others beside it are of no interest.
        while (left := until - time.monotonic()) > 0:
            try:
                green_socket.wait_read(self._watch, timeout=left, timeout_exc=TimeoutError())
                if _names(os.read(self._watch, READ_BYTES)) & {self._name, _LOST_COUNT}:
                    return
            except TimeoutError:
                return
            except BlockingIOError:
                continue

    def close(self) -> None:
        """Let go of the watch."""
        if self._watch >= 0:
            os.close(self._watch)
            self._watch = -1


def _names(events: bytes) -> set[bytes]:
    """Return the names in what inotify gave."""
    found, at = set(), 0
    while at < len(events):
        _, _, _, length = _EVENT.unpack_from(events, at)
        at += _EVENT.size + length
        found.add(events[at - length : at].rstrip(b"\0"))
    return found


def _open_watch(folder: Path) -> int:
    """Return the file descriptor of a watch, -1 where there can be none."""
    libc = ctypes.CDLL(None)
    watch: int = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    if watch >= 0 and libc.inotify_add_watch(watch, os.fsencode(folder), IN_MOVED_TO | IN_DELETE) < 0:
        os.close(watch)
        return -1
    return watch
