"""Waiting for a change of a file without looking at it again and again: the kernel's inotify(7)."""

from __future__ import annotations

import ctypes
import os
import struct
import time
from pathlib import Path

import gevent
from gevent import socket as green_socket

IN_ATTRIB, IN_MOVED_TO, IN_DELETE, IN_DELETE_SELF, IN_MOVE_SELF = 0x4, 0x80, 0x200, 0x400, 0x800
IN_IGNORED, IN_ONESHOT = 0x8000, 0x80000000
"""<linux/inotify.h>.  State files are replaced, never written in place: the old one then has a link less (IN_ATTRIB)."""
READ_BYTES = 4096
_OF_NO_NAME = b""
"""The name of an event of the watched file itself, and of one that says that the kernel lost some (IN_Q_OVERFLOW)."""
_EVENT = struct.Struct("iIII")
"""struct inotify_event: watch, mask, cookie, length of the name behind it, which zeros fill up."""
FALLBACK_S = 0.2
"""How long a wait takes at most where the kernel gives no watch (fs.inotify.max_user_instances): a look at files then."""


class Changes:
    """Watches one file of a folder until it is closed.

    The watch is the file's own, for others beside it are written each second; the folder's while it is not there.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._name = os.fsencode(name)
        self._folder, self._file = os.fsencode(folder), os.fsencode(folder / name)
        self._libc = ctypes.CDLL(None)
        self._watch: int = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        self._on_folder = -1
        if self._watch >= 0 and not self._aim():
            self.close()

    def wait(self, seconds: float) -> None:
        """Return when the file was replaced or removed, at the latest after ``seconds``."""
        if self._watch < 0:
            gevent.sleep(min(seconds, FALLBACK_S))
            return
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            try:
                green_socket.wait_read(self._watch, timeout=left, timeout_exc=TimeoutError())
                if _names(os.read(self._watch, READ_BYTES)) & {self._name, _OF_NO_NAME}:
                    # Before the caller looks: what changes from here on is another event.
                    self._aim()
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

    def _aim(self) -> bool:
        """Watch the file as it is now, or its folder; returns whether there can be a watch."""
        add = self._libc.inotify_add_watch
        of_file = IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONESHOT
        if add(self._watch, self._file, ctypes.c_uint32(of_file)) >= 0:
            if self._on_folder >= 0:
                self._libc.inotify_rm_watch(self._watch, self._on_folder)
                self._on_folder = -1
            return True
        self._on_folder = add(self._watch, self._folder, ctypes.c_uint32(IN_MOVED_TO | IN_DELETE))
        return self._on_folder >= 0


def _names(events: bytes) -> set[bytes]:
    """Return the names in what inotify gave; that a watch has ended (IN_IGNORED) is no event of a file."""
    found, at = set(), 0
    while at < len(events):
        _, mask, _, length = _EVENT.unpack_from(events, at)
        at += _EVENT.size + length
        if not mask & IN_IGNORED:
            found.add(events[at - length : at].rstrip(b"\0"))
    return found
