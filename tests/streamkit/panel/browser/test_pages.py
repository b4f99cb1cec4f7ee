"""The two pages in a real Chromium, with another page of it as the stream: what a person sees and does."""

from __future__ import annotations

import selectors
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from streamkit.run.control import ControlServer

pytestmark = pytest.mark.browser

TOKEN = "correct horse battery staple"
PLAYING = "() => streamkitPlayer.state === 'playing' && streamkitPlayer.stats?.frames_decoded > 20"


class Visitor:
    """One page of a running panel and what it complained about."""

    def __init__(self, page: Page, panel: Any) -> None:
        self.page = page
        self.panel = panel
        self.address = f"http://127.0.0.1:{panel.port}"
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("pageerror", lambda problem: self.complaints.append(str(problem)))
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.on("request", lambda request: self.requests.append(f"{request.method} {request.url}"))

    def log_in(self, path: str = "/") -> None:
        """Open an address and send the login form that it shows."""
        self.page.goto(self.address + path)
        self.page.get_by_label("Panel token").fill(TOKEN)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_selector("video", state="attached")
        # The form itself is answered with 401 on every page but the first, which Chromium reports.
        self.complaints.clear()

    def wait_for_picture(self) -> None:
        """Wait until frames are decoded."""
        self.page.wait_for_function(PLAYING, timeout=30_000)

    def resource(self) -> str:
        """Name of the present viewing session."""
        return str(self.page.evaluate("streamkitPlayer.resource")).rpartition("/")[2]

    def wait_until_left(self, publisher: Any, resource: str) -> None:
        """Wait until the stream was told that this session is over."""
        deadline = time.monotonic() + 10
        while resource not in publisher.deleted:
            assert time.monotonic() < deadline, f"{resource} was never closed: {publisher.deleted}"
            self.page.wait_for_timeout(20)

    def frames(self) -> int:
        """Frames decoded on the present connection."""
        return int(self.page.evaluate("streamkitPlayer.stats.frames_decoded"))


@pytest.fixture
def keep_fresh(states: Any) -> Iterator[None]:
    """Write launch.json once a second, as the launcher does."""
    ended = threading.Event()

    def loop() -> None:
        while not ended.wait(1.0):
            states.launch()

    thread = threading.Thread(target=loop)
    thread.start()
    yield
    ended.set()
    thread.join()


@pytest.fixture
def visitor(browser: Browser, publisher: Any, run_panel: Any, keep_fresh: None) -> Iterator[Visitor]:
    """A fresh browser profile at a panel whose stream is the publisher."""
    panel = run_panel(f"{publisher.url}/whep/endpoint")
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    yield Visitor(context.new_page(), panel)
    context.close()


def test_panel_shows_picture_and_figures_and_asks_nothing_more(visitor: Visitor) -> None:
    visitor.log_in()
    visitor.wait_for_picture()
    page = visitor.page
    expect(page.locator("#state")).to_have_text("Live")
    expect(page.locator("[data-f=source_lead]")).to_have_text("Moving test picture")
    expect(page.locator("[data-f=fps]")).to_have_text("29.9")
    expect(page.locator("[data-f=bitrate_of]")).to_have_text("of 2.5 Mbit/s")
    expect(page.locator(".readout")).to_contain_text("640\u00d7360")
    expect(page.locator(".readout")).to_contain_text("0 lost")
    expect(page.locator("#viewers tbody tr")).to_have_count(1)
    assert page.evaluate("streamkitPlayer.pc.getReceivers().every((one) => one.jitterBufferTarget === 0)")
    visitor.requests.clear()
    before, seen = visitor.frames(), page.locator("[data-f=sampled]").text_content()
    page.wait_for_timeout(5000)
    assert visitor.requests == []
    assert visitor.frames() > before + 25
    assert page.locator("[data-f=sampled]").text_content() != seen
    assert visitor.complaints == []


def test_picture_follows_the_state_of_the_stream(visitor: Visitor, states: Any, publisher: Any) -> None:
    visitor.log_in()
    visitor.wait_for_picture()
    resource = visitor.resource()
    states.supervisor("stopped", stream={"reason": "Stopped by hand."})
    expect(visitor.page.locator(".note-title")).to_have_text("The stream is stopped")
    expect(visitor.page.locator("[data-f=stream_reason]")).to_have_text("Stopped by hand.")
    expect(visitor.page.get_by_role("button", name="Start", exact=True)).to_be_visible()
    expect(visitor.page.get_by_role("button", name="Stop", exact=True)).to_be_hidden()
    assert visitor.page.evaluate("streamkitPlayer.pc") is None
    visitor.wait_until_left(publisher, resource)
    states.supervisor("running")
    visitor.wait_for_picture()
    assert visitor.complaints == []


def test_stop_button_reaches_the_supervisor(visitor: Visitor, states: Any) -> None:
    asked: list[str] = []

    def handle(message: dict[str, Any]) -> dict[str, Any]:
        asked.append(message["command"])
        states.supervisor("stopped")
        return {"ok": True, "stream": {"state": "stopped"}}

    visitor.log_in()
    selector = selectors.DefaultSelector()
    server = ControlServer(states.folder / "control.sock", selector, handle)
    visitor.page.get_by_role("button", name="Stop", exact=True).click(no_wait_after=True)
    deadline = time.monotonic() + 10
    while not asked and time.monotonic() < deadline:
        for key, _ in selector.select(0.05):
            callback: Callable[[], None] = key.data
            callback()
        visitor.page.wait_for_timeout(20)
    expect(visitor.page.locator("#state")).to_have_text("Stopped")
    expect(visitor.page.locator("#banner")).to_be_hidden()
    assert asked == ["stop"]
    server.close()
    selector.close()


def test_a_button_without_a_supervisor_says_so(visitor: Visitor) -> None:
    visitor.log_in()
    visitor.page.get_by_role("button", name="Restart").click()
    expect(visitor.page.locator("#banner")).to_contain_text("The supervisor does not answer")


def test_watch_fills_the_window_and_survives_reload_and_history(visitor: Visitor, publisher: Any) -> None:
    visitor.log_in("/watch")
    page = visitor.page
    assert page.url == f"{visitor.address}/watch"
    visitor.wait_for_picture()
    assert page.locator("video").bounding_box() == {"x": 0, "y": 0, "width": 1280, "height": 800}
    sessions = [visitor.resource()]
    page.reload()
    visitor.wait_for_picture()
    sessions.append(visitor.resource())
    page.get_by_role("link", name="Back to the panel").click()
    page.wait_for_url(f"{visitor.address}/")
    visitor.wait_for_picture()
    sessions.append(visitor.resource())
    page.go_back()
    page.wait_for_url(f"{visitor.address}/watch")
    visitor.wait_for_picture()
    sessions.append(visitor.resource())
    page.go_forward()
    page.wait_for_url(f"{visitor.address}/")
    visitor.wait_for_picture()
    for session in sessions:
        visitor.wait_until_left(publisher, session)
    assert visitor.resource() not in sessions
    assert visitor.complaints == []


def test_picture_moves_and_sound_is_on_request(visitor: Visitor) -> None:
    visitor.log_in("/watch")
    visitor.wait_for_picture()
    page = visitor.page
    pixels = """() => { const c = document.createElement('canvas'); c.width = 64; c.height = 36;
        const b = c.getContext('2d'); b.drawImage(streamkitPlayer.video, 0, 0, 64, 36);
        return [...b.getImageData(0, 0, 64, 36).data].join(); }"""
    first = page.evaluate(pixels)
    page.wait_for_timeout(500)
    assert page.evaluate(pixels) != first
    assert page.evaluate("streamkitPlayer.video.muted") is True
    page.keyboard.press("m")
    assert page.evaluate("streamkitPlayer.video.muted") is False
    page.get_by_role("button", name="Turn sound off").click()
    assert page.evaluate("streamkitPlayer.video.muted") is True
    page.keyboard.press("f")
    page.wait_for_function("document.fullscreenElement !== null")


def test_player_comes_back_when_the_connection_is_lost(visitor: Visitor) -> None:
    visitor.log_in("/watch")
    visitor.wait_for_picture()
    visitor.page.evaluate(
        "window.old = streamkitPlayer.pc; old.getReceivers().forEach((one) => one.track.stop()); old.close()"
    )
    visitor.page.wait_for_function("() => streamkitPlayer.pc && streamkitPlayer.pc !== window.old", timeout=20_000)
    visitor.wait_for_picture()


def test_a_dead_panel_is_said_and_the_page_goes_on_by_itself_when_it_returns(
    visitor: Visitor, publisher: Any, run_panel: Any, states: Any
) -> None:
    visitor.log_in()
    expect(visitor.page.locator("#state")).to_have_text("Live")
    visitor.panel.process.kill()
    visitor.panel.process.wait()
    expect(visitor.page.locator("#banner")).to_contain_text("The connection to the machine is lost")
    expect(visitor.page.get_by_role("button", name="Stop", exact=True)).to_be_disabled()
    states.supervisor("stopped")
    run_panel(f"{publisher.url}/whep/endpoint", visitor.panel.port)
    expect(visitor.page.locator("#state")).to_have_text("Stopped", timeout=15_000)
    expect(visitor.page.locator("#banner")).to_be_hidden()


def test_nothing_is_wider_than_the_window(visitor: Visitor) -> None:
    sizes = ((360, 740), (768, 1024), (3840, 2160))

    def check() -> None:
        for width, height in sizes:
            visitor.page.set_viewport_size({"width": width, "height": height})
            assert visitor.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width

    visitor.page.goto(visitor.address)
    check()
    visitor.log_in()
    expect(visitor.page.locator("#state")).to_have_text("Live")
    visitor.page.locator("summary").click()
    expect(visitor.page.locator("#settings tbody tr")).to_have_count(10)
    check()
