"""Real Chromium watches the real stream: a delay that is put in is found again, and what goes wrong is said."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from bench.viewer import watch
from bench.viewer.budget import budget
from bench.viewer.devtools import Browser, PageError
from bench.viewer.score import score
from streamkit.errors import UnavailableError
from tests.conftest import REPOSITORY
from tests.launcher.container import Running, launched
from tests.streamkit.panel.conftest import TOKEN, States, start_panel

LISTEN = "127.0.0.1:18491"
WHEP = f"http://{LISTEN}/whep/endpoint"
DELAY_MS = 150
LINE = (
    f"--paint-timecode whepserversink name=sink signaller::host-addr=http://{LISTEN} signaller::stun-server=NULL"
    " stun-server=NULL congestion-control=disabled do-fec=false"
    " videotestsrc name=capture is-live=true pattern=smpte horizontal-speed=4"
    " ! video/x-raw,format=I420,width=640,height=360,framerate=30/1 ! queue"
    " ! x264enc name=encoder speed-preset=ultrafast tune=zerolatency bitrate=800 key-int-max=60 threads=2"
    " ! video/x-h264,profile=constrained-baseline ! h264parse name=parser config-interval=-1 {held} ! queue ! sink."
    " audiotestsrc is-live=true volume=0.05 samplesperbuffer=480 ! audio/x-raw,rate=48000,channels=2"
    " ! opusenc frame-size=10 ! queue ! sink."
)
HELD = f"! queue max-size-buffers=0 max-size-bytes=0 max-size-time=0 min-threshold-time={DELAY_MS * 1_000_000}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def stream(product_image: str, tmp_path: Path) -> Iterator[Callable[[str], Running]]:
    with contextlib.ExitStack() as stack:

        def start(held: str) -> Running:
            folder = tmp_path / f"run{len(held)}"
            folder.mkdir()
            words = LINE.format(held=held).split()
            running = stack.enter_context(
                launched(product_image, folder, ["streamkit-launch", *words], {"MAX_FRAME_AGE_MS": "0"})
            )
            running.until(lambda document: document["video"]["encoded"] > 0)
            return running

        yield start


def watched(running: Running, seconds: float) -> tuple[watch.ViewerResult, list[dict[str, Any]]]:
    """Watch, and note what the launcher says of its stages meanwhile."""
    stages: list[dict[str, Any]] = []
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(1.0):
            stages.append(running.document()["video"]["stages_ms"])

    looking = threading.Thread(target=look)
    looking.start()
    try:
        return watch.measure(WHEP, seconds, 2.0), stages
    finally:
        ended.set()
        looking.join()


@pytest.mark.image
def test_a_known_delay_is_found_again_and_the_stages_add_up(stream: Callable[[str], Running]) -> None:
    running = stream("")
    plain, stages = watched(running, 5.0)
    running.stop()
    held, _ = watched(stream(HELD), 5.0)
    first, second = score(plain.samples), score(held.samples)
    assert (plain.error, held.error) == (None, None)
    assert first.readable > 60 and first.unreadable == 0
    assert second.readable > 60 and second.unreadable == 0
    assert (first.misordered, second.misordered) == (0, 0)
    assert first.latency_p50_ms is not None and second.latency_p50_ms is not None
    # A frame period for the phase of display and source, and what a busy machine adds to either.
    assert second.latency_p50_ms - first.latency_p50_ms == pytest.approx(DELAY_MS, abs=60)
    found = budget(plain.samples, plain.stats, stages)
    assert found.closes(within_ms=max(3.0, 0.1 * first.latency_p50_ms)), found
    # No picture reached the browser before it was captured: clock, code and callback belong together.
    assert all(
        (one.receive_ms or 0.0) - (one.capture_ms or 0.0) > -(plain.method_error_ms or 0.0)
        for one in plain.samples
        if one.capture_ms is not None
    )
    assert plain.method_error_ms is not None and plain.method_error_ms < 20
    assert plain.cpu_percent is not None and 0 < plain.cpu_percent < 100 * (os.cpu_count() or 1)
    assert plain.audio["totalSamplesReceived"] == pytest.approx(48000 * plain.seconds, rel=0.2)
    assert (plain.width, plain.height) == (640, 360)


@contextlib.contextmanager
def panel(folder: Path) -> Iterator[str]:
    """The real panel in front of the stream; gives its address."""
    (folder / "state").mkdir()
    states = States(folder / "state")
    states.supervisor()
    states.launch()
    token_file = folder / "token"
    token_file.write_text(TOKEN + "\n")
    with start_panel(states.folder, token_file, WHEP) as process:
        try:
            assert process.stderr is not None
            found = re.search(r":(\d+)/$", process.stderr.readline().strip())
            assert found
            yield f"http://127.0.0.1:{found[1]}"
        finally:
            process.terminate()


@pytest.mark.image
def test_the_product_plays_by_itself_and_is_measured(stream: Callable[[str], Running], tmp_path: Path) -> None:
    stream("")
    with panel(tmp_path) as address:
        with pytest.raises(UnavailableError, match="cannot be watched: it is not ready within"):
            watch.measure(address, 1.0, 0.0, token="wrong", page="product", patience_s=3.0)
        found = watch.measure(address, 4.0, 1.0, token=TOKEN, page="product")
        # The own page goes through the panel's login too.
        own = watch.measure(f"{address}/whep", 2.0, 0.5, token=TOKEN)
    assert (found.error, own.error) == (None, None)
    assert score(found.samples).readable > 30
    assert score(own.samples).readable > 10


@pytest.mark.image
def test_what_ends_in_the_middle_keeps_what_was_seen(
    stream: Callable[[str], Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    running = stream("")
    started: list[Browser] = []
    notes = 0
    before = watch._note

    class Watched(Browser):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            started.append(self)

    def kill() -> None:
        os.killpg(started[0].process.pid, signal.SIGKILL)

    def note(browser: Browser, found: Any) -> None:
        nonlocal notes
        notes += 1
        if notes == 4:
            (kill if len(started) == 1 else running.stop)()
        before(browser, found)

    monkeypatch.setattr(watch, "Browser", Watched)
    monkeypatch.setattr(watch, "_note", note)
    for sentence in ("Chromium ended.", "No picture came for 4 s; the stream ended or its server went away."):
        notes = 0
        began = time.monotonic()
        found = watch.measure(WHEP, 120.0, 0.5)
        assert time.monotonic() - began < 100
        assert found.error is not None and found.error.startswith(sentence)
        assert len(found.samples) > 10
        assert score(found.samples).latency_p50_ms is not None


@pytest.mark.browser
def test_nobody_answers_at_the_address() -> None:
    address = f"http://127.0.0.1:{free_port()}/whep/endpoint"
    with pytest.raises(UnavailableError, match=f"The WHEP server at {address} does not answer") as caught:
        watch.measure(address, 1.0, 0.0)
    assert "\n" not in str(caught.value)


class _Refusing(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        wanted = self.headers.get("Authorization") == "Bearer right"
        self.send_response(503 if wanted else 401)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.mark.browser
def test_a_server_that_refuses_is_quoted_and_the_token_is_sent() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Refusing)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        address = f"http://127.0.0.1:{server.server_address[1]}/whep"
        with pytest.raises(UnavailableError, match="answered 401 to the viewer's offer; give the panel's token"):
            watch.measure(address, 1.0, 0.0, token="wrong")
        with pytest.raises(UnavailableError, match="answered 503"):
            watch.measure(address, 1.0, 0.0, token="right")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_it_travels_with_the_standard_library_alone() -> None:
    code = f"import sys; sys.path.insert(0, {str(REPOSITORY)!r}); from bench.viewer import budget, score, watch; print(watch.FLAGS[0])"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("--headless=new\n", "")


def test_no_chromium(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match=f"No Chromium at {tmp_path}/none; install the package chromium"):
        Browser(executable=tmp_path / "none")


def test_a_browser_that_does_not_start_says_why(tmp_path: Path) -> None:
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\necho 'cannot open display' >&2\nexit 1\n")
    broken.chmod(0o755)
    with pytest.raises(UnavailableError, match="Chromium did not start: cannot open display"):
        Browser(executable=broken)


@pytest.mark.browser
def test_the_pipe_carries_large_and_failing_answers_and_nothing_stays() -> None:
    with Browser() as browser:
        assert browser.evaluate("'x'.repeat(3000000).length + 'ü'.repeat(2)") == "3000000üü"
        assert len(browser.evaluate("'ü'.repeat(2000000)")) == 2_000_000
        with pytest.raises(PageError, match="Error: no"):
            browser.evaluate("Promise.reject(new Error('no'))")
        with pytest.raises(PageError, match="does not open in Chromium"):
            browser.open(f"http://127.0.0.1:{free_port()}/")
        process, profile = browser.process, Path(browser._profile)
    assert process.poll() is not None
    deadline = time.monotonic() + 20
    while profile.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not profile.exists()
