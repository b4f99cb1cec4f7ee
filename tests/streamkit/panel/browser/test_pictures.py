"""The pictures of the panel in the README and the guides; they are replaced only with --update-goldens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.streamkit.panel.browser.supervisor import StandIn
from tests.streamkit.panel.browser.visitor import Visitor

pytestmark = pytest.mark.browser

REPOSITORY = Path(__file__).parents[4]
PICTURES = REPOSITORY / "docs/images"
MOST_BYTES = 250_000
CATCH_SOURCE = """window.EventSource = class extends EventSource {
  constructor(url) { super(url); if (url === "/api/events") window.events = this; }
};"""
FIVE_MINUTES = """async () => {
  const { link } = await import("/static/live.js");
  const { stats, status } = JSON.parse(JSON.stringify(link.last)), now = stats.sampled_at;
  const wave = (step, length) => Math.sin(step / length) + 0.6 * Math.sin(step / (length * 0.37) + 1) + 0.3 * Math.sin(step * 1.7);
  const { ledger } = stats.video, { captured, sent } = ledger;
  for (let step = -145; step <= 0; step += 1) {
    stats.sampled_at = status.sampled_at = now + 2 * step;
    Object.assign(stats.video, { fps: 29.95 + 0.08 * wave(step, 9), bitrate_kbps: 2480 + 160 * wave(step, 14) });
    stats.video.stages_ms.encode.p50 = 8.9 + 0.7 * wave(step, 11);
    const late = Math.max(0, Math.floor((step + 100) / 40));
    Object.assign(ledger, { captured: captured + 60 * step, sent: sent + 60 * step - late + 2 });
    ledger.dropped.late = late;
    Object.assign(stats, { rtt_ms: 1.3 + 0.3 * wave(step, 8), loss_percent: 0, viewer_count: step < -90 ? 1 : step < -30 ? 2 : 3 });
    stats.viewers = [0, 1, 2].map((one) => ({ ...stats.viewers[0], id: `${one}c41d9e7`, connected_s: 63 * (one + 1), rtt_ms: 1.1 + one / 3 })).slice(0, stats.viewer_count);
    stats.processes.stream = { pid: 1, cpu_percent: 62 + 6 * wave(step, 10), memory_bytes: 148e6 };
    Object.assign(stats.host, { cpu_percent: 41, temperature_c: 54 });
    Object.assign(stats.container, { cpu_percent: 66, cpu_limit_cores: 2, memory_used_bytes: 301e6, memory_limit_bytes: 2147483648 });
    window.events.dispatchEvent(new MessageEvent("combined_update", { data: JSON.stringify({ stats, status }) }));
  }
}"""


@pytest.mark.parametrize(
    ("name", "scheme", "size", "view"),
    [
        ("panel", "light", (1280, 800), "live"),
        ("panel-dark", "dark", (1280, 800), "live"),
        ("panel-phone", "light", (390, 844), "live"),
        ("panel-logs", "light", (1280, 800), "logs"),
        ("panel-settings", "light", (1280, 800), "settings"),
    ],
)
def test_the_panel_looks_as_the_guides_show_it(
    name: str,
    scheme: Any,
    size: tuple[int, int],
    view: str,
    browser: Browser,
    panel_process: Any,
    supervisor: StandIn,
    states: Any,
    request: pytest.FixtureRequest,
) -> None:
    write_log(states.folder / "stream.log")
    supervisor.change(bitrate_kbps=2500)
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
    context.add_init_script(CATCH_SOURCE)
    visitor = Visitor(context.new_page(), panel_process)
    visitor.log_in()
    visitor.page.goto(f"{visitor.address}/#{view}")
    visitor.wait_for_picture()
    expect(visitor.page.locator("#viewers_rows tr")).to_have_count(1)
    prepare(visitor.page, view)
    visitor.page.evaluate(FIVE_MINUTES)
    folder = PICTURES if request.config.getoption("--update-goldens") else REPOSITORY / "build/panel"
    folder.mkdir(parents=True, exist_ok=True)
    visitor.page.screenshot(path=str(folder / f"{name}.png"))
    context.close()
    kept = PICTURES / f"{name}.png"
    assert kept.exists(), f"{kept} is missing: run with --update-goldens"
    assert 20_000 < kept.stat().st_size <= MOST_BYTES
    assert visitor.complaints == []


def prepare(page: Page, view: str) -> None:
    """Do what shows the most of a view."""
    if view == "settings":
        page.get_by_role("textbox", name="Frame rate").fill("60")
        expect(page.locator("#apply")).to_be_visible()
    if view == "logs":
        expect(page.locator(".line")).to_have_count(len(LOG.splitlines()))


LOG = """info supervisor: settings changed: the stream starts again
info stream: Setting pipeline to PAUSED ...
info stream: Pipeline is live and does not need PREROLL ...
info stream: Setting pipeline to PLAYING ...
info stream: New clock: GstSystemClock
info stream: viewer 0c41d9e7 joined
warning stream: WARNING: from element /GstPipeline:pipeline0/GstV4l2Src:capture: lost frames detected: count = 2
info stream: viewer 1c41d9e7 joined
info supervisor: restart was asked for
error stream: ERROR: from element /GstPipeline:pipeline0/GstV4l2Src:capture: Could not read from resource.
info supervisor: the stream ended with exit code 1; it starts again in 0.5 s
info stream: Setting pipeline to PLAYING ...
info panel: The panel listens on http://0.0.0.0:8081/
info stream: viewer 2c41d9e7 joined"""


def write_log(path: Path) -> None:
    """Write a quarter of an hour of a stream's life."""
    begun_ms = 1_767_222_000_000
    lines = [f"{begun_ms + 64_211 * number} {line}\n" for number, line in enumerate(LOG.splitlines())]
    path.write_text("".join(lines), encoding="utf-8")
