"""The listener: what connections inherit, and that there is an end to their number."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
from collections.abc import Iterable, Iterator
from wsgiref.types import StartResponse, WSGIEnvironment

import gevent
import pytest
from gevent import socket as green_socket

from streamkit.panel import wire
from streamkit.panel.wire import Server


def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Say yes."""
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "3")])
    return [b"yes"]


@pytest.fixture
def server() -> Iterator[Server]:
    """A listener on a free port."""
    server = Server(("127.0.0.1", 0), answer)
    server.start()
    yield server
    server.stop(timeout=1)


def connect(server: Server) -> socket.socket:
    """Open a connection."""
    assert server.server_port is not None
    connection: socket.socket = green_socket.create_connection(("127.0.0.1", server.server_port), timeout=10)
    return connection


def ask(connection: socket.socket) -> tuple[int, bytes]:
    """Send a request on it; return (status, body)."""
    with contextlib.suppress(OSError):
        connection.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    response = http.client.HTTPResponse(connection)
    response.begin()
    return response.status, response.read()


def wait_for(server: Server, connections: int) -> None:
    """Let the server run until it has so many."""
    with gevent.Timeout(10):
        while server.connections != connections:
            gevent.sleep(0.005)


def test_one_connection_too_many_is_told_so_and_the_others_go_on(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "MOST_CONNECTIONS", 3)
    open_ones = [connect(server) for _ in range(3)]
    wait_for(server, 3)
    with connect(server) as fourth:
        status, body = ask(fourth)
        assert status == 503 and "Too many connections" in json.loads(body)["error"]
    for connection in open_ones:
        assert ask(connection) == (200, b"yes")
    open_ones.pop().close()
    wait_for(server, 2)
    with connect(server) as again:
        assert ask(again) == (200, b"yes"), "there is room again"
    for connection in open_ones:
        connection.close()
    wait_for(server, 0)


def test_every_connection_inherits_bounds_for_a_peer_that_does_not_read() -> None:
    server = Server(("127.0.0.1", 0), answer)
    server.init_socket()
    # Accepted here, where it can be looked at, and not by the server's own loop.
    with (
        contextlib.closing(server.socket),
        socket.socket(fileno=os.dup(server.socket.fileno())) as listener,
        socket.create_connection(listener.getsockname(), timeout=10),
    ):
        listener.settimeout(10)
        accepted, _ = listener.accept()
        with accepted:
            # Linux doubles what is asked for, for its own book-keeping (socket(7)).
            assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) == 2 * wire.SEND_BUFFER_BYTES
            assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 1000 * wire.VANISHED_AFTER_S
