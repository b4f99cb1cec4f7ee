"""Chromium as the viewer, in front of the real panel: what it asks is counted by the panel itself."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.verify import browser
from tests.local_server import QuietHandler, serving

TOKEN = "the-token-of-this-panel"


@pytest.fixture
def panel(tmp_path: Path) -> Iterator[str]:
    """The panel's process with nothing behind it; yields its address."""
    (tmp_path / "token").write_text(TOKEN)
    places = {"STREAMKIT_RUN_DIR": str(tmp_path), "STREAMKIT_PANEL_TOKEN_FILE": str(tmp_path / "token")}
    words = [sys.executable, "-m", "streamkit.container", "panel", "--host", "127.0.0.1", "--port", "0"]
    with subprocess.Popen(words, env={**os.environ, **places}, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            found = re.search(r"http://\S+:\d+", process.stderr.readline())
            assert found
            yield found[0]
        finally:
            process.terminate()


@pytest.mark.browser
def test_the_page_asks_for_nothing_after_it_has_loaded(panel: str) -> None:
    seen = browser.watch(panel, TOKEN, 5.0)
    assert seen["problem"] is None and re.fullmatch(r"Chromium \d+", seen["name"])
    assert (seen["requests"]["/api/stats"], seen["requests"]["/api/status"]) == (0, 0)


@pytest.mark.browser
def test_what_others_ask_is_counted(panel: str) -> None:
    ended = threading.Event()

    def poll() -> None:
        while not ended.wait(0.2):
            asked = urllib.request.Request(f"{panel}/api/status", headers={"Authorization": f"Bearer {TOKEN}"})
            urllib.request.urlopen(asked, timeout=5).read()

    beside = threading.Thread(target=poll)
    beside.start()
    try:
        time.sleep(0.1)
        seen = browser.watch(panel, TOKEN, 3.0)
    finally:
        ended.set()
        beside.join()
    assert seen["requests"]["/api/status"] >= 3 and seen["requests"]["/api/stats"] == 0
    assert "/api/status" not in seen["sent"]


def test_why_no_browser_watched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(browser, "CHROMIUM", tmp_path)
    assert browser.watch("http://127.0.0.1:9", TOKEN, 1.0)["problem"].startswith(
        "the panel at http://127.0.0.1:9 is not reached from here ("
    )
    with serving(QuietHandler) as address:
        assert browser.watch(address, TOKEN, 1.0)["problem"] == f"the panel at {address} answered 501"
    monkeypatch.setattr(browser, "CHROMIUM", tmp_path / "none")
    assert browser.watch("http://127.0.0.1:9", TOKEN, 1.0) == {"problem": "no Chromium on the machine that verifies"}


def test_an_older_panel_does_not_count(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Older(QuietHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"schema_version": 1}')

    monkeypatch.setattr(browser, "CHROMIUM", tmp_path)
    with serving(Older) as address:
        assert browser.watch(address, TOKEN, 1.0) == {"problem": "this panel does not count its requests"}
