"""SIGHUP: the sink goes and comes again, the card and the encoder go on, and who watches afterwards sees a picture."""

from __future__ import annotations

import http.client
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from tests.launcher.container import Running, launched
from tests.local_server import QuietHandler, serving
from tests.machines.base_image import docker_binary

pytestmark = pytest.mark.image

SMALL = {"RESOLUTION": "320x240", "FPS": "30", "BITRATE": "800", "STREAMKIT_LAUNCH": "streamkit-launch"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def watch(running: Running, port: int, pictures: int) -> None:
    """Connect a viewer and wait until it has so many pictures."""
    endpoint = f"http://127.0.0.1:{port}/whep/endpoint"
    done = subprocess.run(
        [docker_binary(), "exec", running.name, "python3", "/inside/viewer.py", endpoint, str(pictures)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def rebuilt(running: Running, times: int) -> dict[str, Any]:
    running.send(signal.SIGHUP)
    return running.until(lambda d: d["sink"] == {"rebuilding": False, "rebuilds": times})


def closes(row: Mapping[str, Any]) -> bool:
    gone = row["sent"] + sum(row["dropped"].values()) + row["in_flight"]
    return bool(row["captured"] + row["duplicated"] == gone and row["unexplained"] == 0)


def test_whep_server_is_rebuilt_on_the_same_port(product_image: str, tmp_path: Path) -> None:
    port = free_port()
    # No frame is late: on a machine that did something else for a moment one would be dropped for that.
    environment = {**SMALL, "WHEP_LISTEN": f"127.0.0.1:{port}", "MAX_FRAME_AGE_MS": "0"}
    with launched(product_image, tmp_path, ["bash", "/scripts/stream-vp9.sh"], environment) as running:
        first = running.until(lambda d: d["state"] == "playing")
        watch(running, port, 15)
        # One viewer watches, and one connection is kept open for more, as the panel's are.
        held = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        held.request("OPTIONS", "/whep/endpoint")
        held.getresponse().read()
        endpoint = f"http://127.0.0.1:{port}/whep/endpoint"
        viewer = [docker_binary(), "exec", running.name, "python3", "/inside/viewer.py", endpoint, "100000"]
        with subprocess.Popen(viewer, stdout=subprocess.DEVNULL) as watching:
            running.until(lambda d: d["viewers"])
            for times in (1, 2, 3):
                row = rebuilt(running, times)["ledger"]["video"]
                assert closes(row)
            running.until(lambda d: d["viewers"] == [])
            watching.kill()
        held.close()
        watch(running, port, 15)
        # What waits for the clock inside a new sink is told not to, as in the first one: else every frame waits 20 ms.
        running.until(lambda d: d["video"]["stages_ms"]["send"]["p50"] < 10)
        last = running.stop()
    row = last["ledger"]["video"]
    assert closes(row)
    assert {name for name, count in row["dropped"].items() if count} == {"sink"}
    # One process, one capture: nothing was captured anew, and no frame is missing but those without a sink.
    assert last["pid"] == first["pid"]
    passed_s = last["uptime_s"] - first["uptime_s"]
    assert row["captured"] - first["ledger"]["video"]["captured"] == pytest.approx(30 * passed_s, rel=0.1)
    assert last["ledger"]["audio"]["gaps"] == 0


class Whip(QuietHandler):
    """A WHIP server that takes no offer, and does not answer a DELETE where it hangs."""

    def do_POST(self) -> None:
        """Refuse."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        time.sleep(8)
        self.send_error(503)


def test_server_that_hangs_does_not_stop_the_card(product_image: str, tmp_path: Path) -> None:
    handler: type[BaseHTTPRequestHandler] = Whip
    with serving(handler) as address:
        environment = {**SMALL, "PUBLISH": "whip", "SERVER_URL": f"{address}/api/whip", "AUDIO_SOURCE": "none"}
        with launched(product_image, tmp_path, ["bash", "/scripts/stream-x264.sh"], environment) as running:
            before = running.until(lambda d: d["state"] == "playing" and d["video"]["captured"] > 30)
            running.send(signal.SIGHUP)
            began = time.monotonic()
            after = running.until(lambda d: d["sink"] == {"rebuilding": False, "rebuilds": 1})
            took_s = time.monotonic() - began
            grown = after["ledger"]["video"]["captured"] - before["ledger"]["video"]["captured"]
            # A card that waits for the server gives nothing.
            assert grown > 0.5 * 30 * (took_s - 1)
            assert closes(after["ledger"]["video"])
            began = time.monotonic()
            last = running.stop()
            assert time.monotonic() - began < 5.5, "the supervisor kills after five seconds"
    assert closes(last["ledger"]["video"])


def test_sink_without_a_name_cannot_be_rebuilt(product_image: str, tmp_path: Path) -> None:
    line = "streamkit-launch videotestsrc is-live=true name=capture ! vp8enc name=encoder ! fakesink"
    with launched(product_image, tmp_path, line.split()) as running:
        running.until(lambda d: d["state"] == "playing")
        running.send(signal.SIGHUP)
        _, errors = running.process.communicate(timeout=60)
        assert running.process.returncode == 1
        assert "no element of the pipeline is called sink" in errors
