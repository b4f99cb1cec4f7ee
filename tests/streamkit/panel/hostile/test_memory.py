"""A day's worth of events in a hurry, while viewers come and go: neither the panel nor its page may grow.

``STREAMKIT_EVENTS`` sets how many: 2,000 in every run, the day's 43,200 by ./test.sh fuzz.  The page draws each of them,
so it gets half, and 10,000 at most.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.streamkit.panel.hostile.readers import Readers
from tests.streamkit.panel.hostile.target import TOKEN, Target, attacked, wait_until
from tests.viewer import CHROMIUM, FLAGS

pytestmark = pytest.mark.browser

EVENTS = int(os.environ.get("STREAMKIT_EVENTS", "2000"))
PAGE_EVENTS = min(10_000, EVENTS // 2)
WARM = 400
"""Events before the first look: by then every table and sparkline is full.  The limits below find a kilobyte kept of each
event in every run, and fifty bytes in the day's."""
PANEL_GROWTH_BYTES = 2 * 1024 * 1024
PAGE_GROWTH_BYTES = 1024 * 1024
COUNTER = """
window.updates = 0;
window.EventSource = class extends EventSource {
  constructor(...words) {
    super(...words);
    this.addEventListener("combined_update", () => { window.updates += 1; });
  }
};
"""


@pytest.fixture
def coming_and_going(states: Any) -> Iterator[None]:
    """Viewers that are never the same, a log that grows, and a stream that is restarted all the time."""
    ended = threading.Event()

    def loop() -> None:
        number = 0
        with (states.folder / "stream.log").open("a", encoding="utf-8") as log:
            while not ended.wait(0.05):
                number += 1
                names = [f"viewer-{number}-{one}" for one in range(4)]
                rows = [{"id": name, "connected_s": 1, "packets_sent": number, "packets_lost": 0} for name in names]
                states.launch(viewers=rows, viewer_count=len(rows))
                states.supervisor("running", stream={"restarts": number, "reason": f"restart {number}"})
                log.write(f"{1_700_000_000_000 + number} info launch: line {number}\n")
                log.flush()

    thread = threading.Thread(target=loop)
    thread.start()
    yield
    ended.set()
    thread.join()


@contextlib.contextmanager
def hurried(states: Any, token_file: Path, pace_s: float) -> Iterator[Target]:
    """Start a panel with that pace."""
    module = ("tests.streamkit.panel.hostile.hasty", str(pace_s))
    with attacked(states.folder, token_file, "http://127.0.0.1:9/", module=module) as target:
        yield target


@pytest.mark.timeout(120 + EVENTS // 20)
def test_the_panel_does_not_grow(
    states: Any, token_file: Path, coming_and_going: None, report: dict[str, object]
) -> None:
    with (
        hurried(states, token_file, 0.005) as target,
        Readers(target.port, target.cookie(), 3) as readers,
    ):

        def come(count: int) -> None:
            wait_until(lambda: max(readers.arrivals, default=0) >= count, f"{count} events", 60 + EVENTS / 25)

        come(WARM)
        memory, descriptors = target.memory_bytes, target.descriptors
        come(WARM + EVENTS)
        grown = target.memory_bytes - memory
        assert grown < PANEL_GROWTH_BYTES, f"{grown} bytes more after {EVENTS} events"
        assert target.descriptors <= descriptors
        assert readers.ended == 0
        assert "Traceback" not in target.said
    report["panel, growth"] = {"events": EVENTS, "kib": grown // 1024}


def size_of(page: Page) -> tuple[int, int]:
    """Return (bytes of the page's heap after a collection, elements of the page)."""
    devtools = page.context.new_cdp_session(page)
    for _ in range(2):
        devtools.send("HeapProfiler.collectGarbage")
    used = int(devtools.send("Runtime.getHeapUsage")["usedSize"])
    devtools.detach()
    return used, int(page.evaluate("document.querySelectorAll('*').length"))


@pytest.mark.timeout(180 + PAGE_EVENTS // 10)
def test_the_page_does_not_grow(
    states: Any, token_file: Path, coming_and_going: None, report: dict[str, object]
) -> None:
    with hurried(states, token_file, 0.01) as target, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = browser.new_page()
        page.add_init_script(COUNTER)
        page.goto(f"http://127.0.0.1:{target.port}/")
        page.get_by_label("Panel token").fill(TOKEN)
        page.get_by_role("button", name="Sign in").click()

        def come(count: int) -> None:
            page.wait_for_function(
                "(count) => window.updates >= count", arg=count, timeout=1000 * (90 + PAGE_EVENTS // 12)
            )

        come(WARM)
        heap, elements = size_of(page)
        come(WARM + PAGE_EVENTS)
        heap_after, elements_after = size_of(page)
        browser.close()
    assert heap_after - heap < PAGE_GROWTH_BYTES, f"{heap_after - heap} bytes more after {PAGE_EVENTS} events"
    assert elements_after <= elements + 50
    report["page, growth"] = {
        "events": PAGE_EVENTS,
        "heap_kib": (heap_after - heap) // 1024,
        "elements": elements_after - elements,
    }
