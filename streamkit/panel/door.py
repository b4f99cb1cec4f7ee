"""The panel's end of a connection: what is no plain HTTP/1.1 request is refused before the application sees it.

gevent's own handler is generous: it takes ``Content-Length: 1_0``, a length beside a transfer coding, folded headers, and
waits for ever.  Behind a proxy such doubts decide where one request ends and the next begins (RFC 9112, section 11.2),
so here each of them ends the connection.  Bodies are small, come with their length, and whole or not at all.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import types
from typing import Any

import gevent
from gevent.pywsgi import Input, WSGIHandler

from streamkit.panel.fanout import OUTLET, Outlet
from streamkit.panel.replies import with_headers

MOST_HEADER_BYTES = 16 * 1024
MOST_HEADERS = 100
MOST_BODY_BYTES = 64 * 1024
"""The longest body any address takes, an offer for WHEP."""
REQUEST_S = 10.0
"""From the first header to the last byte of the body."""
DRAIN_S = 1.0
MOST_DRAINED_BYTES = 1024 * 1024
SILENT_S = 30.0
"""How long a connection may be silent between requests, or a peer may leave an answer unread."""

_REQUEST_LINE = re.compile(r"[A-Z]{1,20} /[!-~]* HTTP/1\.[01]\r\n")
_HEADER_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t -~]*?)[ \t]*\r\n")
_LENGTH = re.compile(r"[0-9]{1,15}")
_ONCE = ("host", "content-length", "content-type", "authorization", "origin")


class Refused(ValueError):
    """A request that ends its connection: status line and one sentence."""

    def __init__(self, status: str, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


class Door(WSGIHandler):
    """Handles one connection, strictly."""

    def handle(self) -> None:
        """Handle the requests of the connection until one side ends it."""
        self.socket.settimeout(SILENT_S)
        # A refusal that finds nobody there any more is no news.
        with contextlib.suppress(OSError):
            super().handle()

    def read_requestline(self) -> str:
        """Return the first line of a request, an empty one when none comes."""
        try:
            with gevent.Timeout(SILENT_S, TimeoutError):
                return super().read_requestline()
        except TimeoutError:
            return ""

    def read_request(self, raw_requestline: str) -> Any:
        """Parse the request and return True.  Raises Refused for anything but a plain one."""
        if not _REQUEST_LINE.fullmatch(raw_requestline):
            raise Refused("400 Bad Request", "The first line is no HTTP/1.1 request for an address of this panel.")
        too_slow = Refused("408 Request Timeout", f"The request did not come within {REQUEST_S:g} s.")
        with gevent.Timeout(REQUEST_S, too_slow):
            super().read_request(raw_requestline)
            if self.request_version == "HTTP/1.1" and "host" not in self.headers:
                raise Refused("400 Bad Request", "The header Host is missing.")
            self._body = self._read_body()
        return True

    def MessageClass(self, rfile: Any, *rest: Any) -> Any:
        """Return the headers, read from the connection line by line."""
        return super().MessageClass(io.BytesIO(self._header_lines(rfile)), *rest)

    def _header_lines(self, rfile: Any) -> bytes:
        lines: list[bytes] = []
        left = MOST_HEADER_BYTES
        seen: set[str] = set()
        while True:
            line = rfile.readline(left)
            left -= len(line)
            if left <= 0 or len(lines) >= MOST_HEADERS:
                raise Refused(
                    "431 Request Header Fields Too Large",
                    f"The headers are too long; at most {MOST_HEADERS} with {MOST_HEADER_BYTES} bytes are read.",
                )
            if line == b"\r\n":
                return b"".join((*lines, line))
            found = _HEADER_LINE.fullmatch(line)
            if not found:
                raise Refused("400 Bad Request", "A header is not of the form 'Name: value' in plain ASCII.")
            name, value = found[1].decode("ascii").lower(), found[2].decode("ascii")
            if name in _ONCE and name in seen:
                raise Refused("400 Bad Request", f"The header {name} stands there twice.")
            if name == "transfer-encoding":
                raise Refused("411 Length Required", "The panel takes no Transfer-Encoding; send Content-Length.")
            if name == "content-length" and not _LENGTH.fullmatch(value):
                raise Refused("400 Bad Request", "Content-Length is no number of bytes.")
            seen.add(name)
            lines.append(line)

    def _read_body(self) -> bytes:
        """Return the whole body.  Raises Refused when it is too long or cut short."""
        length = self.content_length or 0
        if length > MOST_BODY_BYTES:
            self._drain(length)
            raise Refused("413 Content Too Large", f"The body is too long; at most {MOST_BODY_BYTES} bytes are read.")
        waits = self.headers.get("expect", "").lower() == "100-continue"
        try:
            return Input(self.rfile, length, self.socket if waits else None).read(length)
        except OSError:
            raise Refused("400 Bad Request", "The body is shorter than its Content-Length.") from None

    def _drain(self, length: int) -> None:
        # A peer that still sends when the connection is closed gets a reset and never reads why.
        left = min(length, MOST_DRAINED_BYTES)
        with contextlib.suppress(OSError), gevent.Timeout(DRAIN_S, TimeoutError):
            while left > 0 and (part := self.rfile.read1(left)):
                left -= len(part)

    def get_environ(self) -> dict[str, Any]:
        """Return the request for the application, with its body at hand."""
        environ: dict[str, Any] = super().get_environ()
        self.wsgi_input = Input(io.BufferedReader(io.BytesIO(self._body)), len(self._body))
        environ["wsgi.input"] = self.wsgi_input
        if self.request_version == "HTTP/1.1":
            # Answers without a length are sent in chunks.
            environ[OUTLET] = Outlet(self.socket.fileno(), self.socket.sendall)
        return environ

    def _handle_client_error(self, ex: Exception) -> tuple[str, bytes]:
        """Word a refusal.  Nothing is logged: a stranger could push all that matters out of the log."""
        refused = ex if isinstance(ex, Refused) else Refused("400 Bad Request", "This is no HTTP request.")
        body = json.dumps({"ok": False, "error": refused.sentence}, separators=(",", ":")).encode()
        headers = [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
            ("Connection", "close"),
        ]
        lines = [f"HTTP/1.1 {refused.status}", *(f"{name}: {value}" for name, value in with_headers(headers)), "", ""]
        if (self.requestline or "").startswith("HEAD "):
            body = b""
        return refused.status[:3], "\r\n".join(lines).encode("ascii") + body

    def handle_error(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        """Log what the panel did wrong; a peer that left its answer unread has only gone."""
        if isinstance(value, TimeoutError):
            self.close_connection = True
            return
        super().handle_error(kind, value, trace)
