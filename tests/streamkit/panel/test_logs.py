"""The log by its addresses, and as events of which none is lost or given twice."""

from __future__ import annotations

import io
import json
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import gevent
import pytest

from streamkit.panel.context import Context
from streamkit.panel.log_feed import LINES_AT_FIRST, MOST_LINES_IN_EVENT, LogFeed
from streamkit.run.log import RingLog

TOKEN = "correct horse battery staple"


@pytest.fixture
def log(context: Context) -> RingLog:
    """The supervisor's log, turned often."""
    return RingLog(context.log_file, io.StringIO(), limit_bytes=20_000)


def fill(log: RingLog, *numbers: int) -> None:
    """Write one line for each number."""
    for number in numbers:
        log.write("stream", f"line {number}")


def ask(call: Any, query: str = "", token: str | None = TOKEN) -> Any:
    """Ask for the log."""
    return call("GET", "/api/logs", query=query, token=token)


def test_a_page_of_lines_leads_to_the_next(call: Any, log: RingLog) -> None:
    fill(log, *range(30))
    newest = ask(call, "limit=10").json
    assert [line["text"] for line in newest["lines"]] == [f"line {number}" for number in range(20, 30)]
    assert newest["last_id"] == newest["lines"][-1]["id"]
    fill(log, 30, 31)
    after = ask(call, f"after={newest['last_id']}").json
    assert [line["text"] for line in after["lines"]] == ["line 30", "line 31"]
    assert ask(call, f"after={after['last_id']}").json == {"lines": [], "last_id": after["last_id"]}


def test_only_lines_that_are_bad_enough(call: Any, log: RingLog) -> None:
    log.write("stream", "ERROR: no picture")
    log.write("panel", "warning: hm")
    fill(log, 1)
    assert [line["level"] for line in ask(call, "level=warning").json["lines"]] == ["error", "warning"]
    assert len(ask(call).json["lines"]) == 3


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=2001", "limit=x", "limit=-1", "limit=1e3", "after=-1", "after=1.5", "after=%D9%A3"]
)
def test_a_number_that_is_none_is_named_and_its_limits_said(call: Any, query: str) -> None:
    answer = ask(call, query)
    assert answer.status == 400
    assert query.partition("=")[0] in answer.json["error"] and "whole number from" in answer.json["error"]


def test_a_level_that_is_none_is_refused_with_those_there_are(call: Any) -> None:
    answer = ask(call, "level=terrible")
    assert (answer.status, answer.json["error"]) == (400, "level is none of error, warning, info, debug.")


def test_the_whole_log_as_a_file(call: Any, log: RingLog) -> None:
    fill(log, *range(1200))
    log.write("stream", "<script>alert(1)</script>")
    answer = ask(call, "download=1")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["content-disposition"].startswith('attachment; filename="streamkit-')
    lines = answer.body.decode().splitlines()
    assert len(lines) > 500 and lines[-2].endswith("Z info stream: line 1199")
    assert lines[-1].endswith("<script>alert(1)</script>"), "as it is: it is text, never a page"
    assert lines[0][:4].isdigit() and lines[0][23] == "Z"


def test_no_log_yet_is_an_empty_one(call: Any) -> None:
    assert ask(call).json == {"lines": [], "last_id": 0}
    assert ask(call, "download=1").body == b""


def test_the_log_is_for_who_has_the_token_even_where_the_view_is_open(open_call: Any, log: RingLog, call: Any) -> None:
    fill(log, 1)
    for client in (call, open_call):
        for path in ("/api/logs", "/api/logs/stream"):
            answer = client("GET", path)
            assert answer.status == 401 and b"line 1" not in answer.body


def test_too_many_readers_are_refused_in_one_sentence(call: Any, panel: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panel.logs.feed.fanout, "_most_readers", 0)
    answer = call("GET", "/api/logs/stream", token=TOKEN)
    assert answer.status == 503 and "Too many pages" in answer.json["error"]
    assert call("GET", "/api/logs/stream", query="after=x", token=TOKEN).status == 400


class Reader:
    """Reads the events of one stream in a greenlet of its own, as the server does."""

    def __init__(self, feed: LogFeed, after: int | None = None) -> None:
        self.events: list[tuple[int, dict[str, Any]]] = []
        self.other: list[bytes] = []
        self._stream = feed.stream(after)
        self._task = gevent.spawn(self._read)

    def _read(self) -> None:
        for part in self._stream:
            for event in part.decode().split("\n\n"):
                fields = dict(line.split(": ", 1) for line in event.splitlines() if not line.startswith(":"))
                if fields.get("event") == "log":
                    self.events.append((int(fields["id"]), json.loads(fields["data"])))
                else:
                    self.other.append(event.encode())

    @property
    def lines(self) -> list[dict[str, Any]]:
        """All lines so far."""
        return [line for _, data in self.events for line in data["lines"]]

    @property
    def texts(self) -> list[str]:
        """Their texts."""
        return [line["text"] for line in self.lines]

    def wait(self, holds: Callable[[], bool]) -> None:
        """Let the others run until it holds."""
        with gevent.Timeout(10):
            while not holds():
                gevent.sleep(0.005)

    def leave(self) -> None:
        """End it."""
        self._task.kill()


@pytest.fixture
def feed(context: Context) -> Iterator[LogFeed]:
    """A quick feed of the log."""
    feed = LogFeed(context.log_file, 0.01)
    yield feed
    feed.close()
    gevent.sleep(0.05)


def test_a_reader_gets_the_newest_lines_and_then_each_as_it_comes(feed: LogFeed, log: RingLog) -> None:
    fill(log, *range(20))
    reader = Reader(feed)
    reader.wait(lambda: len(reader.texts) == 20)
    fill(log, 20, 21)
    reader.wait(lambda: len(reader.texts) == 22)
    assert reader.texts == [f"line {number}" for number in range(22)]
    assert all(number == data["lines"][-1]["id"] for number, data in reader.events)


def test_a_reader_that_comes_back_misses_nothing_and_gets_nothing_twice(feed: LogFeed, log: RingLog) -> None:
    seen: list[str] = []
    last: int | None = None
    for number in range(0, 300, 10):
        reader = Reader(feed, last)
        fill(log, *range(number, number + 5))
        reader.wait(lambda: f"line {number + 4}" in reader.texts)  # noqa: B023 - asked before the loop goes on
        last = reader.events[-1][0]
        seen += reader.texts
        reader.leave()
        # Written while it is away; the log turns several times meanwhile.
        fill(log, *range(number + 5, number + 10))
    assert seen == [f"line {number}" for number in range(295)]


def test_readers_that_come_at_any_moment_see_the_same_log(feed: LogFeed, log: RingLog) -> None:
    readers = []
    for number in range(60):
        fill(log, number)
        readers.append(Reader(feed))
        gevent.sleep(0.003)
    for reader in readers:
        reader.wait(lambda: "line 59" in reader.texts)  # noqa: B023 - asked before the loop goes on
        assert reader.texts == [f"line {number}" for number in range(60)]


def test_events_are_of_a_bounded_size(feed: LogFeed, log: RingLog, context: Context) -> None:
    large = RingLog(context.log_file, io.StringIO())
    fill(large, *range(1500))
    reader = Reader(feed)
    reader.wait(lambda: len(reader.texts) == LINES_AT_FIRST)
    fill(large, *range(1500, 2100))
    reader.wait(lambda: len(reader.texts) == LINES_AT_FIRST + 600)
    assert max(len(data["lines"]) for _, data in reader.events) <= MOST_LINES_IN_EVENT
    assert reader.texts[-1] == "line 2099"


def test_nothing_is_read_while_nobody_looks_and_once_for_all_who_do(
    feed: LogFeed, log: RingLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[float] = []
    read = os.pread

    def counted(*arguments: Any) -> bytes:
        reads.append(time.monotonic())
        return read(*arguments)

    monkeypatch.setattr("os.pread", counted)
    fill(log, 1)
    gevent.sleep(0.05)
    assert reads == []
    readers = [Reader(feed) for _ in range(20)]
    readers[0].wait(lambda: all(reader.texts for reader in readers))
    begun, before = len(reads), time.monotonic()
    gevent.sleep(0.1)
    assert 0 < len(reads) - begun <= 2 + (time.monotonic() - before) / 0.01, "one read a look, not one a reader"
    for reader in readers:
        reader.leave()
    readers[0].wait(lambda: feed._tail is None)
    ended = len(reads)
    gevent.sleep(0.05)
    assert len(reads) == ended


def test_a_silent_log_sends_heartbeats(feed: LogFeed, log: RingLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamkit.panel.fanout.HEARTBEAT_S", 0.02)
    reader = Reader(feed)
    reader.wait(lambda: reader.other.count(b": heartbeat") >= 2)
    assert b"retry: 2000" in reader.other
