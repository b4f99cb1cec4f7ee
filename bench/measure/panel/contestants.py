"""The panels that are measured, each as a process of its own, and the box that all of them look at."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from streamkit.documents import write_document
from streamkit.errors import UnavailableError

BASELINE = Path(__file__).parents[2] / "baselines" / "panel" / "polling.py"
STATES = Path(__file__).parent / "states.json"
TOKEN = "measured on loopback"
STARTS_WITHIN_S = 60.0
GLANCES = "4.5.8"
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Contestant:
    """A running panel: what its records are called, its process, its port, and what is asked for stats and status."""

    name: str
    pid: int
    port: int
    stats: str
    status: str
    token: str = ""

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"


@contextlib.contextmanager
def box(run_dir: Path, preview: bool) -> Iterator[Path]:
    """Yield the run directory of a streaming box; a thread writes it as launcher and poller do.

    Without ``preview`` it publishes to a server that offers no picture: a page has nothing to decode or to ask for.
    """
    content = json.loads(STATES.read_text(encoding="utf-8"))
    run_dir.mkdir()
    begun = time.time()
    pid = os.getpid()
    supervisor = content["supervisor"]
    supervisor["stream"] |= {"pid": pid, "since": begun}
    if not preview:
        supervisor["publish"] = "whip"
        for name, value in (("publish", "whip"), ("server_url", "http://127.0.0.1:8080/publish")):
            supervisor["settings"][name] = {"value": value, "origin": "inventory"}
    write_document(run_dir / "supervisor.json", {**supervisor, "updated_at": begun})
    ended = threading.Event()

    def write() -> None:
        second = 0
        while True:
            launch = content["launch"]
            frames = 30 * second
            launch["video"] |= {"captured": frames, "encoded": frames, "fps": 29.9 + second % 3 / 10}
            launch["ledger"]["video"] |= {"captured": frames, "sent": frames}
            now = time.time()
            write_document(run_dir / "launch.json", {**launch, "pid": pid, "sampled_at": now, "uptime_s": now - begun})
            if not preview and second % 5 == 0:
                write_document(run_dir / "server.json", {**content["server"], "sampled_at": now})
            second += 1
            if ended.wait(1.0):
                return

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield run_dir
    finally:
        ended.set()
        thread.join()


@contextlib.contextmanager
def status_server() -> Iterator[str]:
    """Yield the status address of a stand-in for the streaming server: what the panel before asks with curl."""

    class Handler(BaseHTTPRequestHandler):
        wbufsize = -1  # one write for each answer

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            """List no streams."""
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"[]")

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=functools.partial(server.serve_forever, 0.05))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/api/status"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def status_of(panel: str) -> contextlib.AbstractContextManager[str]:
    """Return what a panel of this kind ("product" or "polling") asks about the server: a stand-in, or nothing."""
    return status_server() if panel == "polling" else contextlib.nullcontext("")


@contextlib.contextmanager
def product(folder: Path, run_dir: Path) -> Iterator[Contestant]:
    """Yield our panel."""
    token_file = folder / "panel_token"
    token_file.write_text(TOKEN + "\n", encoding="utf-8")
    environment = {"STREAMKIT_RUN_DIR": str(run_dir), "STREAMKIT_PANEL_TOKEN_FILE": str(token_file)}
    words = [sys.executable, "-m", "streamkit.container", "panel", "--host", "127.0.0.1", "--port", "0"]
    with _process(words, folder / "panel.log", environment) as process:
        yield Contestant(
            "after", process.pid, _said_port(process, folder / "panel.log"), "/api/stats", "/api/status", TOKEN
        )


@contextlib.contextmanager
def baseline(folder: Path, run_dir: Path, address: str) -> Iterator[Contestant]:
    """Yield the panel before.  Raises UnavailableError where there is no curl."""
    if shutil.which("curl") is None:
        raise UnavailableError("The panel before runs curl, which is not here; install the package curl.")
    with _process([sys.executable, str(BASELINE), str(run_dir), address], folder / "before.log") as process:
        yield Contestant("before", process.pid, _said_port(process, folder / "before.log"), "/api/stats", "/api/status")


@contextlib.contextmanager
def glances(folder: Path, venv: Path) -> Iterator[Contestant]:
    """Yield Glances' web server from a virtual environment of its own, which is made where there is none.

    Raises UnavailableError when it cannot be had.
    """
    program = install_glances(venv)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = [str(program), "-w", "--bind", "127.0.0.1", "--port", str(port), "--disable-check-update"]
    with _process([*words, "--disable-autodiscover"], folder / "glances.log") as process:
        found = Contestant("glances", process.pid, port, "/api/4/all", "/api/4/status")
        _wait(lambda: _answers(found.address + found.status), process, folder / "glances.log")
        yield found


def install_glances(venv: Path) -> Path:
    """Return the program; raises UnavailableError when pip cannot get it."""
    program = venv / "bin" / "glances"
    stamp = venv / f".glances-{GLANCES}"
    if stamp.exists():
        return program
    for words in (
        [sys.executable, "-m", "venv", "--clear", str(venv)],
        [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet", f"glances[web]=={GLANCES}"],
    ):
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise UnavailableError(f"Glances {GLANCES} could not be installed ({last}); measure without: --no-glances.")
    stamp.touch()
    return program


@contextlib.contextmanager
def _process(
    words: Sequence[str], log: Path, environment: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as stream:
        process = subprocess.Popen(
            words, env={**os.environ, **(environment or {})}, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _said_port(process: subprocess.Popen[bytes], log: Path) -> int:
    def said() -> int | None:
        found = re.search(r"listens on http://\S+:(\d+)/", log.read_text(encoding="utf-8", errors="replace"))
        return int(found[1]) if found else None

    return _wait(said, process, log)


def _answers(address: str) -> int | None:
    try:
        with OPENER.open(address, timeout=5) as answer:
            return int(answer.status)
    except OSError:
        return None


def _wait(look: Any, process: subprocess.Popen[bytes], log: Path) -> int:
    deadline = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        found: int | None = look()
        if found is not None:
            return found
        time.sleep(0.1)
    text = log.read_text(encoding="utf-8", errors="replace").strip()
    raise UnavailableError(f"{log.stem} did not start; the end of what it said: {text[-300:] or 'nothing'}")
