"""A run directory with the state files of a streaming box, panels on it, and a signaller behind them."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import os
import queue
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from wsgiref.types import WSGIApplication
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest

from streamkit.documents import read_document, write_document
from streamkit.panel.app import Panel, create_app
from streamkit.panel.context import Context
from tests.local_server import QuietHandler, serving

EXAMPLES = Path(__file__).parent / "states"
TOKEN = "correct horse battery staple"
STREAM_KEY = "the-stream-key"


class States:
    """Writes the state files of a box in some state, starting from those of one without a capture card."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def supervisor(self, state: str = "running", stream: Mapping[str, Any] | None = None, **changes: Any) -> None:
        """Write supervisor.json; ``stream`` and ``changes`` replace fields of the stream and of the whole."""
        document = read_document(EXAMPLES / "supervisor.json")
        pid = os.getpid() if state in ("running", "starting", "stopping") else None
        document["stream"] |= {"state": state, "pid": pid, "since": time.time() - 754, **(stream or {})}
        write_document(self.folder / "supervisor.json", {**document, "updated_at": time.time(), **changes})

    def publish_by_whip(self, server_url: str, whep_url: str = "") -> None:
        """Write supervisor.json of a box that publishes to a WHIP server."""
        settings = read_document(EXAMPLES / "supervisor.json")["settings"]
        for name, value in (("publish", "whip"), ("server_url", server_url), ("whep_url", whep_url)):
            settings[name] = {"value": value, "origin": "inventory"}
        self.supervisor(publish="whip", settings=settings)

    def launch(self, **changes: Any) -> None:
        """Write launch.json as the launcher does each second."""
        document = read_document(EXAMPLES / "launch.json")
        write_document(self.folder / "launch.json", {**document, "sampled_at": time.time(), **changes})


@pytest.fixture
def states(tmp_path: Path) -> States:
    """The run directory of a streaming box, and the means to change it."""
    folder = tmp_path / "run"
    folder.mkdir()
    states = States(folder)
    states.supervisor()
    states.launch()
    return states


@pytest.fixture
def context(states: States, tmp_path: Path) -> Context:
    """The outside of a panel under test; nothing listens at its signaller."""
    key = tmp_path / "stream_key"
    key.write_text(STREAM_KEY + "\n", encoding="utf-8")
    return Context(
        token=TOKEN,
        run_dir=states.folder,
        whep_upstream="http://127.0.0.1:9/whep/endpoint",
        stream_key_file=key,
        cgroup_root=tmp_path / "cgroup",
        interval_s=0.3,
        upstream_timeout_s=2.0,
        hosts=frozenset({"panel.test"}),
    )


@dataclass(frozen=True)
class Answer:
    """What a WSGI call gave: status, headers by lower-case name, body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Client:
    """Calls a WSGI application through wsgiref.validate, which fails on every breach of the protocol."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = validator(app)

    def __call__(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        address: str = "192.0.2.7",
        token: str | None = None,
        query: str = "",
    ) -> Answer:
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REMOTE_ADDR": address,
            "HTTP_HOST": "panel.test:8081",
            "wsgi.input": io.BytesIO(body),
            "CONTENT_LENGTH": str(len(body)),
        }
        if token is not None:
            environ["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        for name, value in (headers or {}).items():
            key = name.upper().replace("-", "_")
            environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
        setup_testing_defaults(environ)
        seen: list[tuple[str, list[tuple[str, str]]]] = []

        def start(status: str, given: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
            seen.append((status, given))
            return io.BytesIO().write

        result = self._app(environ, start)
        try:
            content = b"".join(result)
        finally:
            result.close()  # type: ignore[attr-defined]  # the validator's iterator has one, its stub does not
        status, given = seen[-1]
        return Answer(int(status.split()[0]), {name.lower(): value for name, value in given}, content)


@pytest.fixture
def panel(context: Context) -> Panel:
    """The application itself."""
    return create_app(context)


@pytest.fixture
def call(panel: Panel) -> Client:
    """A client without a login."""
    return Client(panel)


@pytest.fixture
def open_call(context: Context) -> Client:
    """A client without a login of a panel whose view is open."""
    return Client(create_app(replace(context, open_view=True)))


@dataclass
class Signaller:
    """A real HTTP server in the place of the stream's signaller; ``reply`` is what a POST gets."""

    url: str
    requests: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    status: int = 201
    location: str | None = "/whep/resource/viewer-1"
    body: bytes = b"v=0\r\nanswer"
    delay_s: float = 0.0


@pytest.fixture
def signaller() -> Iterator[Signaller]:
    """A signaller on a free port of the loopback interface."""

    class Handler(QuietHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            found.requests.append((self.command, self.path, headers, self.rfile.read(length)))
            time.sleep(found.delay_s)
            deleting = self.command == "DELETE"
            self.send_response(200 if deleting else found.status)
            if found.location and not deleting:
                self.send_header("Location", found.location)
            content = b"" if deleting else found.body
            self.send_header("Content-Type", "application/sdp")
            self.send_header("Content-Length", str(len(content)))
            # The proxy has hung up on an answer that came too late.
            with contextlib.suppress(BrokenPipeError):
                self.end_headers()
                self.wfile.write(content)

        do_POST = do_PATCH = do_DELETE = _answer

    with serving(Handler) as address:
        found = Signaller(f"{address}/whep/endpoint")
        yield found


@dataclass
class Running:
    """The panel as its own process, as the supervisor starts it."""

    process: subprocess.Popen[str]
    port: int

    def ask(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """One request with the token; returns (status, headers by lower-case name, body)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body, {"Authorization": f"Bearer {TOKEN}", **(headers or {})})
            response = connection.getresponse()
            return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
        finally:
            connection.close()


def start_panel(run_dir: Path, token_file: Path, upstream: str, port: int = 0) -> subprocess.Popen[str]:
    """Start the real process on 127.0.0.1 without waiting for it."""
    environment = {
        "STREAMKIT_RUN_DIR": str(run_dir),
        "STREAMKIT_PANEL_TOKEN_FILE": str(token_file),
        "STREAMKIT_WHEP_UPSTREAM": upstream,
    }
    return subprocess.Popen(
        [sys.executable, "-m", "streamkit.container", "panel", "--host", "127.0.0.1", "--port", str(port)],
        env={**os.environ, **environment},
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    """The panel's token as a file."""
    path = tmp_path / "panel_token"
    path.write_text(TOKEN + "\n", encoding="utf-8")
    return path


@pytest.fixture
def run_panel(states: States, token_file: Path) -> Iterator[Callable[..., Running]]:
    """A function that starts the panel's process for a signaller's address and waits until it listens."""
    with contextlib.ExitStack() as stack:

        def start(upstream: str, port: int = 0) -> Running:
            process = stack.enter_context(start_panel(states.folder, token_file, upstream, port))
            stack.callback(process.terminate)
            assert process.stderr is not None
            said: queue.Queue[str] = queue.Queue()

            def read(lines: Iterable[str]) -> None:
                for line in lines:
                    said.put(line)

            reader = threading.Thread(target=read, args=(process.stderr,))
            reader.start()
            stack.callback(reader.join)
            stack.callback(process.terminate)
            line = said.get(timeout=30)
            match = re.search(r":(\d+)/$", line.strip())
            assert match, line
            return Running(process, int(match[1]))

        yield start


@pytest.fixture
def running(run_panel: Callable[..., Running], signaller: Signaller) -> Running:
    """A panel process with a signaller behind it."""
    return run_panel(signaller.url)


@pytest.fixture
def with_signaller(context: Context, signaller: Signaller) -> Client:
    """A client of a panel whose signaller answers."""
    return Client(create_app(replace(context, whep_upstream=signaller.url)))
