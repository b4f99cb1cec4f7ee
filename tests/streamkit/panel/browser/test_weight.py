"""What the page weighs: bytes, time until it can be used, and memory after very many events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, CDPSession, expect

from tests.streamkit.panel.browser.visitor import Visitor

pytestmark = pytest.mark.browser

STATIC = Path(__file__).parents[4] / "streamkit/panel/static"
MOST_BYTES = 60 * 1024
USABLE_MS = 300
MARGIN = 10
"""The goal holds on a machine with nothing else to do; tests share two cores with other tests."""
LINES_MOST = 300

LOADED = """() => [performance.getEntriesByType("navigation")[0], ...performance.getEntriesByType("resource")]
  .filter((entry) => entry.entryType === "navigation" || entry.name.includes("/static/"))
  .map((entry) => [new URL(entry.name).pathname, entry.decodedBodySize])"""
CATCH_SOURCES = """window.sources = [];
window.EventSource = class extends EventSource { constructor(url) { super(url); window.sources.push(this); } };"""
FEED = """async ([kind, text, count, spread]) => {
  const source = window.sources.find((one) => one.url.includes(kind === "log" ? "/logs/" : "/events"));
  const data = JSON.parse(text);
  for (let number = 0; number < count; number += 1) {
    window.fed = (window.fed ?? 0) + 1;
    if (kind === "log") data.lines = [{ id: 1e9 + window.fed, at: 1e12 + window.fed, level: "info", source: "stream", text: `line ${window.fed}` }];
    else {
      data.stats.sampled_at += spread;
      data.status.sampled_at += spread;
      data.stats.video.fps = 29 + Math.random();
      data.stats.video.ledger.captured += 60;
      data.stats.video.ledger.sent += 60;
    }
    source.dispatchEvent(new MessageEvent(kind, { data: JSON.stringify(data) }));
    if (number % 100 !== 0) continue;
    const line = document.querySelector("[data-spark=fps] .stroke").getAttribute("d");
    window.most = Math.max(window.most ?? 0, line.split("L").length);
    await new Promise((done) => setTimeout(done));
  }
}"""


def test_the_page_is_light_and_ready_soon(visitor: Visitor) -> None:
    visitor.log_in()
    page = visitor.page
    # The style of the login form is in the page's own cache by now.
    page.context.new_cdp_session(page).send("Network.setCacheDisabled", {"cacheDisabled": True})
    page.reload()
    expect(page.locator("#state")).to_have_text("Live")
    loaded = dict(page.evaluate(LOADED))
    named = {"app.css", "panel.css", "player.css", "icon.svg", *(path.name for path in STATIC.glob("*.js"))}
    assert {f"/static/{name}" for name in named} | {"/"} == set(loaded)
    assert all(loaded.values()) and sum(loaded.values()) <= MOST_BYTES, (sum(loaded.values()), loaded)
    ready = []
    for _ in range(3):
        page.reload()
        page.wait_for_selector("video", state="attached")
        ready.append(page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"))
    assert min(ready) <= USABLE_MS * MARGIN, ready
    assert visitor.complaints == []


def test_every_source_of_the_page_is_short() -> None:
    for path in STATIC.glob("*.js"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= LINES_MOST, path.name


def memory(session: CDPSession) -> tuple[int, int]:
    """Return (bytes in use, nodes of the document) after the rubbish was taken away."""
    session.send("HeapProfiler.collectGarbage")
    session.send("HeapProfiler.collectGarbage")
    return session.send("Runtime.getHeapUsage")["usedSize"], session.send("Memory.getDOMCounters")["nodes"]


def test_memory_stays_flat_over_thousands_of_events(browser: Browser, panel_process: Any) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_init_script(CATCH_SOURCES)
    visitor = Visitor(context.new_page(), panel_process)
    visitor.log_in()
    expect(visitor.page.locator("#state")).to_have_text("Live")
    visitor.turn_to("Logs")
    visitor.turn_to("Live")
    visitor.turn_to("Logs")
    status = panel_process.ask("GET", "/api/status")[2].decode()
    update = f'{{"stats": {panel_process.ask("GET", "/api/stats")[2].decode()}, "status": {status}}}'
    session = context.new_cdp_session(visitor.page)
    feed = visitor.page.evaluate
    feed(FEED, ["combined_update", update, 200, 2])
    feed(FEED, ["log", '{"lines": []}', 2500, 0])
    visitor.turn_to("Live")
    feed(FEED, ["combined_update", update, 200, 2])
    bytes_before, nodes_before = memory(session)
    feed(FEED, ["combined_update", update, 2000, 2])
    visitor.turn_to("Logs")
    feed(FEED, ["log", '{"lines": []}', 1500, 0])
    visitor.turn_to("Live")
    bytes_after, nodes_after = memory(session)
    assert bytes_after - bytes_before < 1_000_000, (bytes_before, bytes_after)
    assert nodes_after - nodes_before < 500, (nodes_before, nodes_after)
    assert visitor.page.locator(".line").count() == 2000
    assert 100 < visitor.page.evaluate("window.most") <= 150
    context.close()
