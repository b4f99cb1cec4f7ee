"""A panel under attack: its own process, a supervisor that notes what it is asked, and what the process costs."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

TOKEN = "correct horse battery staple"


@dataclass
class Supervisor:
    """What the panel asked on ``control.sock``; every wish is granted."""

    asked: list[dict[str, Any]] = field(default_factory=list)


@contextlib.contextmanager
def supervising(run_dir: Path) -> Iterator[Supervisor]:
    """Answer on ``control.sock`` in the place of the supervisor."""
    found = Supervisor()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            line = self.rfile.readline()
            if line:
                found.asked.append(json.loads(line))
                self.wfile.write(b'{"ok":true,"changed":false,"version":"1","stream":{"state":"running"}}\n')

    with socketserver.ThreadingUnixStreamServer(str(run_dir / "control.sock"), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()


@dataclass
class Target:
    """The panel's process."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path
    """What the process says on standard error."""

    @property
    def memory_bytes(self) -> int:
        """Resident memory."""
        return int(psutil.Process(self.process.pid).memory_info().rss)

    @property
    def descriptors(self) -> int:
        """Open files and sockets."""
        return int(psutil.Process(self.process.pid).num_fds())

    @property
    def cpu_s(self) -> float:
        """Processor time used so far."""
        times = psutil.Process(self.process.pid).cpu_times()
        return float(times.user + times.system)

    @property
    def said(self) -> str:
        """Everything on standard error."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def ask(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        token: str | None = TOKEN,
        source: str = "127.0.0.1",
        timeout_s: float = 20.0,
    ) -> tuple[int, dict[str, str], bytes]:
        """One well-formed request; returns (status, headers by lower-case name, body)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout_s, source_address=(source, 0))
        given = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            connection.request(method, path, body or None, {**given, **(headers or {})})
            response = connection.getresponse()
            return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
        finally:
            connection.close()

    def cookie(self) -> str:
        """Log in and return the session's cookie as it is sent."""
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        status, headers, _ = self.ask("POST", "/login", b"token=correct+horse+battery+staple", form, token=None)
        assert status == 303, status
        return headers["set-cookie"].partition(";")[0]


PANEL = ("streamkit.container", "panel", "--host", "127.0.0.1", "--port", "0")


@contextlib.contextmanager
def attacked(
    folder: Path,
    token_file: Path,
    upstream: str,
    environment: Mapping[str, str] | None = None,
    module: Sequence[str] = PANEL,
) -> Iterator[Target]:
    """Start the panel, or another ``module``, with the run directory ``folder``, and end it afterwards."""
    log = folder.parent / "panel.log"
    given = {
        "STREAMKIT_RUN_DIR": str(folder),
        "STREAMKIT_STATE_DIR": str(folder.parent / "state"),
        "STREAMKIT_RELEASE_DIR": str(folder.parent / "release"),
        "STREAMKIT_SECRETS_DIR": str(token_file.parent),
        "STREAMKIT_PANEL_TOKEN_FILE": str(token_file),
        "STREAMKIT_WHEP_UPSTREAM": upstream,
        **(environment or {}),
    }
    with log.open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", *module],
            env={**os.environ, **given},
            stderr=said,
        )
    try:
        yield Target(process, _port_of(process, log), log)
    finally:
        process.terminate()
        process.wait(timeout=30)


def _port_of(process: subprocess.Popen[bytes], log: Path) -> int:
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        found = re.search(r"listens on http://[^ ]+:(\d+)/\n", log.read_text(encoding="utf-8", errors="replace"))
        if found:
            return int(found[1])
        assert process.poll() is None, log.read_text(encoding="utf-8", errors="replace")
        time.sleep(0.02)
    raise AssertionError("the panel does not listen after a minute")


def wait_until(holds: Callable[[], bool], what: str, timeout_s: float = 30.0) -> None:
    """Wait until something holds; ``what`` says what it was when it never does."""
    ends = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < ends, f"not within {timeout_s:g} s: {what}"
        time.sleep(0.05)
