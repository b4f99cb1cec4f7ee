"""A proxy that holds back the events of the panel behind it, as one does that waits for a full buffer."""

from __future__ import annotations

import contextlib
import http.client
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.local_server import QuietHandler, serving


@dataclass
class HoldingProxy:
    """``let_go`` lets the events through, and those that were held first."""

    url: str
    let_go: threading.Event = field(default_factory=threading.Event)
    asked: list[str] = field(default_factory=list)


@contextlib.contextmanager
def holding_proxy(port: int) -> Iterator[HoldingProxy]:
    """Put the proxy before the panel at ``port`` of this machine."""

    class Handler(QuietHandler):
        def _pass_on(self) -> None:
            found.asked.append(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            with contextlib.closing(connection), contextlib.suppress(OSError):
                connection.request(self.command, self.path, self.rfile.read(length), dict(self.headers.items()))
                answer = connection.getresponse()
                events = "event-stream" in answer.headers.get("Content-Type", "")
                if events:
                    found.let_go.wait(60)
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    if name.lower() not in ("transfer-encoding", "connection"):
                        self.send_header(name, value)
                self.end_headers()
                while part := answer.read1(65536):
                    self.wfile.write(part)
                    self.wfile.flush()

        do_GET = do_POST = do_DELETE = do_PATCH = _pass_on

    with serving(Handler) as address:
        found = HoldingProxy(address)
        yield found
        found.let_go.set()
