"""Fan-out of events: one sample and one encoding for all, nobody waits for a stuck page, nothing while nobody looks."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
from collections.abc import Callable, Iterator
from typing import Any

import gevent
import pytest
from gevent import socket as green_socket

from streamkit.errors import UnavailableError
from streamkit.panel.app import Panel
from streamkit.panel.fanout import QUEUE_LENGTH
from streamkit.panel.hub import Hub, Source
from streamkit.panel.pending import Pending
from streamkit.panel.wire import Server

TOKEN = "correct horse battery staple"


class Box:
    """Counts samples; the test changes what is sampled and the mark."""

    def __init__(self) -> None:
        self.samples = 0
        self.mark: object = "a"
        self.problem: Exception | None = None
        self.padding = ""

    def sample(self) -> dict[str, Any]:
        """Return the next sample."""
        self.samples += 1
        if self.problem:
            raise self.problem
        return {"number": self.samples, "padding": self.padding}


class OftenLooking:
    """Waits a moment and no more."""

    def wait(self, seconds: float) -> None:
        """Wait."""
        gevent.sleep(min(seconds, 0.005))

    def close(self) -> None:
        """There is nothing to close."""


HUBS: list[Hub] = []


@pytest.fixture(autouse=True)
def left_alone() -> Iterator[None]:
    """End the readers of every hub of a test, whose queues nobody reads any more."""
    yield
    for hub in HUBS:
        hub.fanout._subscriptions.clear()
    wait_until(lambda: all(hub._task is None for hub in HUBS))
    HUBS.clear()


def make_hub(box: Box, interval_s: float | None = 0.05, others: tuple[Source, ...] = ()) -> Hub:
    """A quick hub on the box."""
    HUBS.append(Hub((Source("combined_update", box.sample, lambda: str(box.mark), interval_s), *others), OftenLooking))
    return HUBS[-1]


def never() -> None:
    """Fail: this reader must not be cut off."""
    raise AssertionError("cut off")


def decode(event: bytes | None, name: str = "combined_update") -> tuple[int, dict[str, Any]]:
    """Return (id, data) of one encoded event."""
    assert event is not None
    fields = dict(line.split(": ", 1) for line in event.decode().strip().splitlines())
    assert fields["event"] == name
    return int(fields["id"]), json.loads(fields["data"])


def wait_until(holds: Callable[[], bool], timeout_s: float = 5.0) -> None:
    """Let other greenlets run until it holds."""
    with gevent.Timeout(timeout_s):
        while not holds():
            gevent.sleep(0.005)


def test_nothing_is_sampled_while_nobody_looks_and_at_once_when_somebody_does() -> None:
    box = Box()
    hub = make_hub(box, interval_s=60)
    gevent.sleep(0.05)
    assert box.samples == 0
    first, _ = hub.subscribe(never)
    assert decode(first.queue.get(timeout=1)) == (1, {"number": 1, "padding": ""})
    hub.fanout.unsubscribe(first)
    hub.fanout.unsubscribe(first)
    wait_until(lambda: hub._task is None)
    box.mark = "b"
    gevent.sleep(0.05)
    assert box.samples == 1
    second, present = hub.subscribe(never)
    assert present == [], "what was true when the last one left is not the present state"
    assert decode(second.queue.get(timeout=1))[1]["number"] == 2


def test_one_sample_and_one_encoding_for_any_number_of_pages() -> None:
    box = Box()
    hub = make_hub(box, interval_s=0.03)
    pages = [hub.subscribe(never)[0] for _ in range(50)]
    events = [[page.queue.get(timeout=2) for _ in range(3)] for page in pages]
    assert box.samples == hub.encoded < 10
    for received in events:
        # The very same bytes objects: shared, not equal copies.
        assert all(mine is first for mine, first in zip(received, events[0], strict=True))
    assert [decode(event)[0] for event in events[0]] == [1, 2, 3]


def test_a_late_page_gets_the_present_state_of_each_kind_at_once() -> None:
    other = Box()
    source = Source("config_update", other.sample, lambda: str(other.mark))
    hub = make_hub(Box(), interval_s=60, others=(source,))
    early, _ = hub.subscribe(never)
    events = [early.queue.get(timeout=1), early.queue.get(timeout=1)]
    assert [decode(events[0])[0], decode(events[1], "config_update")[0]] == [1, 2]
    _, present = hub.subscribe(never)
    assert all(mine is first for mine, first in zip(present, events, strict=True))


def test_a_change_of_state_is_sent_at_once_and_a_source_without_a_pace_only_then() -> None:
    box, other = Box(), Box()
    source = Source("config_update", other.sample, lambda: str(other.mark))
    hub = make_hub(box, interval_s=60, others=(source,))
    page, _ = hub.subscribe(never)
    page.queue.get(timeout=1)
    page.queue.get(timeout=1)
    box.mark = "b"
    assert decode(page.queue.get(timeout=1))[1]["number"] == 2
    other.mark = "b"
    assert decode(page.queue.get(timeout=1), "config_update")[1]["number"] == 2
    gevent.sleep(0.05)
    assert (box.samples, other.samples) == (2, 2)


def test_a_source_without_a_pace_says_nothing_twice() -> None:
    said, mark = ["a"], ["1"]
    hub = Hub((Source("config_update", lambda: {"said": said[-1]}, lambda: mark[-1]),), OftenLooking)
    HUBS.append(hub)
    page, _ = hub.subscribe(never)
    assert decode(page.queue.get(timeout=1), "config_update") == (1, {"said": "a"})
    mark.append("2")
    gevent.sleep(0.05)
    said.append("b")
    mark.append("3")
    assert decode(page.queue.get(timeout=1), "config_update") == (2, {"said": "b"})


def test_who_only_looks_does_not_get_what_is_for_operators() -> None:
    other = Box()
    source = Source("config_update", other.sample, lambda: str(other.mark), operators_only=True)
    hub = make_hub(Box(), interval_s=0.02, others=(source,))
    operator, _ = hub.subscribe(never)
    viewer, _ = hub.subscribe(never, operator=False)
    events = [[page.queue.get(timeout=1) for _ in range(4)] for page in (operator, viewer)]
    assert [sum(b"config_update" in event for event in received if event) for received in events] == [1, 0]
    _, present = hub.subscribe(never, operator=False)
    assert [decode(event)[1]["padding"] for event in present] == [""]


def test_a_bad_sample_does_not_end_the_updates(capsys: pytest.CaptureFixture[str]) -> None:
    box = Box()
    box.problem = RuntimeError("no sample today")
    hub = make_hub(box)
    page, _ = hub.subscribe(never)
    wait_until(lambda: box.samples >= 2)
    box.problem = None
    assert decode(page.queue.get(timeout=1))[0] == 1
    assert "no sample today" in capsys.readouterr().err


def test_a_document_that_cannot_be_made_yet_is_tried_again(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streamkit.panel.hub.AGAIN_S", 0.02)
    box = Box()
    box.problem = UnavailableError("The supervisor has not said anything yet.")
    hub = make_hub(box, interval_s=None)
    page, _ = hub.subscribe(never)
    wait_until(lambda: box.samples >= 2)
    box.problem = None
    assert decode(page.queue.get(timeout=1))[0] == 1
    assert capsys.readouterr().err == "", "this is no failure of the panel"


def test_a_page_that_stops_reading_is_cut_off_alone() -> None:
    hub = make_hub(Box(), interval_s=0.01)
    cut: list[str] = []
    hub.subscribe(lambda: cut.append("stuck"))
    reading, _ = hub.subscribe(never)
    received = [decode(reading.queue.get(timeout=1))[0] for _ in range(QUEUE_LENGTH + 5)]
    assert received == list(range(1, QUEUE_LENGTH + 6))
    assert cut == ["stuck"]
    assert hub.fanout.readers == 1


def test_closing_ends_every_stream_and_takes_no_more() -> None:
    hub = make_hub(Box())
    streams = [hub.stream() for _ in range(2)]
    assert [next(stream) for stream in streams] == [b"retry: 2000\n\n"] * 2
    hub.close()
    for stream in streams:
        assert all(decode(event) for event in stream)
    assert hub.fanout.readers == 0
    assert hub.fanout.full


def test_a_silent_hub_sends_heartbeats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamkit.panel.fanout.HEARTBEAT_S", 0.02)
    stream = make_hub(Box(), interval_s=60).stream()
    next(stream)
    assert next(stream).startswith(b"id: 1\n")
    assert [next(stream) for _ in range(2)] == [b": heartbeat\n\n"] * 2
    stream.close()  # type: ignore[attr-defined]  # a generator in truth


def test_an_answer_that_is_never_read_subscribes_to_nothing() -> None:
    hub = make_hub(Box())
    hub.stream().close()  # type: ignore[attr-defined]  # a generator in truth
    assert hub.fanout.readers == 0


@pytest.fixture
def serve() -> Iterator[Callable[[Panel], int]]:
    """A function that serves a panel on a free port, in this process so that its hub can be looked at."""
    with contextlib.ExitStack() as stack:

        def start(panel: Panel) -> int:
            server = Server(("127.0.0.1", 0), panel)
            server.start()
            stack.callback(server.stop, timeout=1)
            stack.callback(panel.close)
            assert server.server_port is not None
            return server.server_port

        yield start


def open_events(port: int, receive_buffer: int = 0, version: str = "1.1") -> Any:
    """Open the event stream over a real socket."""
    connection = green_socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if receive_buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.settimeout(5)
    connection.connect(("127.0.0.1", port))
    connection.sendall(
        f"GET /api/events HTTP/{version}\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode()
    )
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
    wait_until(lambda: panel.hub.fanout.readers == 0)


def test_a_stuck_socket_does_not_hold_the_others_and_is_closed(panel: Panel, serve: Callable[[Panel], int]) -> None:
    box = Box()
    # Large events fill the socket's buffers within a few of them.
    box.padding = "x" * 500_000
    panel.hub = make_hub(box, interval_s=0.02)
    port = serve(panel)
    with open_events(port, receive_buffer=4096) as stuck, open_events(port) as reading:
        wait_until(lambda: panel.hub.fanout.readers == 2)
        got = 0
        with gevent.Timeout(30):
            while panel.hub.fanout.readers == 2 or got < 30:
                got += reading.recv(1 << 20).count(b"event: combined_update")
        assert panel.hub.fanout.readers == 1
        assert panel.hub.encoded >= QUEUE_LENGTH
        # What the kernel still holds can be read; then the connection is over.
        while stuck.recv(1 << 20):
            pass


def received_events(stream: Any, count: int) -> list[tuple[int, dict[str, Any]]]:
    """Read whole events from an answer whose chunks are taken apart: (id, data) of each."""
    found: list[tuple[int, dict[str, Any]]] = []
    while len(found) < count:
        lines = []
        while (line := stream.readline().decode()) != "\n":
            assert line, found
            lines.append(line)
        if lines[0].startswith("id: "):
            found.append(decode("".join(lines).encode()))
    return found


@contextlib.contextmanager
def open_answer(port: int, receive_buffer: int = 0, version: str = "1.1") -> Iterator[http.client.HTTPResponse]:
    """Open the event stream; yields the answer, its head read."""
    with open_events(port, receive_buffer, version) as connection, http.client.HTTPResponse(connection) as answer:
        answer.begin()
        yield answer


def test_who_keeps_up_is_written_to_without_being_woken(panel: Panel, serve: Callable[[Panel], int]) -> None:
    panel.hub = make_hub(Box(), interval_s=0.02)
    with open_answer(serve(panel)) as answer:
        wait_until(lambda: panel.hub.encoded >= 2)
        (reader,) = panel.hub.fanout._subscriptions
        wait_until(lambda: reader.outlet is not None)
        # What would wake its greenlet goes here instead, and would be missing in what it receives.
        waits_on, reader.queue = reader.queue, Pending(1)
        numbers = [number for number, _ in received_events(answer, 20)]
        assert reader.queue.empty()
        reader.queue = waits_on
    assert numbers == list(range(numbers[0], numbers[0] + 20))


def test_who_lags_behind_gets_every_byte_and_then_keeps_up_again(panel: Panel, serve: Callable[[Panel], int]) -> None:
    box = Box()
    box.padding = "x" * 70_000
    panel.hub = make_hub(box, interval_s=60)
    with open_answer(serve(panel), receive_buffer=4096) as answer:
        wait_until(lambda: panel.hub.encoded == 1)
        (reader,) = panel.hub.fanout._subscriptions
        wait_until(lambda: reader.outlet is not None)
        for number in range(2, QUEUE_LENGTH):
            box.mark = number
            wait_until(lambda number=number: panel.hub.encoded == number)  # type: ignore[misc]  # bound at once
        assert reader.outlet is None, "the kernel took it all: the test needs longer events"
        events = received_events(answer, QUEUE_LENGTH - 1)
        assert [number for number, _ in events] == list(range(1, QUEUE_LENGTH))
        assert all(data["padding"] == box.padding for _, data in events)
        wait_until(lambda: reader.outlet is not None)
        box.mark = "again"
        assert received_events(answer, 1)[0][0] == QUEUE_LENGTH


def test_a_reader_that_knows_no_chunks_gets_plain_bytes(panel: Panel, serve: Callable[[Panel], int]) -> None:
    panel.hub = make_hub(Box(), interval_s=0.02)
    with open_answer(serve(panel), version="1.0") as answer:
        assert answer.getheader("Transfer-Encoding") is None
        assert [number for number, _ in received_events(answer, 5)] == [1, 2, 3, 4, 5]
