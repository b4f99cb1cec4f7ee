"""HTTP by hand: bytes to a running panel exactly as given, and what came back, taken apart strictly."""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

CLOSED_AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER of a peer that vanishes: its kernel answers with a reset."""
STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-5][0-9][0-9]) [ -~]*")
HEADER_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?([\t -~\x80-\xff]*)")


class ProtocolError(Exception):
    """What came back is no HTTP answer."""


class HangError(Exception):
    """Nothing came back, and the connection stayed open."""


@dataclass(frozen=True)
class Answer:
    """One HTTP answer: status, headers by lower-case name, body without its chunk frames."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def endless(self) -> bool:
        """Whether this is a stream of events."""
        return self.headers.get("content-type", "").startswith("text/event-stream")


def connect(port: int, source: str = "127.0.0.1", timeout_s: float = 10.0, receive_buffer: int = 0) -> socket.socket:
    """Open a connection to the panel from any address of the loopback network."""
    connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if receive_buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.settimeout(timeout_s)
    connection.bind((source, 0))
    connection.connect(("127.0.0.1", port))
    return connection


def reset(connection: socket.socket) -> None:
    """Close a connection like a peer that vanishes."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, CLOSED_AT_ONCE)
    connection.close()


def exchange(
    port: int, pieces: Sequence[bytes], source: str = "127.0.0.1", pause_s: float = 0.0, timeout_s: float = 10.0
) -> bytes:
    """Send ``pieces``, close the sending side, and return all that comes back until the panel closes.

    A stream of events is left after its first bytes.  Raises HangError when the connection is still open, and
    silent, after ``timeout_s``.
    """
    with connect(port, source, timeout_s) as connection:
        # The panel may have answered and closed before it had read everything.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for number, piece in enumerate(pieces):
                if number and pause_s:
                    time.sleep(pause_s)
                connection.sendall(piece)
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
        return _read(connection, timeout_s)


def _read(connection: socket.socket, timeout_s: float) -> bytes:
    received = bytearray()
    ends = time.monotonic() + timeout_s
    while time.monotonic() < ends:
        try:
            part = connection.recv(1 << 16)
        except ConnectionResetError:
            return bytes(received)
        except TimeoutError:
            break
        if not part:
            return bytes(received)
        received += part
        if b"\r\nContent-Type: text/event-stream" in received and b"\r\n\r\n" in received:
            return bytes(received)
    raise HangError(f"still open after {timeout_s:g} s; so far {bytes(received[:200])!r}")


def answers(received: bytes, methods: Sequence[str] = ("GET",)) -> Iterator[Answer]:
    """Yield the answers in what a connection gave.  Raises ProtocolError where it is not HTTP/1.1.

    ``methods`` are those of the requests in order, for an answer to HEAD has no body; the last one holds for all
    that follow.
    """
    number = 0
    while received:
        head, found, rest = received.partition(b"\r\n\r\n")
        if not found:
            raise ProtocolError(f"no end of the headers in {received[:200]!r}")
        status, headers = _head(head)
        method = methods[min(number, len(methods) - 1)]
        number += 1
        if headers.get("content-type", "").startswith("text/event-stream"):
            yield Answer(status, headers, rest)
            return
        body, received = _body(rest, status, headers, method)
        # "100 Continue" is no answer yet.
        if status == 100:
            number -= 1
        else:
            yield Answer(status, headers, body)


def _head(head: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = head.split(b"\r\n")
    found = STATUS_LINE.fullmatch(first)
    if not found:
        raise ProtocolError(f"no status line: {first[:200]!r}")
    headers: dict[str, str] = {}
    for line in lines:
        header = HEADER_LINE.fullmatch(line)
        if not header:
            raise ProtocolError(f"no header: {line[:200]!r}")
        name = header[1].decode("latin-1").lower()
        if name in headers and name != "set-cookie":
            raise ProtocolError(f"{name} stands twice")
        headers[name] = header[2].decode("latin-1").strip()
    return int(found[1]), headers


def _body(rest: bytes, status: int, headers: dict[str, str], method: str) -> tuple[bytes, bytes]:
    """Return (body, what follows it)."""
    if status < 200 or status in (204, 304):
        return b"", rest
    if method == "HEAD":
        # A first line so bad that no method was seen in it is answered like a GET.
        return b"", b"" if status == 400 and headers.get("connection") == "close" else rest
    if "chunked" in headers.get("transfer-encoding", ""):
        return _chunks(rest)
    if "content-length" in headers:
        length = int(headers["content-length"])
        if len(rest) < length:
            raise ProtocolError(f"{len(rest)} of {length} bytes of the body came")
        return rest[:length], rest[length:]
    return rest, b""


def _chunks(rest: bytes) -> tuple[bytes, bytes]:
    body = b""
    while True:
        line, found, rest = rest.partition(b"\r\n")
        if not found or not re.fullmatch(rb"[0-9a-fA-F]+", line):
            raise ProtocolError(f"no chunk: {line[:100]!r}")
        length = int(line, 16)
        body, tail, rest = body + rest[:length], rest[length : length + 2], rest[length + 2 :]
        if tail != b"\r\n":
            raise ProtocolError(f"a chunk ends in {tail!r}")
        if length == 0:
            return body, rest
