"""What reaches one address is answered by another."""

from __future__ import annotations

import http.server
import socket
import threading
import urllib.request

import pytest

from bench.stream.relay import relayed

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Echo(http.server.BaseHTTPRequestHandler):
    """Answers with what it was sent."""

    def do_POST(self) -> None:
        """Answer."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(201)
        self.send_header("Location", "/whep/resource/1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def test_an_offer_of_many_bytes_is_answered() -> None:
    offer = b"v=0\r\n" * 60_000
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo) as inner:
        threading.Thread(target=inner.serve_forever, args=(0.05,), daemon=True).start()
        with (
            relayed("127.0.0.2", inner.server_port) as port,
            OPENER.open(f"http://127.0.0.2:{port}/whep/endpoint", offer, timeout=10) as reply,
        ):
            assert (reply.status, reply.headers["Location"]) == (201, "/whep/resource/1")
            assert reply.read() == offer
        inner.shutdown()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", port), timeout=5)


def test_where_nobody_listens_the_connection_ends() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        free = taken.getsockname()[1]
    with relayed("127.0.0.2", free) as port, socket.create_connection(("127.0.0.2", port), timeout=5) as asking:
        assert asking.recv(10) == b""
