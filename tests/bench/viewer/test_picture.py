"""Whole pictures out of the page: to the byte what the decoder gave, and a refusal where that is no luma."""

from __future__ import annotations

import base64
import json
import time
from typing import Any, cast

import numpy as np
import pytest

from bench.measure.psnr import match, mean_db, offsets, plane
from bench.stream.rings import PERIOD_FRAMES
from bench.viewer.devtools import Browser
from bench.viewer.picture import Keep, Picture, begin, refusal, take
from bench.viewer.server import serving
from bench.viewer.watch import _script
from streamkit.launch.timecode import Pattern, TimeCode, planes
from tests.bench.stream.formula import ring

WIDTH, HEIGHT = 640, 360
# Pictures in turn, for as long as the page is there.
PLAY = """
(async () => {
  const pictures = %s.map((text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0)));
  const track = new MediaStreamTrackGenerator({ kind: "video" }), writer = track.writable.getWriter();
  const video = document.querySelector("video");
  %s
  video.play();
  window.bench = benchCollector(video, null);
  let count = 0;
  setInterval(() => writer.write(new VideoFrame(pictures[count %% pictures.length], {
    format: "%s", codedWidth: %d, codedHeight: %d, timestamp: 50000 * count++,
  })), 50);
})()
"""
# As if they came out of a decoder.
DIRECT = "video.srcObject = new MediaStream([track]);"
# Through an encoder and a connection to the page itself.
CONNECT = """
  const [from, to] = [new RTCPeerConnection(), new RTCPeerConnection()];
  from.onicecandidate = ({ candidate }) => to.addIceCandidate(candidate);
  to.onicecandidate = ({ candidate }) => from.addIceCandidate(candidate);
  to.ontrack = (event) => { video.srcObject = new MediaStream([event.track]); };
  track.contentHint = "detail";
  const sender = from.addTrack(track);
  await from.setLocalDescription(await from.createOffer());
  await to.setRemoteDescription(from.localDescription);
  await to.setLocalDescription(await to.createAnswer());
  await from.setRemoteDescription(to.localDescription);
  await sender.setParameters({ ...sender.getParameters(), degradationPreference: "maintain-resolution" });
"""


def picture(number: int) -> bytes:
    """One picture in I420, with its number painted in."""
    luma, chroma = WIDTH * HEIGHT, WIDTH * HEIGHT // 4
    made = bytearray(ring(number, WIDTH, HEIGHT).tobytes() + bytes([128]) * (2 * chroma))
    offsets, strides = [0, luma, luma + chroma], [WIDTH, WIDTH // 2, WIDTH // 2]
    for offset, line in Pattern(planes("I420", HEIGHT, offsets, strides)).lines(TimeCode(number, 1000)):
        made[offset : offset + len(line)] = line
    return bytes(made)


def shown(browser: Browser, pictures: list[bytes], pixel_format: str, way: str = DIRECT) -> None:
    """Let the page show pictures, and wait for the first."""
    texts = json.dumps([base64.b64encode(one).decode() for one in pictures])
    browser.evaluate(_script("collect.js") + "; 0")
    browser.evaluate(PLAY % (texts, way, pixel_format, WIDTH, HEIGHT))
    until(browser, "bench.seen()")


def until(browser: Browser, condition: str) -> None:
    deadline = time.monotonic() + 60
    while not browser.evaluate(condition):
        assert time.monotonic() < deadline, condition
        time.sleep(0.1)


def pass_by(browser: Browser, count: int) -> None:
    """Let so many pictures pass."""
    until(browser, f"(window.passed = (window.passed || 0) + bench.drain().samples.length) >= {count}")


@pytest.mark.browser
def test_luma_comes_to_the_byte_with_its_number() -> None:
    # The last two are on either side of where numbers begin anew.
    pictures = {number: picture(number) for number in (1, 65535, 0)}
    with serving("http://127.0.0.1:9/", None) as server, Browser() as browser:
        browser.open(server.address + "/")
        shown(browser, list(pictures.values()), "I420")
        begin(browser, Keep(every=2, most=4))
        pass_by(browser, 12)
        kept = take(browser)
        assert take(browser).pictures == () and kept.refused is None
    assert [(one.width, one.height) for one in kept.pictures] == [(WIDTH, HEIGHT)] * 4
    assert all(one.luma == pictures[one.frame][: WIDTH * HEIGHT] for one in kept.pictures)
    assert len({one.frame for one in kept.pictures}) > 1


@pytest.mark.browser
def test_pictures_that_a_real_connection_has_coded_are_found_again() -> None:
    pictures = [picture(number) for number in range(PERIOD_FRAMES)]
    with serving("http://127.0.0.1:9/", None) as server, Browser() as browser:
        browser.open(server.address + "/")
        shown(browser, pictures, "I420", CONNECT)
        # Chromium's own sender begins at a low bitrate.
        pass_by(browser, 40)
        begin(browser, Keep(every=3, most=8))
        pass_by(browser, 80)
        kept = take(browser)
    assert kept.refused is None and len(kept.pictures) == 8
    reference = [plane(one[: WIDTH * HEIGHT], WIDTH, HEIGHT) for one in pictures]
    matches = [match(one.frame, plane(one.luma, one.width, one.height), reference) for one in kept.pictures]
    assert set(offsets(matches, PERIOD_FRAMES)) == {0}
    assert 28 < mean_db(matches) < 60 and min(one.apart_db for one in matches) > 3


@pytest.mark.browser
def test_pictures_in_rgb_are_refused_and_nothing_is_kept_unasked() -> None:
    grey = np.frombuffer(picture(7)[: WIDTH * HEIGHT], dtype=np.uint8)
    with serving("http://127.0.0.1:9/", None) as server, Browser() as browser:
        browser.open(server.address + "/")
        shown(browser, [np.repeat(grey, 4).tobytes()], "RGBX")
        pass_by(browser, 3)
        assert take(browser).refused is None
        begin(browser, Keep(every=1, most=4))
        pass_by(browser, 9)
        kept = take(browser)
    assert kept.pictures == () and kept.refused == refusal("RGBX")


def test_a_refusal_is_one_sentence_with_the_format() -> None:
    assert refusal("RGBX").startswith("Chromium gives its pictures as RGBX, and the luma")
    assert refusal("null").startswith("Chromium gives its pictures in a format that no page may read, and")
    assert "\n" not in refusal("RGBX") and refusal("RGBX").endswith(".")


class Page:
    """What the page has to hand over, in place of a browser."""

    def __init__(self, answers: dict[str, list[Any]]) -> None:
        self.answers, self.asked = answers, list[str]()

    def evaluate(self, script: str) -> Any:
        self.asked.append(script)
        return self.answers.get(script, [None]).pop(0)


def test_pictures_are_asked_for_one_by_one() -> None:
    luma = bytes(range(6))
    one = {"frame": 65535, "width": 3, "height": 2, "luma": base64.b64encode(luma).decode()}
    page = Page({"bench.picture()": [one, {**one, "frame": 0}, None], "bench.refused()": ["RGBA"]})
    begin(cast(Browser, page), Keep(7, 40))
    kept = take(cast(Browser, page))
    assert kept.pictures == (Picture(65535, 3, 2, luma), Picture(0, 3, 2, luma)) and kept.refused == refusal("RGBA")
    assert page.asked == ["bench.keep(7, 40); 0", *["bench.picture()"] * 3, "bench.refused()"]
