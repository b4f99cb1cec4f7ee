"""The viewer without a browser, in front of a panel that answers in every way a panel may."""

from __future__ import annotations

import json
import time
from http.server import BaseHTTPRequestHandler
from typing import ClassVar

import pytest

from streamkit.facts.watch import TIMED_REQUESTS, watch
from tests.local_server import QuietHandler, serving

TOKEN = "the-token-of-this-panel"


class Panel(QuietHandler):
    """Answers as the panel does, counting; events come every 0.2 s."""

    protocol_version = "HTTP/1.0"
    asked: ClassVar[list[str]] = []
    logs = False
    ends_after: int | None = None

    def do_GET(self) -> None:
        self.asked.append(self.path)
        allowed = TOKEN in self.headers.get("Authorization", "") or "session=1" in self.headers.get("Cookie", "")
        if self.path == "/":
            self._send(200, "text/html")
        elif not allowed:
            self._send(401, "application/json")
        elif self.path == "/api/stats":
            self._send(200, "application/json")
        elif self.path == "/api/events" or (self.path == "/api/logs/stream" and self.logs):
            self._stream()
        else:
            self._send(404, "application/json")

    def do_POST(self) -> None:
        self.asked.append(self.path)
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(303)
        self.send_header("Set-Cookie", "session=1; HttpOnly")
        self.end_headers()

    def _send(self, status: int, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.end_headers()

    def _stream(self) -> None:
        self._send(200, "text/event-stream; charset=utf-8")
        number = 0
        try:
            while self.ends_after is None or number < self.ends_after:
                number += 1
                counted = {"stats": {"panel": {"requests": {"/api/stats": 5 + number}}}}
                text = f"id: {number}\nevent: combined_update\ndata: {json.dumps(counted)}\n\n: a comment\n\n"
                self.wfile.write(text.encode())
                self.wfile.flush()
                time.sleep(0.2)
        except OSError:
            return


def panel(**how: object) -> type[BaseHTTPRequestHandler]:
    """Return a panel that differs in these attributes."""
    return type("Changed", (Panel,), {"asked": [], **how})


def test_events_are_timed_and_counters_are_read_from_the_second_on() -> None:
    kind = panel(logs=True)
    with serving(kind) as address:
        seen = watch(address, TOKEN, 1.0)
    logins = [path for path in kind.asked if path == "/login"]  # type: ignore[attr-defined]  # Panel has it
    events = seen["events"]
    assert (seen["problem"], seen["home"], len(seen["stats_ms"])) == (None, 200, TIMED_REQUESTS)
    assert (events["status"], events["content_type"]) == (200, "text/event-stream; charset=utf-8")
    assert events["names"] == ["combined_update"] and 4 <= len(events["times_s"]) <= 6
    assert events["times_s"] == sorted(events["times_s"]) and events["times_s"][-1] < 1.1
    assert events["requests_first"] == {"/api/stats": 7}, "the first event may be older than this viewer"
    assert events["requests_last"]["/api/stats"] == 5 + len(events["times_s"])
    assert events["counted_from_s"] == events["times_s"][1] and events["counted_to_s"] == events["times_s"][-1]
    assert seen["logs"]["status"] == 200 and seen["logs"]["times_s"]
    assert 0.2 <= seen["logs"]["logged_in_s"] < 1.0
    assert logins == ["/login"] * 2, "once to get in, once to have a line in the log"


def test_a_log_stream_that_is_not_offered() -> None:
    with serving(panel()) as address:
        seen = watch(address, TOKEN, 0.5)
    assert (seen["logs"]["status"], seen["logs"]["times_s"]) == (404, [])


def test_a_stream_that_the_panel_ends() -> None:
    with serving(panel(ends_after=1)) as address:
        seen = watch(address, TOKEN, 5.0)
    assert seen["events"]["problem"] == "the panel ended the stream"
    assert len(seen["events"]["times_s"]) == 1 and "requests_first" not in seen["events"]


@pytest.mark.parametrize(
    ("token", "problem"),
    [(None, "the panel's token is not known"), ("another", "/api/stats answered 401 with the panel's token")],
)
def test_without_the_right_token(token: str | None, problem: str) -> None:
    with serving(panel()) as address:
        seen = watch(address, token, 1.0)
    assert (seen["problem"], seen["home"], seen["events"]) == (problem, 200, None)


def test_a_panel_that_is_not_there() -> None:
    seen = watch("http://127.0.0.1:9", TOKEN, 1.0)
    assert seen["problem"].startswith("the panel at http://127.0.0.1:9 does not answer (")
