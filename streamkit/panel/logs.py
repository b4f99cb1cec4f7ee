"""The log: a page of lines, all of them as a file, or each as it is written."""

from __future__ import annotations

import functools
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace

import bottle
import gevent

from streamkit.errors import BadInputError
from streamkit.panel.context import Context
from streamkit.panel.known import Known
from streamkit.panel.log_feed import LogFeed
from streamkit.panel.log_file import Entry, read_after, read_newest
from streamkit.panel.replies import EVENT_HEADERS, Reply, error_reply, json_reply, raw_reply
from streamkit.panel.routes import Route
from streamkit.run.log_line import LEVELS, Level

LINES_BY_DEFAULT = 500
MOST_LINES = 2000
LINES_AT_ONCE = 500
ALL_LINES = 1_000_000
"""More than the two parts of the log can hold."""


class LogsArea:
    """Answers ``/api/logs`` and ``/api/logs/stream``; only for who has the token."""

    def __init__(self, context: Context, known: Known) -> None:
        self._path = context.log_file
        self._clean = functools.partial(_clean, known)
        self.feed = LogFeed(context.log_file, clean=self._clean)

    def routes(self) -> Iterable[Route]:
        """Return the addresses of the log."""
        return (
            Route("GET", "/api/logs", self._logs),
            Route("GET", "/api/logs/stream", self._stream),
        )

    def _logs(self) -> Reply:
        query = bottle.request.query
        try:
            after = _whole("after", query.get("after"), 0, 2**63)
            limit = _whole("limit", query.get("limit"), 1, MOST_LINES)
            least = _level(query.get("level"))
        except BadInputError as problem:
            return error_reply(400, str(problem))
        if query.get("download"):
            name = time.strftime("streamkit-%Y%m%d-%H%M%S.log", time.gmtime())
            headers = {
                "Content-Type": "text/plain; charset=utf-8",
                "Content-Disposition": f'attachment; filename="{name}"',
            }
            return raw_reply(self._text(read_newest(self._path, ALL_LINES, least, after or 0)[0]), 200, headers)
        count = LINES_BY_DEFAULT if limit is None else limit
        if after is None:
            entries, last_id = read_newest(self._path, count, least)
        else:
            entries, last_id = read_after(self._path, after, count, least)
        return json_reply({"lines": [entry.as_document() for entry in self._clean(entries)], "last_id": last_id})

    def _stream(self) -> Reply:
        # A browser that connects again sends the header, and the address with which it began.
        last = bottle.request.headers.get("Last-Event-ID") or bottle.request.query.get("after")
        try:
            after = _whole("after", last, 0, 2**63)
        except BadInputError as problem:
            return error_reply(400, str(problem))
        if self.feed.fanout.full:
            sentence = "Too many pages show the log of this panel; close it on some."
            return error_reply(503, sentence, {"Retry-After": "10"})
        return raw_reply(self.feed.stream(after), 200, EVENT_HEADERS)

    def _text(self, entries: list[Entry]) -> Iterator[bytes]:
        """Yield the lines as a person reads them."""
        for begin in range(0, len(entries), LINES_AT_ONCE):
            yield "".join(map(_written, self._clean(entries[begin : begin + LINES_AT_ONCE]))).encode()
            # A long log must not hold the events of others.
            gevent.sleep(0)


def _whole(name: str, text: str | None, least: int, most: int) -> int | None:
    """Return a number of the query, None where it is not given.  Raises BadInputError for anything else."""
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 20 and least <= int(text) <= most):
        raise BadInputError(f"{name} is not a whole number from {least} to {most}.")
    return int(text)


def _level(text: str | None) -> Level:
    if not text:
        return "debug"
    for level in LEVELS:
        if level == text:
            return level
    raise BadInputError(f"level is none of {', '.join(LEVELS)}.")


def _clean(known: Known, entries: list[Entry]) -> list[Entry]:
    """Return lines without the secrets that the panel knows."""
    return [replace(entry, line=replace(entry.line, text=known.text(entry.line.text))) for entry in entries]


def _written(entry: Entry) -> str:
    line = entry.line
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(line.at))
    return f"{at}.{round(1000 * line.at) % 1000:03d}Z {line.level} {line.source}: {line.text}\n"
