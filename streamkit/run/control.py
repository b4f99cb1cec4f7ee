"""The control socket: one JSON line asks, one JSON line answers.

The socket is the only way into the supervisor.  Whoever may open it may start and stop the stream, so it is
created with mode 0600 for the container's own user.
"""

from __future__ import annotations

import contextlib
import json
import selectors
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from streamkit.errors import UnavailableError

COMMANDS = ("start", "stop", "restart", "apply")
"""What is one word; ``configure`` comes with what is to be changed (configure.py)."""
KNOWN = (*COMMANDS, "configure")
MAX_LINE_BYTES = 65536
"""A request is a few words, or a page's worth of settings; anything longer is not one of ours."""


def request(socket_path: Path, message: dict[str, Any], timeout_s: float = 5.0) -> dict[str, Any]:
    """Send one request and return the reply object.

    Raises UnavailableError when the supervisor does not answer within ``timeout_s`` seconds.
    """
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout_s)
            connection.connect(str(socket_path))
            connection.sendall(json.dumps(message).encode() + b"\n")
            line = b""
            while not line.endswith(b"\n") and len(line) < MAX_LINE_BYTES:
                part = connection.recv(4096)
                if not part:
                    break
                line += part
        reply = json.loads(line)
    except (OSError, ValueError) as problem:
        raise UnavailableError(
            f"The supervisor does not answer on {socket_path} ({problem or type(problem).__name__}); "
            "see 'docker logs' of the container."
        ) from None
    if not isinstance(reply, dict):
        raise UnavailableError(f"The supervisor answered {reply!r} on {socket_path}, not a JSON object.")
    return reply


class ControlServer:
    """The supervisor's end: accepts connections on a selector and answers each line with ``handle``.

    A client that stalls or sends rubbish costs its own connection only.
    """

    def __init__(
        self,
        path: Path,
        selector: selectors.BaseSelector,
        handle: Callable[[dict[str, Any]], dict[str, Any]],
    ) -> None:
        path.unlink(missing_ok=True)
        self._path = path
        self._selector = selector
        self._handle = handle
        self._buffers: dict[socket.socket, bytes] = {}
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        path.chmod(0o600)
        self._listener.listen(16)
        self._listener.setblocking(False)
        selector.register(self._listener, selectors.EVENT_READ, self._accept)

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError):
            connection, _ = self._listener.accept()
            connection.setblocking(False)
            self._buffers[connection] = b""
            self._selector.register(connection, selectors.EVENT_READ, lambda: self._read(connection))

    def _read(self, connection: socket.socket) -> None:
        try:
            part = connection.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            part = b""
        received = self._buffers[connection] + part
        if not part or len(received) > MAX_LINE_BYTES:
            self._drop(connection)
            return
        *lines, self._buffers[connection] = received.split(b"\n")
        for line in lines:
            # The reply is one line that fits the socket's buffer: nothing here waits for whoever asked.
            try:
                connection.send(json.dumps(self._answer(line)).encode() + b"\n")
            except OSError:
                self._drop(connection)
                return

    def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            message = None
        command = message.get("command") if isinstance(message, dict) else None
        if command not in KNOWN:
            return {"ok": False, "error": f"Unknown command {str(command)[:60]!r}; allowed: {', '.join(KNOWN)}."}
        assert isinstance(message, dict)
        return self._handle(message)

    def _drop(self, connection: socket.socket) -> None:
        self._selector.unregister(connection)
        del self._buffers[connection]
        connection.close()

    def close(self) -> None:
        """Close every connection and remove the socket."""
        for connection in list(self._buffers):
            self._drop(connection)
        self._selector.unregister(self._listener)
        self._listener.close()
        self._path.unlink(missing_ok=True)
