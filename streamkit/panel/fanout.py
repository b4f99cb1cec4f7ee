"""Server-sent events for any number of readers: each event is encoded once and the same bytes go to all.

A reader that stops reading fills its own short queue and is then cut off; the others never wait for it.  Where the server
hands out the connection itself (``Outlet``), an event goes to all readers in one loop, and only who lags behind is woken.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import gevent
from gevent.queue import Full

from streamkit.panel.pending import Pending

QUEUE_LENGTH = 8
"""Events a reader may lag behind: 16 s of ``combined_update`` at its usual pace."""
HEARTBEAT_S = 5.0
"""A page that hears nothing for twice this long may say that something on the way holds the events back."""
HEARTBEAT = b": heartbeat\n\n"
RETRY_MS = 2000
MOST_READERS = 2000
OUTLET = "streamkit.outlet"
"""Where the server leaves the ``Outlet`` in a request's environment, if there can be one."""


def encode_data(document: Mapping[str, Any]) -> str:
    """Return what an event says, in as few bytes as JSON takes."""
    return json.dumps(document, separators=(",", ":"))


def encode_event(event: str, number: int, data: str) -> bytes:
    """Return one event with its ``id`` as it goes over the wire."""
    return f"id: {number}\nevent: {event}\ndata: {data}\n\n".encode()


class Outlet(NamedTuple):
    """A connection whose answer is sent in chunks (HTTP/1.1): its file descriptor, which never blocks, and what waits
    until bytes are sent."""

    descriptor: int
    send_all: Callable[[bytes], object]


class Subscription:
    """One reader: a bounded queue of encoded events; None ends it.  ``operator``: whether it has the token."""

    __slots__ = ("on_overflow", "operator", "outlet", "queue", "rest")

    def __init__(self, on_overflow: Callable[[], None], operator: bool = True) -> None:
        self.queue = Pending(QUEUE_LENGTH)
        self.on_overflow = on_overflow
        self.operator = operator
        self.outlet: int | None = None
        """The connection's descriptor while all that was sent is in the kernel's hands; None: use the queue."""
        self.rest = b""
        """What the kernel did not take of the last chunk; it goes before all that is queued."""

    def put(self, event: bytes | None, chunk: bytes) -> None:
        """Give the reader an event, which is ``chunk`` on its connection.  Raises Full when it lags too far behind."""
        if self.outlet is not None and event is not None:
            try:
                sent = os.write(self.outlet, chunk)
            except OSError:
                # Its buffer is full, or it has gone: its own greenlet waits, or finds out.
                sent = 0
            if sent == len(chunk):
                return
            if sent:
                self.rest, event = chunk[sent:], b""
        self.outlet = None
        self.queue.put_nowait(event)


class Fanout:
    """The readers of one stream of events."""

    def __init__(self, most_readers: int = MOST_READERS) -> None:
        self._most_readers = most_readers
        self._subscriptions: set[Subscription] = set()
        self._closed = False
        self._sent_at = time.monotonic()

    @property
    def readers(self) -> int:
        """How many read."""
        return len(self._subscriptions)

    @property
    def full(self) -> bool:
        """Whether another reader would be one too many."""
        return self._closed or len(self._subscriptions) >= self._most_readers

    def subscribe(self, on_overflow: Callable[[], None], operator: bool = True) -> Subscription:
        """Add a reader; ``on_overflow`` must end it."""
        subscription = Subscription(on_overflow, operator)
        self._subscriptions.add(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Remove a reader; doing it twice is no error."""
        self._subscriptions.discard(subscription)

    def publish(self, event: bytes, operators_only: bool = False) -> None:
        """Hand one encoded event to every reader, or to those alone that have the token."""
        if not operators_only:
            self._sent_at = time.monotonic()
        chunk = b"%x\r\n%b\r\n" % (len(event), event)
        for subscription in tuple(self._subscriptions):
            if subscription.operator or not operators_only:
                self._put(subscription, event, chunk)

    def beat(self) -> float:
        """Send a heartbeat when nothing was sent for a while; returns in how many seconds to call this again at the latest."""
        if time.monotonic() - self._sent_at >= HEARTBEAT_S:
            self.publish(HEARTBEAT)
        return HEARTBEAT_S - (time.monotonic() - self._sent_at)

    def close(self) -> None:
        """End every reader and take no more: the server is going down."""
        self._closed = True
        for subscription in tuple(self._subscriptions):
            self._put(subscription, None)

    def _put(self, subscription: Subscription, event: bytes | None, chunk: bytes = b"") -> None:
        try:
            subscription.put(event, chunk)
        except Full:
            self._subscriptions.discard(subscription)
            subscription.on_overflow()


def event_stream(
    open_subscription: Callable[[Callable[[], None]], tuple[Subscription, Iterable[bytes]]],
    close_subscription: Callable[[Subscription], None],
    outlet: Outlet | None = None,
) -> Iterator[bytes]:
    """Yield the bytes of one ``text/event-stream`` until the reader leaves, falls behind, or the server ends.

    ``open_subscription`` is called when the first bytes are asked for, so that a request that is never read subscribes
    to nothing; it returns the subscription and the events that this reader gets before all others.  With an ``outlet``
    most events are sent without coming through here.
    """
    reader = gevent.getcurrent()

    def end_reader() -> None:
        # The reader may hang in a send to a peer that no longer reads: only an exception gets it out.
        gevent.kill(reader)

    subscription, first = open_subscription(end_reader)
    try:
        # These bytes leave at once, so that proxies and browsers see an open stream.
        yield b"".join((f"retry: {RETRY_MS}\n\n".encode(), *first))
        while (event := _next(subscription, outlet)) is not None:
            yield event
    finally:
        close_subscription(subscription)


def _next(subscription: Subscription, outlet: Outlet | None) -> bytes | None:
    """Return the next event for this reader, b"" where only the end of one had to be sent; None ends it."""
    if outlet is not None and subscription.queue.empty():
        # Everything before was sent: from here on whoever publishes may write.
        subscription.outlet = outlet.descriptor
    event = subscription.queue.get()
    if outlet is not None and subscription.rest:
        rest, subscription.rest = subscription.rest, b""
        outlet.send_all(rest)
    return event
