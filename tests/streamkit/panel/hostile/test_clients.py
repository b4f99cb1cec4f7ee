"""Pages that never read, peers that never finish, and a thousand viewers at once, against the real process."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.streamkit.panel.hostile.readers import Readers, many_files, request, spread_s, stuck
from tests.streamkit.panel.hostile.target import Target, wait_until
from tests.streamkit.panel.hostile.wire import connect

pytestmark = pytest.mark.browser
"""No browser is needed: a thousand connections and the pace they get belong to the longer part."""

KEPT = 2
"""The connection that has just ended when descriptors are counted, and the watch of the state files.  What the kernel says
of the machine stays open from the first sample on, so each test asks for one before it counts."""


@contextlib.contextmanager
def restless(states: Any, pause_s: float = 0.1) -> Iterator[None]:
    """Change the stream's state all the time, so that events follow each other quickly."""
    ended = threading.Event()

    def loop() -> None:
        number = 0
        while not ended.wait(pause_s):
            number += 1
            # Long reasons: what a page does not read is to fill its buffers soon.
            states.supervisor("running", stream={"reason": f"{number} " + "x" * 20_000, "restarts": number})

    thread = threading.Thread(target=loop)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def test_fifty_stuck_pages_are_dropped_and_a_hundred_others_notice_nothing(
    target: Target, states: Any, report: dict[str, object]
) -> None:
    cookie = target.cookie()
    target.ask("GET", "/api/stats")
    descriptors = target.descriptors
    begun = time.monotonic()
    with Readers(target.port, cookie, 100) as good, stuck(target.port, cookie, 50), restless(states):
        wait_until(lambda: target.descriptors >= descriptors + 148, "all 150 are connected")
        wait_until(lambda: len(good.complete()) >= 1, "an event reached all that read")
        good.begin()
        wait_until(lambda: target.descriptors <= descriptors + 100 + KEPT, "the stuck ones are dropped", 90)
        dropped_s = time.monotonic() - begun
        so_far = len(good.complete())
        wait_until(lambda: len(good.complete()) >= so_far + 5, "events go on")
        assert good.ended == 0
        events = good.complete()
    # Nobody missed one: from the first that all have to the last that all have there is no gap.
    assert sorted(events) == list(range(min(events), max(events) + 1))
    spread = spread_s(events, 0.99)
    assert spread < 1.0
    wait_until(lambda: target.descriptors <= descriptors + KEPT, "all descriptors are back")
    assert "Traceback" not in target.said
    report["panel, 50 stuck of 150"] = {
        "events": len(events),
        "spread_p99_ms": round(1000 * spread, 1),
        "dropped_after_s": round(dropped_s, 1),
    }


def test_a_thousand_viewers(attack: Any, states: Any, report: dict[str, object]) -> None:
    with many_files(4096):
        target = attack()
        cookie = target.cookie()
        target.ask("GET", "/api/stats")
        descriptors = target.descriptors
        with Readers(target.port, cookie, 1000) as viewers:
            wait_until(lambda: target.descriptors >= descriptors + 998, "all are connected")
            # From here on: what came while they connected is no figure of the steady state.
            wait_until(lambda: len(viewers.complete()) >= 1, "an event reached them all")
            viewers.begin()
            used, begun = target.cpu_s, time.monotonic()
            wait_until(lambda: len(viewers.complete()) >= 3, "three more reached them all")
            busy = (target.cpu_s - used) / (time.monotonic() - begun)
            events, memory = viewers.complete(), target.memory_bytes
            assert viewers.ended == 0
            answered = time.monotonic()
            assert target.ask("GET", "/api/status")[0] == 200
            answered = time.monotonic() - answered
        wait_until(lambda: target.descriptors <= descriptors + KEPT, "all descriptors are back")
    spread = spread_s(events, 0.99)
    report["panel, 1000 viewers"] = {
        "spread_p99_ms": round(1000 * spread, 1),
        "cpu_percent": round(100 * busy, 1),
        "memory_mb": round(memory / 1e6, 1),
        "status_ms": round(1000 * answered, 1),
    }
    # The figures to reach are the benchmark's; these hold on a busy machine.
    assert spread < 1.0
    assert busy < 0.5
    assert memory < 140e6


@pytest.mark.parametrize(
    "beginning",
    [
        b"",
        b"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ",
        b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 4000\r\n\r\ntoken=",
    ],
    ids=["nothing", "headers", "body"],
)
def test_three_hundred_peers_that_never_finish_do_not_stop_the_others(target: Target, beginning: bytes) -> None:
    target.ask("GET", "/api/stats")
    descriptors = target.descriptors
    with contextlib.ExitStack() as stack:
        for _ in range(300):
            connection = stack.enter_context(connect(target.port))
            connection.sendall(beginning)
        for _ in range(20):
            begun = time.monotonic()
            assert target.ask("GET", "/api/status")[0] == 200
            assert time.monotonic() - begun < 5.0
        assert target.descriptors >= descriptors + 298
    wait_until(lambda: target.descriptors <= descriptors + KEPT, "all descriptors are back")
    assert target.said.count("\n") == 1


def test_answers_that_nobody_reads_hold_nobody_else(target: Target) -> None:
    cookie = target.cookie()
    target.ask("GET", "/api/stats")
    descriptors = target.descriptors
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            connection = stack.enter_context(connect(target.port, receive_buffer=2048))
            connection.setblocking(False)
            # Asked until neither kernel takes more: the panel now waits with an answer in its hands.
            with contextlib.suppress(BlockingIOError):
                while True:
                    connection.send(request(cookie).replace(b"/api/events", b"/static/app.css") * 20)
        assert target.ask("GET", "/api/status")[0] == 200
    wait_until(lambda: target.descriptors <= descriptors + KEPT, "all descriptors are back")
