"""Hands on to loopback what comes in on another address of this machine: WHEP takes offers on loopback alone.

Only offers and answers come through here; picture and sound go their own way between the two ends.  Standard library only.
"""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from collections.abc import Iterator

MOST_BYTES = 65536
SILENT_S = 30.0
"""An answer is made within seconds; a connection that is silent for longer is given up."""


@contextlib.contextmanager
def relayed(host: str, port: int) -> Iterator[int]:
    """Yield the port of ``host`` at which 127.0.0.1:``port`` answers until the end of the block."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("127.0.0.1", port), timeout=SILENT_S) as inner,
            ):
                self.request.settimeout(SILENT_S)
                back = threading.Thread(target=_hand_on, args=(inner, self.request), daemon=True)
                back.start()
                _hand_on(self.request, inner)
                back.join()

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    with Server((host, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True)
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()


def _hand_on(source: socket.socket, target: socket.socket) -> None:
    """Copy until one side ends, and tell the other."""
    with contextlib.suppress(OSError):
        while data := source.recv(MOST_BYTES):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
