"""One person at one page of a running panel."""

from __future__ import annotations

import time
from typing import Any

from playwright.sync_api import Page, Request

TOKEN = "correct horse battery staple"
PLAYING = "() => streamkitPlayer.state === 'playing' && streamkitPlayer.stats?.frames_decoded > 20"


class Visitor:
    """One page and what it complained about.  ``address`` is the panel's, or that of a proxy before it."""

    def __init__(self, page: Page, panel: Any, address: str = "") -> None:
        self.page = page
        self.panel = panel
        self.address = address or f"http://127.0.0.1:{panel.port}"
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("pageerror", lambda problem: self.complaints.append(str(problem)))
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.on("request", self._note)

    def _note(self, request: Request) -> None:
        # The icon is asked for when the browser has time for it, and again when the address changes.
        if not request.url.endswith("/static/icon.svg"):
            self.requests.append(f"{request.method} {request.url}")

    def log_in(self, path: str = "/") -> None:
        """Open an address and send the login form that it shows."""
        self.page.goto(self.address + path)
        self.page.get_by_label("Panel token").fill(TOKEN)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_selector("video", state="attached")
        # The form itself is answered with 401 on every page but the first, which Chromium reports.
        self.complaints.clear()

    def turn_to(self, view: str) -> None:
        """Open a view by its link."""
        self.page.get_by_role("link", name=view, exact=True).click()

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
