"""What viewers are asked about holding frames: in the answer to their offer, and in every packet of video."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.launcher.container import Running, launched
from tests.launcher.test_sink import SMALL, free_port, rebuilt
from tests.machines.base_image import docker_binary

pytestmark = pytest.mark.image

URI = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"
NONE = "000000"
"""Least and most delay, 12 bits each."""
PACKETS = 60
CAPS = {
    "stream-x264.sh": "encoding-name=H264,packetization-mode=(string)1,profile-level-id=(string)42e01f,"
    "level-asymmetry-allowed=(string)1",
    "stream-vp9.sh": "encoding-name=VP9",
    "stream-av1-svt.sh": "encoding-name=AV1",
}


def ask(
    running: Running, port: int, script: str, number: int, *, uri: str = URI, kind: str = "video"
) -> dict[str, Any]:
    """Connect a viewer that offers the extension under that number (0: not at all); return what it saw."""
    caps = f"application/x-rtp,media=video,clock-rate=90000,payload=96,{CAPS[script]}"
    words = [f"http://127.0.0.1:{port}/whep/endpoint", caps, kind, str(number), uri, str(PACKETS)]
    done = subprocess.run(
        [docker_binary(), "exec", running.name, "python3", "/inside/asking.py", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


@pytest.mark.parametrize("script", CAPS)
def test_viewer_that_can_be_asked_is_asked_in_every_packet(script: str, product_image: str, tmp_path: Path) -> None:
    port = free_port()
    environment = {**SMALL, "WHEP_LISTEN": f"127.0.0.1:{port}", "MAX_FRAME_AGE_MS": "0"}
    with launched(product_image, tmp_path, ["bash", f"/scripts/{script}"], environment) as running:
        running.until(lambda d: d["state"] == "playing")
        # Each viewer has a number of its own for it.
        for number in (3, 12):
            seen = ask(running, port, script, number)
            assert seen == {"answer": {"video": [f"a=extmap:{number} {URI}"]}, "values": {NONE: PACKETS}}
        rebuilt(running, 1)
        assert ask(running, port, script, 5)["values"] == {NONE: PACKETS}
        running.stop()


def test_viewer_that_does_not_offer_it_is_left_alone(product_image: str, tmp_path: Path) -> None:
    port, script = free_port(), "stream-x264.sh"
    environment = {**SMALL, "WHEP_LISTEN": f"127.0.0.1:{port}", "MAX_FRAME_AGE_MS": "0"}
    with launched(product_image, tmp_path, ["bash", f"/scripts/{script}"], environment) as running:
        running.until(lambda d: d["state"] == "playing")
        nothing = {"answer": {}, "values": {"": PACKETS}}
        assert ask(running, port, script, 0) == nothing
        # Only the picture is asked for: sound without a jitter buffer would crackle.
        assert ask(running, port, script, 4, kind="audio")["values"] == {"": PACKETS}
        running.stop()


def test_viewers_hold_frames_where_that_is_wanted(product_image: str, tmp_path: Path) -> None:
    port, script = free_port(), "stream-x264.sh"
    environment = {**SMALL, "WHEP_LISTEN": f"127.0.0.1:{port}", "MAX_FRAME_AGE_MS": "0", "PLAYOUT_DELAY": "receiver"}
    with launched(product_image, tmp_path, ["bash", f"/scripts/{script}"], environment) as running:
        running.until(lambda d: d["state"] == "playing")
        assert ask(running, port, script, 3) == {"answer": {}, "values": {"": PACKETS}}
        running.stop()
