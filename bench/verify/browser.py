"""A real viewer where there is one: Chromium opens the panel's page and only watches.

The panel itself counts what it is asked meanwhile; the page's own requests are noted beside it.
"""

from __future__ import annotations

import collections
import json
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    # Chromium refuses its own sandbox to root.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--autoplay-policy=no-user-gesture-required",
)
LOADED_WITHIN_MS = 20_000
ANSWER_S = 10.0


class NoViewerError(Exception):
    """No browser can watch from here; the text says why."""


def watch(address: str, token: str, seconds: float) -> dict[str, Any]:
    """Open the panel at ``address`` in Chromium and watch for ``seconds`` after it has loaded; never raises.

    ``requests``: {route: how often the panel was asked meanwhile}; ``sent``: {path: how often the page itself asked};
    ``problem``: why there is neither.
    """
    try:
        return {**_watch(address, token, seconds), "problem": None}
    except NoViewerError as reason:
        return {"problem": str(reason)}


def _watch(address: str, token: str, seconds: float) -> dict[str, Any]:
    if not CHROMIUM.exists():
        raise NoViewerError("no Chromium on the machine that verifies")
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        raise NoViewerError("Playwright is not installed on the machine that verifies") from None
    _counters(address, token)
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        except Error as problem:
            raise NoViewerError(f"Chromium did not start ({problem.message.splitlines()[0]})") from None
        try:
            page = browser.new_page()
            page.goto(f"{address}/", timeout=LOADED_WITHIN_MS)
            page.get_by_label("Token").fill(token)
            page.get_by_role("button").first.click()
            page.wait_for_selector("#player", timeout=LOADED_WITHIN_MS)
            page.wait_for_load_state("load", timeout=LOADED_WITHIN_MS)
            sent: collections.Counter[str] = collections.Counter()
            page.on("request", lambda request: sent.update([urllib.parse.urlsplit(request.url).path]))
            before = _counters(address, token)
            page.wait_for_timeout(1000 * seconds)
            after = _counters(address, token)
            name = f"Chromium {browser.version.partition('.')[0]}"
        except Error as problem:
            raise NoViewerError(f"the page did not load in Chromium ({problem.message.splitlines()[0]})") from None
        finally:
            browser.close()
    # The second look at the counters is itself a request.
    after["/api/stats"] -= 1
    requests = {route: after[route] - before.get(route, 0) for route in after}
    return {"name": name, "seconds": seconds, "requests": requests, "sent": dict(sent)}


def _counters(address: str, token: str) -> dict[str, int]:
    request = urllib.request.Request(f"{address}/api/stats", headers={"Authorization": f"Bearer {token}"})
    try:
        # No proxy: the panel is near, and the token is for nobody else.
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=ANSWER_S) as answer:
            found: dict[str, int] = json.load(answer)["panel"]["requests"]
            return found
    except urllib.error.HTTPError as problem:
        raise NoViewerError(f"the panel at {address} answered {problem.code}") from None
    except (OSError, ValueError) as problem:
        raise NoViewerError(f"the panel at {address} is not reached from here ({problem})") from None
    except (KeyError, TypeError):
        raise NoViewerError("this panel does not count its requests") from None
