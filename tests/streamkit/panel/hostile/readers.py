"""Many pages at once: readers of the event stream on one selector, and when each event came to each of them."""

from __future__ import annotations

import contextlib
import re
import resource
import selectors
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Iterator

from tests.streamkit.panel.hostile.wire import connect

_EVENT = re.compile(rb"^id: (\d+)\nevent: \w+$", re.MULTILINE)
SMALL_SEGMENT_BYTES = 536
"""With the loopback's own segments of 64 KB the kernel would hold megabytes for a peer that does not read."""


def request(cookie: str) -> bytes:
    """Return the request of a page for its events."""
    return f"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n\r\n".encode()


class Readers:
    """Pages that read all that comes, in a thread of their own."""

    def __init__(self, port: int, cookie: str, count: int) -> None:
        self.arrivals: dict[int, list[float]] = defaultdict(list)
        """Times at which an event came to each reader, by its id."""
        self.ended = 0
        """Readers that were cut off."""
        self._floor = 0
        self._seen: dict[socket.socket, bytes] = {}
        self._selector = selectors.DefaultSelector()
        self._stop = threading.Event()
        for _ in range(count):
            connection = connect(port)
            connection.sendall(request(cookie))
            connection.setblocking(False)
            self._seen[connection] = b""
            self._selector.register(connection, selectors.EVENT_READ)
        self.count = count
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Readers:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        for connection in self._seen:
            connection.close()
        self._selector.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            for key, _ in self._selector.select(0.1):
                connection = key.fileobj
                assert isinstance(connection, socket.socket)
                self._read(connection)

    def _read(self, connection: socket.socket) -> None:
        part = b""
        with contextlib.suppress(ConnectionResetError):
            part = connection.recv(1 << 18)
        if not part:
            self.ended += 1
            self._selector.unregister(connection)
            return
        now = time.monotonic()
        text = self._seen[connection] + part
        last = 0
        for found in _EVENT.finditer(text):
            if int(found[1]) > self._floor:
                self.arrivals[int(found[1])].append(now)
            last = found.end()
        self._seen[connection] = text[last:][-200:]

    def begin(self) -> None:
        """Forget what came so far: who connects gets the present state, which others have had for long."""
        self._floor = max(self.arrivals, default=0)
        self.arrivals.clear()

    def complete(self) -> dict[int, list[float]]:
        """Return the events that have come to every reader."""
        return {number: times for number, times in list(self.arrivals.items()) if len(times) == self.count}


def spread_s(events: dict[int, list[float]], share: float) -> float:
    """Return the time within which that share of all deliveries came after the first reader had the event."""
    delays = sorted(at - min(times) for times in events.values() for at in times)
    return delays[min(len(delays) - 1, int(share * len(delays)))]


@contextlib.contextmanager
def stuck(port: int, cookie: str, count: int) -> Iterator[list[socket.socket]]:
    """Connect pages that ask for events and never read one."""
    with contextlib.ExitStack() as stack:
        connections = []
        for _ in range(count):
            connection = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SMALL_SEGMENT_BYTES)
            connection.settimeout(10)
            connection.connect(("127.0.0.1", port))
            connection.sendall(request(cookie))
            connections.append(connection)
        yield connections


@contextlib.contextmanager
def many_files(wanted: int) -> Iterator[None]:
    """Let this process, and those it starts, open so many files."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    soft, hard = before
    assert hard == resource.RLIM_INFINITY or hard >= wanted, f"this machine allows {hard} open files"
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)
