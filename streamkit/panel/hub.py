"""One sampler and one encoding for any number of open pages: server-sent events fan out from here.

Nothing is sampled while nobody looks.  A page that stops reading fills its own short queue and is then cut
off; the others never wait for it.
"""

from __future__ import annotations

import json
import sys
import time
import traceback
from collections.abc import Callable, Hashable, Iterator
from typing import Any

import gevent
from gevent.queue import Empty, Full, Queue

EVENT = "combined_update"
QUEUE_LENGTH = 8
"""Events a page may lag behind, 16 s at the usual pace; each event is complete, so older ones are no loss."""
HEARTBEAT_S = 15.0
RETRY_MS = 2000
MOST_SUBSCRIBERS = 2000

Sample = dict[str, Any]


class Subscription:
    """One open page: a bounded queue of encoded events; None ends it."""

    def __init__(self, on_overflow: Callable[[], None]) -> None:
        self.queue: Queue[bytes | None] = Queue(maxsize=QUEUE_LENGTH)
        self.on_overflow = on_overflow


class Hub:
    """Samples every ``interval_s``, and at once when ``mark`` changes, for as long as somebody is subscribed."""

    def __init__(
        self,
        sample: Callable[[], Sample],
        mark: Callable[[], Hashable],
        interval_s: float = 2.0,
        watch_s: float = 0.2,
    ) -> None:
        self._sample = sample
        self._mark = mark
        self._interval_s = interval_s
        self._watch_s = watch_s
        self._subscriptions: set[Subscription] = set()
        self._task: gevent.Greenlet[..., None] | None = None
        self._latest: Sample | None = None
        self._latest_event = b""
        self._latest_at = -float("inf")
        self._latest_mark: Hashable = None
        self._closed = False
        self.encoded = 0
        """Events encoded so far; also the ``id`` of the last one."""

    @property
    def subscribers(self) -> int:
        """How many pages are open."""
        return len(self._subscriptions)

    @property
    def full(self) -> bool:
        """Whether another page would be one too many."""
        return self._closed or len(self._subscriptions) >= MOST_SUBSCRIBERS

    def subscribe(self, on_overflow: Callable[[], None]) -> Subscription:
        """Open a subscription that receives the present state at once; ``on_overflow`` must end its reader."""
        subscription = Subscription(on_overflow)
        self._subscriptions.add(subscription)
        if self._task is None:
            self._task = gevent.spawn(self._run)
        elif self._latest_event:
            subscription.queue.put_nowait(self._latest_event)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Close a subscription; doing it twice is no error."""
        self._subscriptions.discard(subscription)

    def snapshot(self) -> Sample:
        """Return the last sample while it still holds, else take a new one."""
        fresh = time.monotonic() - self._latest_at < self._interval_s
        if self._latest is not None and fresh and self._mark() == self._latest_mark:
            return self._latest
        return self._take()

    def close(self) -> None:
        """End every subscription: the server is going down."""
        self._closed = True
        for subscription in tuple(self._subscriptions):
            try:
                subscription.queue.put_nowait(None)
            except Full:
                self._cut_off(subscription)

    def _take(self) -> Sample:
        # The mark is read first: a change that lands between the two is then seen as new, never missed.
        self._latest_mark = self._mark()
        self._latest = self._sample()
        self._latest_at = time.monotonic()
        return self._latest

    def _run(self) -> None:
        due = 0.0
        seen: Hashable = None
        try:
            while self._subscriptions:
                mark = self._mark()
                if time.monotonic() >= due or mark != seen:
                    seen = mark
                    due = time.monotonic() + self._interval_s
                    self._tick()
                gevent.sleep(self._watch_s)
        finally:
            self._task = None
            self._latest_event = b""

    def _tick(self) -> None:
        try:
            self._publish(self._take())
        except Exception:
            # One bad sample must not end the updates of every open page; the trace says what to repair.
            traceback.print_exc(file=sys.stderr)

    def _publish(self, sample: Sample) -> None:
        self.encoded += 1
        text = json.dumps(sample, separators=(",", ":"))
        self._latest_event = f"id: {self.encoded}\nevent: {EVENT}\ndata: {text}\n\n".encode()
        for subscription in tuple(self._subscriptions):
            try:
                subscription.queue.put_nowait(self._latest_event)
            except Full:
                self._cut_off(subscription)

    def _cut_off(self, subscription: Subscription) -> None:
        self._subscriptions.discard(subscription)
        subscription.on_overflow()


def event_stream(hub: Hub) -> Iterator[bytes]:
    """Yield the bytes of one ``text/event-stream`` until the page leaves, falls behind, or the server ends."""
    reader = gevent.getcurrent()

    def end_reader() -> None:
        # The reader may hang in a send to a peer that no longer reads: only an exception gets it out.
        gevent.kill(reader)

    subscription = hub.subscribe(end_reader)
    try:
        # The first bytes leave at once, so that proxies and browsers see an open stream.
        yield f"retry: {RETRY_MS}\n\n".encode()
        while True:
            try:
                event = subscription.queue.get(timeout=HEARTBEAT_S)
            except Empty:
                yield b": nothing new\n\n"
                continue
            if event is None:
                return
            yield event
    finally:
        hub.unsubscribe(subscription)
