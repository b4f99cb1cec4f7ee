"""Somebody who has the panel open while the stream is measured: asks as its page asks, draws nothing.

Standard library only.  The panel before is asked for three addresses each second, on connections that stay open as a
browser's do; today's panel is read as a stream of events.
"""

from __future__ import annotations

import contextlib
import http.client
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from bench.stream.container import Running
from streamkit.errors import UnavailableError

POLLED = ("/api/stats", "/api/status", "/api/config")
POLL_S = 1.0
ANSWERS_WITHIN_S = 20.0


@dataclass
class Page:
    """What the page has asked and got so far."""

    requests: int = 0
    received_bytes: int = 0
    problem: str = ""
    ended: threading.Event = field(default_factory=threading.Event)


@contextlib.contextmanager
def open_page(running: Running) -> Iterator[Page]:
    """Keep the panel's page open until the end of the block.  Raises UnavailableError where the panel does not answer."""
    _wait_for_panel(running)
    page = Page()
    look = _poll if running.prepared.panel == "polling" else _listen
    thread = threading.Thread(target=_guarded, args=(look, running, page), name="page", daemon=True)
    thread.start()
    try:
        yield page
    finally:
        page.ended.set()
        thread.join(timeout=ANSWERS_WITHIN_S)


def _wait_for_panel(running: Running) -> None:
    deadline = time.monotonic() + ANSWERS_WITHIN_S
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, http.client.HTTPException), _connection(running) as connection:
            connection.request("GET", "/")
            if connection.getresponse().status == 200:
                return
        time.sleep(0.2)
    raise UnavailableError(f"The panel of {running.prepared.scenario['name']} does not answer.")


def _connection(running: Running) -> contextlib.closing[http.client.HTTPConnection]:
    return contextlib.closing(http.client.HTTPConnection("127.0.0.1", running.prepared.panel_port, timeout=5.0))


def _guarded(look: object, running: Running, page: Page) -> None:
    assert callable(look)
    try:
        look(running, page)
    except (OSError, http.client.HTTPException) as problem:
        # The container may be on its way out; a page that failed earlier is said in the run's details.
        page.problem = f"{type(problem).__name__}: {problem}"


def _poll(running: Running, page: Page) -> None:
    with _connection(running) as connection:
        due = time.monotonic()
        while not page.ended.is_set():
            for path in POLLED:
                connection.request("GET", path)
                page.received_bytes += len(connection.getresponse().read())
                page.requests += 1
            due += POLL_S
            page.ended.wait(max(0.0, due - time.monotonic()))


def _listen(running: Running, page: Page) -> None:
    with _connection(running) as connection:
        connection.request("GET", "/api/events", headers={"Authorization": f"Bearer {running.token}"})
        page.requests += 1
        with connection.getresponse() as answer:
            if answer.status != 200:
                page.problem = f"/api/events answered {answer.status}"
                return
            # An event comes every two seconds, so a read that waits looks at the end as often.
            while not page.ended.is_set():
                line = answer.readline()
                if not line:
                    page.problem = "the stream of events ended"
                    return
                page.received_bytes += len(line)
