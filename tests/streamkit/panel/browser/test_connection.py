"""What a page does when its events do not come: a dead panel, a proxy that holds them, a login that ended."""

from __future__ import annotations

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
