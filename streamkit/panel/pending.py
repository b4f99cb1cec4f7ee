"""What one reader has not been sent yet: a short queue that costs nearly nothing while it is empty.

gevent's Queue holds three deques, each with room for 64 entries from the start (CPython, Modules/_collectionsmodule.c:
BLOCKLEN): 2 MB for a thousand readers, whose queues are empty nearly always.
"""

from __future__ import annotations

from gevent.event import Event
from gevent.queue import Empty, Full


class Pending:
    """At most ``most`` events, taken in order by one greenlet; None ends the reader."""

    __slots__ = ("_arrived", "_events", "_most")

    def __init__(self, most: int) -> None:
        self._most = most
        self._events: list[bytes | None] = []
        self._arrived = Event()

    def empty(self) -> bool:
        """Return whether nothing waits."""
        return not self._events

    def put_nowait(self, event: bytes | None) -> None:
        """Add an event and wake the reader.  Raises Full when the reader lags too far behind."""
        if len(self._events) >= self._most:
            raise Full
        self._events.append(event)
        self._arrived.set()

    def get(self, timeout: float | None = None) -> bytes | None:
        """Return the oldest event, waiting for one.  Raises Empty when none comes within ``timeout`` seconds."""
        while not self._events:
            self._arrived.clear()
            if not self._arrived.wait(timeout):
                raise Empty
        return self._events.pop(0)
