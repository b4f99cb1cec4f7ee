"""The loopback server of the measuring page: three files, and WHEP handed on, for whepserversink sends no CORS headers."""

from __future__ import annotations

import contextlib
import http.server
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from importlib.resources import files
from urllib.parse import urljoin, urlsplit

from streamkit.errors import UnavailableError

FILES = {"/": ("page.html", "text/html"), "/play.js": ("play.js", "text/javascript")}
ANSWER_S = 10.0
MOST_SDP_BYTES = 64 * 1024


class PageServer(http.server.ThreadingHTTPServer):
    """Serves one page and stands between it and one WHEP endpoint."""

    daemon_threads = True

    def __init__(self, endpoint: str, token: str | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.endpoint = endpoint
        self.token = token
        self.resource: str | None = None
        self.problem: str | None = None

    @property
    def address(self) -> str:
        """http://host:port of the page."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def ask(self, method: str, address: str, body: bytes | None) -> tuple[int, bytes, str | None]:
        """Return (status, body, Location) of the WHEP server.  Raises UnavailableError where it does not answer."""
        request = urllib.request.Request(address, data=body, method=method)
        if body is not None:
            request.add_header("Content-Type", "application/sdp")
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        # No proxy: the server is near, and the token is for nobody else.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=ANSWER_S) as answer:
                return answer.status, answer.read(MOST_SDP_BYTES), answer.headers.get("Location")
        except urllib.error.HTTPError as problem:
            return problem.code, problem.read(MOST_SDP_BYTES), None
        except (OSError, ValueError) as problem:
            reason = getattr(problem, "reason", problem)
            raise UnavailableError(f"The WHEP server at {self.endpoint} does not answer ({reason}).") from None

    def leave(self) -> None:
        """End the session, so that the stream stops sending at once."""
        resource, self.resource = self.resource, None
        if resource:
            with contextlib.suppress(UnavailableError):
                self.ask("DELETE", resource, None)


class _Handler(http.server.BaseHTTPRequestHandler):
    server: PageServer

    def do_GET(self) -> None:
        """Serve a file of this package."""
        found = FILES.get(urlsplit(self.path).path)
        if found is None:
            self.send_error(404)
            return
        body = files("bench.viewer").joinpath(found[0]).read_bytes()
        self._answer(200, body, found[1])

    def do_POST(self) -> None:
        """Hand an offer on."""
        body = self.rfile.read(min(int(self.headers.get("Content-Length", 0)), MOST_SDP_BYTES))
        try:
            status, text, location = self.server.ask("POST", self.server.endpoint, body)
        except UnavailableError as problem:
            self.server.problem = str(problem)
            status, text, location = 502, str(problem).encode(), None
        if location:
            self.server.resource = urljoin(self.server.endpoint, location)
        self._answer(status, text, "application/sdp")

    def _answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        # Isolated pages have a clock of 5 us instead of 100 (W3C High Resolution Time, 7).
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing: the addresses are of no interest."""


@contextlib.contextmanager
def serving(endpoint: str, token: str | None) -> Iterator[PageServer]:
    """Serve for the length of the block."""
    server = PageServer(endpoint, token)
    thread = threading.Thread(target=server.serve_forever, name="page", daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.leave()
        server.shutdown()
        server.server_close()
        thread.join()
