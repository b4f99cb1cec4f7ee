"""A real viewer: Chromium on the panel's /watch page, measured by getStats and by reading pixels."""

from __future__ import annotations

import contextlib
import itertools
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--autoplay-policy=no-user-gesture-required",
    # Otherwise the page offers mDNS names that nothing here resolves.
    "--disable-features=WebRtcHideLocalIpsWithMdns",
)

STATS = """async () => {
  const report = await window.streamkitPlayer.pc.getStats();
  const found = {};
  for (const entry of report.values()) {
    if (entry.type === "inbound-rtp") found[entry.kind] = {...entry};
  }
  return {at_ms: performance.now(), ...found};
}"""

PIXELS = """() => {
  const canvas = document.createElement("canvas");
  canvas.width = 64; canvas.height = 36;
  const context = canvas.getContext("2d");
  context.drawImage(window.streamkitPlayer.video, 0, 0, 64, 36);
  return Array.from(context.getImageData(0, 0, 64, 36).data);
}"""


@dataclass(frozen=True)
class Watched:
    """What a viewer saw in ``seconds``: frames, packets, and how many of the looks at the picture differed."""

    seconds: float
    frames_decoded: int
    frames_dropped: int
    video_packets_lost: int
    audio_packets_received: int
    audio_packets_lost: int
    width: int
    height: int
    codec_fps: float | None
    looks: int
    moved: int
    jitter_buffer_ms: float

    @property
    def fps(self) -> float:
        """Decoded frames per second of the page's own clock."""
        return self.frames_decoded / self.seconds


@contextlib.contextmanager
def chromium_page(netns: str | None = None, **context_options: Any) -> Iterator[Page]:
    """Open a page in the real Chromium, inside the network namespace ``netns`` where one is named."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        executable = CHROMIUM
        if netns:
            wrapper = Path(folder) / "chromium"
            wrapper.write_text(f'#!/bin/sh\nexec ip netns exec {netns} {CHROMIUM} "$@"\n')
            wrapper.chmod(0o755)
            executable = str(wrapper)
        browser = playwright.chromium.launch(executable_path=executable, args=list(FLAGS))
        try:
            yield browser.new_context(**context_options).new_page()
        finally:
            browser.close()


def log_in(page: Page, address: str, token: str) -> None:
    """Log in to the panel at ``address`` (http://host:port) as a person does."""
    page.goto(address + "/")
    page.get_by_label("Token").fill(token)
    page.get_by_role("button").first.click()
    page.wait_for_selector("#player")


def watch(page: Page, address: str, seconds: float = 20.0, within_s: float = 30.0) -> Watched:
    """Watch /watch for ``seconds`` after the first decoded second.  Fails when no picture comes within ``within_s``."""
    page.goto(address + "/watch")
    page.wait_for_function(
        "() => window.streamkitPlayer && window.streamkitPlayer.video.currentTime > 1", timeout=within_s * 1000
    )
    first = page.evaluate(STATS)
    pictures = []
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        pictures.append(page.evaluate(PIXELS))
        time.sleep(min(0.5, max(deadline - time.monotonic(), 0)))
    last = page.evaluate(STATS)
    moved = sum(_difference(a, b) > 1.0 for a, b in itertools.pairwise(pictures))
    video, before = last["video"], first["video"]
    audio = last.get("audio", {})
    emitted = video["jitterBufferEmittedCount"] - before["jitterBufferEmittedCount"]
    return Watched(
        seconds=(last["at_ms"] - first["at_ms"]) / 1000,
        frames_decoded=video["framesDecoded"] - before["framesDecoded"],
        frames_dropped=video["framesDropped"] - before["framesDropped"],
        video_packets_lost=video["packetsLost"],
        audio_packets_received=audio.get("packetsReceived", 0) - first.get("audio", {}).get("packetsReceived", 0),
        audio_packets_lost=audio.get("packetsLost", 0),
        width=video["frameWidth"],
        height=video["frameHeight"],
        codec_fps=video.get("framesPerSecond"),
        looks=len(pictures) - 1,
        moved=moved,
        jitter_buffer_ms=1000 * (video["jitterBufferDelay"] - before["jitterBufferDelay"]) / max(emitted, 1),
    )


def _difference(a: list[int], b: list[int]) -> float:
    """Mean absolute difference of two pictures' bytes (0 to 255)."""
    return sum(abs(x - y) for x, y in zip(a, b, strict=True)) / len(a)
