"""One open page of a panel in the real Chromium: what it asks, what it loads, and what it costs the browser."""

from __future__ import annotations

import time
from typing import Any

from bench.measure.panel.contestants import Contestant
from bench.measure.processes import cpu_seconds, memory_mb
from bench.verify.browser import CHROMIUM, FLAGS
from streamkit.errors import UnavailableError

SETTLE_S = 5.0
"""A page that has loaded draws its first figures before it is measured."""
LOADED_WITHIN_MS = 60_000


def watch(contestant: Contestant, seconds: float, settle_s: float = SETTLE_S) -> dict[str, float]:
    """Open the page, let it settle, and watch for ``seconds``; returns the figures by name.

    Raises UnavailableError when there is no Chromium or the page does not load in it.
    """
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        raise UnavailableError("Playwright is not installed here; install requirements-dev.txt.") from None
    if not CHROMIUM.exists():
        raise UnavailableError(f"There is no {CHROMIUM}; install the package chromium.")
    with sync_playwright() as playwright:
        # A browser of its own each time: a page behind another one would be slowed down.
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS), timeout=LOADED_WITHIN_MS)
        try:
            page = browser.new_page()
            page.set_default_timeout(LOADED_WITHIN_MS)
            page.goto(contestant.address + "/")
            if contestant.token:
                page.get_by_label("Token").fill(contestant.token)
                page.get_by_role("button").first.click()
                page.wait_for_selector("#player", state="attached")
            page.wait_for_load_state("load")
            traffic = _Traffic(page.context.new_cdp_session(page))
            devtools = browser.new_browser_cdp_session()
            page.wait_for_timeout(1000 * settle_s)
            traffic.clear()
            at, server, renderer = time.monotonic(), cpu_seconds(contestant.pid), _renderers(devtools)
            page.wait_for_timeout(1000 * seconds)
            took = time.monotonic() - at
            after = _renderers(devtools)
            memory = memory_mb(contestant.pid)
            return {
                "cpu_viewer_percent": 100 * (cpu_seconds(contestant.pid) - server) / took,
                "page_cpu_percent": 100 * sum(used - renderer.get(pid, 0.0) for pid, used in after.items()) / took,
                "requests_per_minute": 60 * traffic.requests / took,
                "page_bytes_per_minute": 60 * traffic.received / took,
                "memory_1_mb": memory["rss"],
                "memory_pss_mb": memory["pss"],
            }
        except Error as problem:
            sentence = problem.message.splitlines()[0]
            raise UnavailableError(f"The page of {contestant.name} did not load in Chromium ({sentence}).") from None
        finally:
            browser.close()


class _Traffic:
    """Counts requests, and the bytes of bodies and events as the browser's network layer saw them."""

    def __init__(self, devtools: Any) -> None:
        self.clear()
        devtools.send("Network.enable")
        devtools.on("Network.requestWillBeSent", self._asked)
        devtools.on("Network.dataReceived", self._got)

    def clear(self) -> None:
        self.requests = self.received = 0

    def _asked(self, _: Any) -> None:
        self.requests += 1

    def _got(self, what: dict[str, Any]) -> None:
        self.received += max(int(what["dataLength"]), int(what["encodedDataLength"]))


def _renderers(devtools: Any) -> dict[int, float]:
    found = devtools.send("SystemInfo.getProcessInfo")["processInfo"]
    return {int(one["id"]): float(one["cpuTime"]) for one in found if one["type"] == "renderer"}
