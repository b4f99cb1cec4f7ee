"""What happens, as events for every open page: figures at a steady pace, and whatever changed at once.

Nothing is sampled while nobody looks.  Every event is a whole state: a page that connects gets the present one of each
kind and needs none of those it missed.
"""

from __future__ import annotations

import functools
import sys
import time
import traceback
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import gevent

from streamkit.errors import StreamkitError
from streamkit.panel.fanout import Fanout, Outlet, Subscription, encode_data, encode_event, event_stream

AGAIN_S = 2.0
"""When a document that could not be made is tried again."""


@dataclass(frozen=True)
class Source:
    """One kind of event.

    ``document`` makes what it says; a StreamkitError means that there is nothing to say now.  ``mark`` returns a value
    that differs from the last one when something changed; it is asked at every look, so it must be cheap.
    ``interval_s`` is the pace at which the event is sent without a change; None: it is sent only when what it says
    changed.  ``operators_only``: whoever looks through the open view does not get it.
    """

    event: str
    document: Callable[[], Mapping[str, Any]]
    mark: Callable[[], Hashable]
    interval_s: float | None = None
    operators_only: bool = False


class _Feed:
    """A source with what was last sent of it."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.seen: Hashable = None
        self.due = 0.0
        self.data = ""
        self.event = b""


class Waiting(Protocol):
    """What the hub waits on between two looks at its sources."""

    def wait(self, seconds: float) -> None:
        """Return when something may have changed, at the latest after ``seconds``."""

    def close(self) -> None:
        """Wait no more."""


class Hub:
    """Publishes its sources for as long as somebody reads; ``watch`` is called when the first reader comes."""

    def __init__(self, sources: Sequence[Source], watch: Callable[[], Waiting]) -> None:
        self._feeds = [_Feed(source) for source in sources]
        self._watch = watch
        self._task: gevent.Greenlet[..., None] | None = None
        self.fanout = Fanout()
        self.encoded = 0
        """Events encoded so far; also the ``id`` of the last one."""

    def stream(self, operator: bool = True, outlet: Outlet | None = None) -> Iterator[bytes]:
        """Return the bytes of one reader's stream; ``operator``: whether it has the token, ``outlet``: its connection."""
        return event_stream(functools.partial(self.subscribe, operator=operator), self.unsubscribe, outlet)

    def subscribe(self, on_overflow: Callable[[], None], operator: bool = True) -> tuple[Subscription, list[bytes]]:
        """Add a reader; returns it and the present state.  The first reader's comes through its queue in a moment."""
        subscription = self.fanout.subscribe(on_overflow, operator)
        if self._task is None:
            self._task = gevent.spawn(self._run)
            return subscription, []
        feeds = [feed for feed in self._feeds if operator or not feed.source.operators_only]
        return subscription, [feed.event for feed in feeds if feed.event]

    def unsubscribe(self, subscription: Subscription) -> None:
        """Remove a reader; doing it twice is no error.  Behind the last one nothing goes on."""
        self.fanout.unsubscribe(subscription)
        if self._task is not None and not self.fanout.readers:
            task, self._task = self._task, None
            gevent.kill(task)

    def close(self) -> None:
        """End every reader: the server is going down."""
        self.fanout.close()

    def _run(self) -> None:
        for feed in self._feeds:
            feed.due, feed.data, feed.event = 0.0, "", b""
        waiting = self._watch()
        try:
            while self.fanout.readers:
                for feed in self._feeds:
                    self._advance(feed)
                beat_s = self.fanout.beat()
                due = min(feed.due for feed in self._feeds) - time.monotonic()
                waiting.wait(max(0.0, min(due, beat_s)))
        finally:
            if self._task is gevent.getcurrent():
                self._task = None
            waiting.close()

    def _advance(self, feed: _Feed) -> None:
        # The mark is read before the document: what changes between the two is seen next time, never missed.
        mark = feed.source.mark()
        if mark == feed.seen and time.monotonic() < feed.due:
            return
        feed.seen = mark
        interval_s = feed.source.interval_s
        feed.due = time.monotonic() + (AGAIN_S if interval_s is None else interval_s)
        try:
            data = encode_data(feed.source.document())
        except StreamkitError:
            # What keeps it from being made is a state of its own, which the figures' event tells.
            return
        except Exception:
            # One bad sample must not end the updates of every open page; the trace says what to repair.
            traceback.print_exc(file=sys.stderr)
            return
        if interval_s is None:
            feed.due = float("inf")
            if data == feed.data:
                return
        self.encoded += 1
        feed.data = data
        feed.event = encode_event(feed.source.event, self.encoded, data)
        self.fanout.publish(feed.event, feed.source.operators_only)
