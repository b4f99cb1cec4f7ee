"""Chromium with a publishing page in the place of the stream."""

from __future__ import annotations

import contextlib
import json
import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.local_server import QuietHandler, serving
from tests.streamkit.panel.browser.supervisor import StandIn
from tests.streamkit.panel.browser.visitor import Visitor
from tests.viewer import CHROMIUM, FLAGS


@dataclass
class Publisher:
    """A signaller whose answers come from publisher.html; ``deleted`` lists the sessions that were closed."""

    url: str
    offers: queue.Queue[tuple[str, str]] = field(default_factory=queue.Queue)
    answers: dict[str, queue.Queue[str]] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)


@contextlib.contextmanager
def publishing() -> Iterator[Publisher]:
    """Serve publisher.html and pass offers to it and its answers back."""
    page = (Path(__file__).parent / "publisher.html").read_bytes()

    class Handler(QuietHandler):
        def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            # The page that waits for an offer is closed in the middle of a question.
            with contextlib.suppress(BrokenPipeError):
                self.end_headers()
                self.wfile.write(body)

        def do_GET(self) -> None:
            if self.path == "/publisher":
                self._send(200, page, {"Content-Type": "text/html"})
                return
            try:
                name, sdp = found.offers.get(timeout=1)
            except queue.Empty:
                name, sdp = "", ""
            self._send(200, json.dumps({"id": name, "sdp": sdp}).encode(), {"Content-Type": "application/json"})

        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["Content-Length"])).decode()
            if self.path.startswith("/answer/"):
                found.answers[self.path.rpartition("/")[2]].put(text)
                self._send(204, b"", {})
                return
            name = f"viewer-{len(found.answers)}"
            found.answers[name] = queue.Queue()
            found.offers.put((name, text))
            answer = found.answers[name].get(timeout=10).encode()
            self._send(201, answer, {"Content-Type": "application/sdp", "Location": f"/whep/resource/{name}"})

        def do_DELETE(self) -> None:
            found.deleted.append(self.path.rpartition("/")[2])
            self._send(200, b"", {})

    with serving(Handler) as address:
        found = Publisher(address)
        yield found


@pytest.fixture(scope="module")
def publisher() -> Iterator[Publisher]:
    """A publisher for all tests of a module."""
    with publishing() as found:
        yield found


@pytest.fixture(scope="module")
def browser(publisher: Publisher) -> Iterator[Browser]:
    """Chromium with the publishing page open."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        stream = chromium.new_page()
        stream.goto(f"{publisher.url}/publisher")
        yield chromium
        chromium.close()


@pytest.fixture
def keep_fresh(states: Any) -> Iterator[None]:
    """Write launch.json once a second, as the launcher does.

    ``states.fixed`` may hold fields that are written each time, or None where nothing is to be written.
    """
    states.fixed = {}
    ended = threading.Event()

    def loop() -> None:
        while not ended.wait(1.0):
            if states.fixed is not None:
                states.launch(**states.fixed)

    thread = threading.Thread(target=loop)
    thread.start()
    yield
    ended.set()
    thread.join()


@pytest.fixture
def panel_process(publisher: Publisher, run_panel: Any, keep_fresh: None) -> Any:
    """A panel whose stream is the publisher."""
    return run_panel(f"{publisher.url}/whep/endpoint")


@pytest.fixture
def visitor(browser: Browser, panel_process: Any) -> Iterator[Visitor]:
    """A fresh browser profile at the panel."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    yield Visitor(context.new_page(), panel_process)
    context.close()


@pytest.fixture
def supervisor(states: Any) -> Iterator[StandIn]:
    """Somebody who answers on the control socket."""
    found = StandIn(states)
    yield found
    found.close()
