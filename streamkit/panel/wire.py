"""The listener: what every connection inherits, and how many there may be."""

from __future__ import annotations

import contextlib
import json
import socket
from typing import Any
from wsgiref.types import WSGIApplication

from gevent.pywsgi import WSGIServer

from streamkit.panel.door import Door
from streamkit.panel.fanout import MOST_READERS

MOST_CONNECTIONS = MOST_READERS + 500
"""So that all readers of events together leave room for those who ask something else."""
SEND_BUFFER_BYTES = 128 * 1024
"""What the kernel keeps for a peer that does not read; left to itself it would grow to megabytes for each."""
READ_BUFFER_BYTES = 2048
"""Each open page has a buffer for a next request that may never come; Python's own would be four times as large."""
VANISHED_AFTER_S = 20.0
"""A peer that acknowledges nothing for so long is gone; the kernel alone would wait for a quarter of an hour."""
_BODY = json.dumps({"ok": False, "error": "Too many connections are open to this panel; try again in a moment."})
TOO_MANY = (
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 10\r\nConnection: close\r\n"
    f"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nContent-Length: {len(_BODY)}\r\n\r\n{_BODY}"
).encode("ascii")


class Server(WSGIServer):
    """Serves an application on one address (host, port)."""

    def __init__(self, address: tuple[str, int], application: WSGIApplication) -> None:
        super().__init__(address, application, log=None, handler_class=Door)
        self.connections = 0

    def init_socket(self) -> None:
        """Listen.  Raises OSError when the port cannot be had."""
        super().init_socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(1000 * VANISHED_AFTER_S))

    # Of gevent's two ways to say what serves a connection this one is the method; its stubs know the attribute only.
    def handle(self, sock: Any, address: Any) -> None:
        """Serve one connection, or say that there are too many."""
        if self.connections >= MOST_CONNECTIONS:
            with contextlib.suppress(OSError):
                sock.settimeout(1.0)
                sock.sendall(TOO_MANY)
                sock.shutdown(socket.SHUT_WR)
                # A peer whose question was never read would get a reset in place of the answer.
                sock.recv(16384)
            return
        self.connections += 1
        try:
            door = Door(sock, address, self)
            door.rfile.close()
            door.rfile = sock.makefile("rb", READ_BUFFER_BYTES)
            door.handle()
        finally:
            self.connections -= 1
