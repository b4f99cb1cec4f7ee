"""The log in a real Chromium: open only while it is seen, filtered, held, and never anything but text."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.streamkit.panel.browser.visitor import Visitor

pytestmark = pytest.mark.browser


class Writer:
    """Writes the log as the supervisor does."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, level: str, source: str, text: str) -> None:
        with self._path.open("a", encoding="utf-8") as log:
            log.write(f"{int(time.time() * 1000)} {level} {source}: {text}\n")


@pytest.fixture
def write(states: Any) -> Writer:
    """A log with one line of each level."""
    write = Writer(states.folder / "stream.log")
    for level in ("debug", "info", "warning", "error"):
        write(level, "stream", f"a line of level {level}")
    return write


def shown(page: Page) -> list[str]:
    """The texts that can be seen, oldest first."""
    found: list[str] = page.locator(".line span").evaluate_all(
        "(all) => all.filter((one) => one.offsetParent).map((one) => one.textContent)"
    )
    return found


def test_lines_come_live_and_are_filtered_searched_held_and_downloaded(visitor: Visitor, write: Writer) -> None:
    visitor.log_in()
    expect(visitor.page.locator("#state")).to_have_text("Live")
    assert not any("/api/logs" in request for request in visitor.requests)
    visitor.turn_to("Logs")
    page = visitor.page
    expect(page.locator(".line")).to_have_count(4)
    assert shown(page) == [f"a line of level {level}" for level in ("info", "warning", "error")]
    write("info", "poller", "one that came later")
    expect(page.locator(".line")).to_have_count(5)
    page.get_by_label("Level").select_option("debug")
    assert len(shown(page)) == 5
    page.get_by_label("Level").select_option("error")
    assert shown(page) == ["a line of level error"]
    page.get_by_label("Level").select_option("info")
    page.get_by_label("Search in the log").fill("POLLER")
    assert shown(page) == ["one that came later"]
    page.get_by_label("Search in the log").fill("")
    page.get_by_role("button", name="Pause").click()
    write("info", "stream", "one that came while it was held")
    expect(page.locator("#logs-note")).to_have_text("Paused. 1 new line so far.")
    expect(page.locator(".line")).to_have_count(5)
    page.get_by_role("button", name="Continue").click()
    expect(page.locator(".line")).to_have_count(6)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert "one that came while it was held" in download.value.path().read_text(encoding="utf-8")
    assert visitor.complaints == []


def test_a_line_that_looks_like_a_page_stays_text(visitor: Visitor, write: Writer) -> None:
    text = "<script>window.broken = true</script><img src=x onerror='window.broken = true'>"
    write("error", "<b>stream</b>", text)
    visitor.log_in("/")
    visitor.turn_to("Logs")
    expect(visitor.page.locator(".line")).to_have_count(5)
    assert shown(visitor.page)[-1].endswith(text)
    assert visitor.page.evaluate("document.querySelectorAll('#lines script, #lines img').length") == 0
    assert visitor.page.evaluate("window.broken") is None
    assert visitor.complaints == []


def test_the_log_is_asked_for_only_while_its_pane_shows_and_goes_on_where_it_was(
    visitor: Visitor, write: Writer
) -> None:
    visitor.log_in()
    visitor.turn_to("Logs")
    page = visitor.page
    expect(page.locator(".line")).to_have_count(4)
    with page.expect_event("requestfailed", lambda request: "/api/logs/stream" in request.url):
        visitor.turn_to("Live")
    write("info", "stream", "written while nobody looked")
    visitor.turn_to("Logs")
    expect(page.locator(".line")).to_have_count(5)
    first, second = (request for request in visitor.requests if "/api/logs/stream" in request)
    assert "?after=" not in first and "?after=" in second
