"""Fan-out of events: one sample and one encoding for all, nobody waits for a stuck page, nothing while nobody looks."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Callable, Iterator
from typing import Any

import gevent
import pytest
from gevent import socket as green_socket
from gevent.pywsgi import WSGIServer

from streamkit.panel.app import Panel
from streamkit.panel.hub import QUEUE_LENGTH, Hub, event_stream

TOKEN = "correct horse battery staple"


class Source:
    """Counts samples; the test changes what is sampled and the mark."""

    def __init__(self) -> None:
        self.samples = 0
        self.mark: object = "a"
        self.fails = False
        self.padding = ""

    def sample(self) -> dict[str, Any]:
        """Return the next sample."""
        self.samples += 1
        if self.fails:
            raise RuntimeError("no sample today")
        return {"number": self.samples, "padding": self.padding}


def make_hub(source: Source, interval_s: float = 0.05) -> Hub:
    """A quick hub on the source."""
    return Hub(source.sample, lambda: str(source.mark), interval_s, 0.005)


def never() -> None:
    """Fail: this subscriber must not be cut off."""
    raise AssertionError("cut off")


def decode(event: bytes | None) -> tuple[int, dict[str, Any]]:
    """Return (id, data) of one encoded event."""
    assert event is not None
    fields = dict(line.split(": ", 1) for line in event.decode().strip().splitlines())
    assert fields["event"] == "combined_update"
    return int(fields["id"]), json.loads(fields["data"])


def wait_until(holds: Callable[[], bool], timeout_s: float = 5.0) -> None:
    """Let other greenlets run until it holds."""
    with gevent.Timeout(timeout_s):
        while not holds():
            gevent.sleep(0.005)


def test_nothing_is_sampled_while_nobody_looks_and_at_once_when_somebody_does() -> None:
    source = Source()
    hub = make_hub(source, interval_s=60)
    gevent.sleep(0.05)
    assert source.samples == 0
    first = hub.subscribe(never)
    assert decode(first.queue.get(timeout=1)) == (1, {"number": 1, "padding": ""})
    hub.unsubscribe(first)
    hub.unsubscribe(first)
    wait_until(lambda: hub._task is None)
    source.mark = "b"
    gevent.sleep(0.05)
    assert source.samples == 1
    second = hub.subscribe(never)
    assert decode(second.queue.get(timeout=1))[1]["number"] == 2


def test_one_sample_and_one_encoding_for_any_number_of_pages() -> None:
    source = Source()
    hub = make_hub(source, interval_s=0.03)
    pages = [hub.subscribe(never) for _ in range(50)]
    events = [[page.queue.get(timeout=2) for _ in range(3)] for page in pages]
    assert source.samples == hub.encoded < 10
    for received in events:
        # The very same bytes objects: shared, not equal copies.
        assert all(mine is first for mine, first in zip(received, events[0], strict=True))
    assert [decode(event)[0] for event in events[0]] == [1, 2, 3]


def test_a_late_page_gets_the_present_state_at_once() -> None:
    hub = make_hub(Source(), interval_s=60)
    early = hub.subscribe(never)
    event = early.queue.get(timeout=1)
    late = hub.subscribe(never)
    assert late.queue.get_nowait() is event


def test_a_change_of_state_is_sent_at_once() -> None:
    source = Source()
    hub = make_hub(source, interval_s=60)
    page = hub.subscribe(never)
    page.queue.get(timeout=1)
    source.mark = "b"
    assert decode(page.queue.get(timeout=1))[1]["number"] == 2


def test_a_bad_sample_does_not_end_the_updates(capsys: pytest.CaptureFixture[str]) -> None:
    source = Source()
    source.fails = True
    hub = make_hub(source)
    page = hub.subscribe(never)
    wait_until(lambda: source.samples >= 2)
    source.fails = False
    assert decode(page.queue.get(timeout=1))[0] == 1
    assert "no sample today" in capsys.readouterr().err


def test_a_page_that_stops_reading_is_cut_off_alone() -> None:
    source = Source()
    hub = make_hub(source, interval_s=0.01)
    cut: list[str] = []
    hub.subscribe(lambda: cut.append("stuck"))
    reading = hub.subscribe(never)
    received = [decode(reading.queue.get(timeout=1))[0] for _ in range(QUEUE_LENGTH + 5)]
    assert received == list(range(1, QUEUE_LENGTH + 6))
    assert cut == ["stuck"]
    assert hub.subscribers == 1


def test_snapshot_shares_the_last_sample_until_it_is_old_or_the_state_changes() -> None:
    source = Source()
    hub = make_hub(source, interval_s=0.1)
    assert hub.snapshot() is hub.snapshot()
    source.mark = "b"
    assert hub.snapshot()["number"] == 2
    gevent.sleep(0.12)
    assert hub.snapshot()["number"] == 3


def test_closing_ends_every_stream_and_takes_no_more() -> None:
    hub = make_hub(Source())
    streams = [event_stream(hub) for _ in range(2)]
    assert [next(stream) for stream in streams] == [b"retry: 2000\n\n"] * 2
    hub.close()
    for stream in streams:
        assert all(decode(event) for event in stream)
    assert hub.subscribers == 0
    assert hub.full


def test_a_silent_hub_sends_heartbeats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamkit.panel.hub.HEARTBEAT_S", 0.02)
    stream = event_stream(make_hub(Source(), interval_s=60))
    next(stream)
    assert next(stream).startswith(b"id: 1\n")
    assert next(stream) == b": nothing new\n\n"
    stream.close()  # type: ignore[attr-defined]  # a generator in truth


@pytest.fixture
def serve() -> Iterator[Callable[[Panel], int]]:
    """A function that serves a panel on a free port, in this process so that its hub can be looked at."""
    with contextlib.ExitStack() as stack:

        def start(panel: Panel) -> int:
            server = WSGIServer(("127.0.0.1", 0), panel, log=None)
            server.start()
            stack.callback(server.stop, timeout=1)
            stack.callback(panel.hub.close)
            assert server.server_port is not None
            return server.server_port

        yield start


def open_events(port: int, receive_buffer: int = 0) -> Any:
    """Open the event stream over a real socket."""
    connection = green_socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if receive_buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.settimeout(5)
    connection.connect(("127.0.0.1", port))
    connection.sendall(f"GET /api/events HTTP/1.1\r\nHost: panel\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode())
    return connection


def read_until(connection: Any, wanted: bytes) -> bytes:
    """Read until the bytes have come."""
    received = b""
    while wanted not in received:
        part = connection.recv(65536)
        assert part, received
        received += part
    return received


def test_events_over_a_real_socket(panel: Panel, serve: Callable[[Panel], int]) -> None:
    with open_events(serve(panel)) as connection:
        received = read_until(connection, b"\nid: 2\n").decode()
    head, _, body = received.partition("\r\n\r\n")
    assert "Content-Type: text/event-stream" in head
    assert "X-Accel-Buffering: no" in head
    assert "Cache-Control: no-store" in head
    assert "retry: 2000" in body
    data = json.loads(body.split("data: ", 1)[1].splitlines()[0])
    assert data["status"]["stream"]["state"] == "running"
    assert data["stats"]["video"]["width"] == 1280
    wait_until(lambda: panel.hub.subscribers == 0)


def test_a_stuck_socket_does_not_hold_the_others_and_is_closed(panel: Panel, serve: Callable[[Panel], int]) -> None:
    source = Source()
    # Large events fill the socket's buffers within a few of them.
    source.padding = "x" * 500_000
    panel.hub = make_hub(source, interval_s=0.02)
    port = serve(panel)
    with open_events(port, receive_buffer=4096) as stuck, open_events(port) as reading:
        wait_until(lambda: panel.hub.subscribers == 2)
        got = 0
        with gevent.Timeout(30):
            while panel.hub.subscribers == 2 or got < 30:
                got += reading.recv(1 << 20).count(b"event: combined_update")
        assert panel.hub.subscribers == 1
        assert panel.hub.encoded >= QUEUE_LENGTH
        # What the kernel still holds can be read; then the connection is over.
        while stuck.recv(1 << 20):
            pass
