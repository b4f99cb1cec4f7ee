"""The log as events: one reader of the file for all who watch, and none while nobody does."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path

import gevent

from streamkit.panel.fanout import Fanout, Subscription, encode_data, encode_event, event_stream
from streamkit.panel.log_file import Entry, Tail, read_newest

EVENT = "log"
LOOK_S = 0.25
MOST_LINES_IN_EVENT = 200
LINES_AT_FIRST = 500
LINES_AFTER_GAP = 2000
"""Lines that a reader gets who names the last one it has; of more than these it gets the newest."""
MOST_READERS = 100


class LogFeed:
    """Publishes the lines of the log at ``path``; ``clean`` takes out of them what nobody may see."""

    def __init__(self, path: Path, look_s: float = LOOK_S, clean: Callable[[list[Entry]], list[Entry]] = list) -> None:
        self._path = path
        self._clean = clean
        self._look_s = look_s
        self._tail: Tail | None = None
        self.fanout = Fanout(MOST_READERS)

    def stream(self, after: int | None) -> Iterator[bytes]:
        """Return the bytes of one reader's stream: what it has not seen, then every line as it comes."""
        return event_stream(functools.partial(self._subscribe, after), self.fanout.unsubscribe)

    def close(self) -> None:
        """End every reader."""
        self.fanout.close()

    def _subscribe(self, after: int | None, on_overflow: Callable[[], None]) -> tuple[Subscription, list[bytes]]:
        subscription = self.fanout.subscribe(on_overflow)
        if self._tail is None:
            self._tail = Tail(self._path)
            gevent.spawn(self._run, self._tail)
        limit = LINES_AT_FIRST if after is None else LINES_AFTER_GAP
        entries, _ = read_newest(self._path, limit, after=after or 0)
        # What was written since the tail last looked comes to this reader with all others.
        return subscription, _events(self._clean([entry for entry in entries if entry.id <= self._tail.position]))

    def _run(self, tail: Tail) -> None:
        try:
            while self.fanout.readers:
                for event in _events(self._clean(tail.read())):
                    self.fanout.publish(event)
                self.fanout.beat()
                gevent.sleep(self._look_s)
        finally:
            self._tail = None
            tail.close()


def _events(entries: list[Entry]) -> list[bytes]:
    """Return lines as events of a bounded size; the ``id`` of each is that of its last line."""
    batches = [entries[begin : begin + MOST_LINES_IN_EVENT] for begin in range(0, len(entries), MOST_LINES_IN_EVENT)]
    return [
        encode_event(EVENT, batch[-1].id, encode_data({"lines": [entry.as_document() for entry in batch]}))
        for batch in batches
    ]
