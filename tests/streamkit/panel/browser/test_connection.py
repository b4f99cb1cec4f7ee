"""What a page does when its events do not come: a dead panel, a proxy that holds them, a login that ended."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.streamkit.panel.browser.holding_proxy import holding_proxy
from tests.streamkit.panel.browser.visitor import Visitor

pytestmark = pytest.mark.browser


def test_a_proxy_that_holds_events_is_told_and_the_page_asks_until_they_come(
    browser: Browser, panel_process: Any
) -> None:
    with holding_proxy(panel_process.port) as proxy:
        context = browser.new_context()
        page = context.new_page()
        visitor = Visitor(page, panel_process, proxy.url)
        visitor.log_in()
        expect(page.locator("#banner")).to_be_hidden()
        assert "/api/stats" not in proxy.asked
        expect(page.locator("#banner")).to_contain_text("A proxy between this page and the machine", timeout=30_000)
        expect(page.locator("#state")).to_have_text("Live")
        expect(page.locator("[data-f=fps]")).to_have_text("29.9")
        visitor.turn_to("Settings")
        expect(page.get_by_role("textbox", name="Bitrate")).to_have_value("2500")
        seen = page.locator("[data-f=sampled]").text_content()
        expect(page.locator("[data-f=sampled]")).not_to_have_text(str(seen), timeout=30_000)
        assert proxy.asked.count("/api/stats") >= 2
        proxy.let_go.set()
        expect(page.locator("#banner")).to_be_hidden(timeout=30_000)
        visitor.requests.clear()
        page.wait_for_timeout(6000)
        assert visitor.requests == []
        context.close()


def test_a_login_that_ended_offers_another_one(visitor: Visitor) -> None:
    visitor.log_in()
    expect(visitor.page.locator("#state")).to_have_text("Live")
    visitor.page.context.clear_cookies()
    # What the browser does by itself when the connection breaks.
    visitor.page.evaluate("import('/static/live.js').then((live) => live.listen())")
    expect(visitor.page.locator("#banner")).to_contain_text("You are signed out")
    visitor.page.locator("#banner").get_by_role("link", name="Sign in").click()
    expect(visitor.page.get_by_label("Panel token")).to_be_visible()


def test_a_preview_that_fails_is_asked_for_ever_less_often_and_nothing_else_is(
    browser: Browser, run_panel: Any, keep_fresh: None
) -> None:
    panel = run_panel("http://127.0.0.1:9/whep/endpoint")  # discard: nobody listens
    context = browser.new_context()
    visitor = Visitor(context.new_page(), panel)
    # Epoch seconds of the browser's own clock, of each request for the picture.
    asked: list[float] = []
    devtools = context.new_cdp_session(visitor.page)
    devtools.send("Network.enable")

    def note(what: dict[str, Any]) -> None:
        if what["request"]["url"].endswith("/whep"):
            asked.append(what["wallTime"])

    devtools.on("Network.requestWillBeSent", note)
    visitor.log_in()
    expect(visitor.page.locator("#state")).to_have_text("Live")
    expect(visitor.page.locator(".note-title")).to_have_text("No picture")
    visitor.requests.clear()
    for _ in range(300):
        if len(asked) >= 5:
            break
        visitor.page.wait_for_timeout(100)
    assert len(asked) >= 5
    assert {request.removeprefix(f"POST {visitor.address}") for request in visitor.requests} == {"/whep"}
    # Half of 0.5 s at the least, doubled each time: player.js, retry().
    for number, (one, after) in enumerate(itertools.pairwise(asked)):
        assert after - one >= 0.25 * 2**number - 0.05
    context.close()
