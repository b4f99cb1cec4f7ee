"""A real viewer: Chromium on the panel's /watch page, measured by getStats and by reading pixels."""

from __future__ import annotations

import contextlib
import itertools
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Error, Page, sync_playwright

from bench.verify import browser as bench_browser

CHROMIUM = str(bench_browser.CHROMIUM)
# Otherwise the page offers mDNS names that nothing here resolves.
FLAGS = (*bench_browser.FLAGS, "--disable-features=WebRtcHideLocalIpsWithMdns")
WITHIN_S = 120.0
"""For whatever a page waits for; a busy machine, or an emulated one, takes many times what an idle one does."""
LOOKS = 3

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

    def keeps(self, fps: float) -> bool:
        """Whether pictures came at ``fps`` but for a twentieth, and none of their packets was lost."""
        return self.fps >= 0.95 * fps and self.video_packets_lost == 0


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
        browser = playwright.chromium.launch(executable_path=executable, args=list(FLAGS), timeout=WITHIN_S * 1000)
        try:
            page = browser.new_context(**context_options).new_page()
            page.set_default_timeout(WITHIN_S * 1000)
            yield page
        finally:
            browser.close()


def _open(page: Page, address: str) -> None:
    """Open an address, also where its server has just been started and does not listen yet."""
    deadline = time.monotonic() + WITHIN_S
    while True:
        try:
            page.goto(address)
            return
        except Error as problem:
            if "ERR_CONNECTION_REFUSED" not in problem.message or time.monotonic() > deadline:
                raise
        time.sleep(0.3)


def log_in(page: Page, address: str, token: str) -> None:
    """Log in to the panel at ``address`` (http://host:port) as a person does."""
    _open(page, address + "/")
    page.get_by_label("Token").fill(token)
    page.get_by_role("button").first.click()
    page.wait_for_selector("#player video", state="attached")


def watch(page: Page, address: str, seconds: float = 20.0, meanwhile: Callable[[], object] | None = None) -> Watched:
    """Watch /watch for ``seconds`` after the first decoded second, and do ``meanwhile`` once in the middle of them.

    Fails when no picture comes within WITHIN_S.
    """
    _open(page, address + "/watch")
    page.wait_for_function("() => window.streamkitPlayer && window.streamkitPlayer.video.currentTime > 1")
    first = page.evaluate(STATS)
    pictures = []
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        pictures.append(page.evaluate(PIXELS))
        if meanwhile and time.monotonic() > deadline - seconds / 2:
            meanwhile()
            meanwhile = None
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


def watch_until(good: Callable[[Watched], bool], page: Page, address: str, **options: Any) -> list[Watched]:
    """Watch until what was seen is ``good``, LOOKS times at most; return every look, the one that counts last.

    Browser, encoder and whatever else the machine does share two processors: a look in which something else had them
    says nothing of the stream.  What is wrong with the stream is wrong in every look.
    """
    looks = [watch(page, address, **options)]
    while not good(looks[-1]) and len(looks) < LOOKS:
        looks.append(watch(page, address, **options))
    return looks


def keeping(fps: float) -> Callable[[Watched], bool]:
    """Return what :func:`watch_until` asks where a pace must be kept."""
    return lambda seen: seen.keeps(fps)


def figures(looks: Sequence[Watched]) -> dict[str, object]:
    """Return what the report says of the looks: the last one, and the pace of each."""
    return {
        **asdict(looks[-1]),
        "fps": round(looks[-1].fps, 2),
        "fps_of_each_look": [round(one.fps, 2) for one in looks],
    }


def _difference(a: list[int], b: list[int]) -> float:
    """Mean absolute difference of two pictures' bytes (0 to 255)."""
    return sum(abs(x - y) for x, y in zip(a, b, strict=True)) / len(a)
