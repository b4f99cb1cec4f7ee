"""An open page asks for nothing: two minutes, counted by the browser and by the panel.  Then two people at once."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.streamkit.panel.browser.supervisor import StandIn
from tests.streamkit.panel.browser.visitor import Visitor

pytestmark = pytest.mark.browser

MINUTES = 2


def asked(panel: Any) -> dict[str, int]:
    """Return how often each route of the panel was asked, but for the one that says so."""
    counts: dict[str, int] = json.loads(panel.ask("GET", "/api/stats")[2])["panel"]["requests"]
    return {route: count for route, count in counts.items() if route != "/api/stats"}


@pytest.mark.timeout(300)
def test_two_minutes_without_a_request_and_a_change_that_both_see(
    browser: Browser, visitor: Visitor, supervisor: StandIn, report: dict[str, object]
) -> None:
    other = browser.new_context(viewport={"width": 390, "height": 844})
    visitors = [visitor, Visitor(other.new_page(), visitor.panel)]
    seen: list[list[str]] = [[], []]
    frames: list[list[int]] = [[], []]
    for number, one in enumerate(visitors):
        # Below the page's own view of it: what workers, preloads or the favicon ask would be here as well.
        devtools = one.page.context.new_cdp_session(one.page)
        devtools.send("Network.enable")
        devtools.on(
            "Network.requestWillBeSent", lambda what, number=number: seen[number].append(what["request"]["url"])
        )
        devtools.on(
            "Network.eventSourceMessageReceived", lambda what, number=number: frames[number].append(len(what["data"]))
        )
        one.log_in()
        expect(one.page.locator("#state")).to_have_text("Live")
        one.wait_for_picture()
    # What a browser asks for when it finds the time, like the icon, belongs to what the page was made of.
    visitor.page.wait_for_timeout(2000)
    for urls in seen:
        # The counting itself works: there is what the page was made of.
        assert any(url.endswith("/api/events") for url in urls)
        urls.clear()
    before, received = asked(visitor.panel), [sum(sizes) for sizes in frames]
    visitor.page.wait_for_timeout(1000 * 60 * MINUTES)
    assert seen == [[], []]
    assert asked(visitor.panel) == before
    # The time was not spent asleep: figures came all the while, and the picture moved.
    assert all(len(sizes) > 25 * MINUTES for sizes in frames)
    report["panel, an open page"] = {
        "requests_per_minute": 0,
        "event_bytes_per_minute": round((sum(frames[0]) - received[0]) / MINUTES),
    }
    visitors[0].page.get_by_role("button", name="Stop", exact=True).click()
    for one in visitors:
        expect(one.page.locator("#state")).to_have_text("Stopped")
    visitors[1].page.get_by_role("button", name="Start", exact=True).click()
    for one in visitors:
        expect(one.page.locator("#state")).to_have_text("Live")
    assert [command["command"] for command in supervisor.asked] == ["stop", "start"]
    assert visitor.complaints == []
    other.close()
