"""The panel as its own process, as the supervisor starts it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

TOKEN = "correct horse battery staple"


def run_to_its_end(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Start the panel where it must refuse."""
    return subprocess.run(
        [sys.executable, "-m", "streamkit.container", "panel", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=30,
    )


@pytest.mark.parametrize(("content", "said"), [(None, "No such file"), ("", "is empty"), (" \n", "is empty")])
def test_without_a_token_it_refuses_in_one_sentence(tmp_path: Path, content: str | None, said: str) -> None:
    path = tmp_path / "token"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    ended = run_to_its_end({"STREAMKIT_PANEL_TOKEN_FILE": str(path)}, "--port", "0")
    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 1
    assert str(path) in ended.stderr and said in ended.stderr and "STREAMKIT_PANEL_TOKEN_FILE" in ended.stderr


def test_a_port_in_use_is_said_in_one_sentence(token_file: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        environment = {"STREAMKIT_PANEL_TOKEN_FILE": str(token_file)}
        ended = run_to_its_end(environment, "--host", "127.0.0.1", "--port", port)
    assert ended.returncode == 3
    assert len(ended.stderr.splitlines()) == 1
    assert port in ended.stderr and "streamkit_panel_port" in ended.stderr


class Events:
    """The event stream of a running panel."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        self._connection.request("GET", "/api/events", headers={"Authorization": f"Bearer {TOKEN}"})
        self.response = self._connection.getresponse()

    def next(self, wanted: str = "combined_update") -> tuple[str, dict[str, Any]]:
        """Return (id, data) of the next event of a kind."""
        number = name = ""
        while True:
            line = self.response.readline().decode().rstrip("\n")
            assert line or self.response.fp, "the stream has ended"
            field, _, value = line.partition(": ")
            if field == "id":
                number = value
            elif field == "event":
                name = value
            elif field == "data" and name == wanted:
                return number, json.loads(value)

    def close(self) -> None:
        """Leave."""
        self.response.close()
        self._connection.close()


def test_it_serves_pages_events_and_the_proxy_at_once(running: Any) -> None:
    assert running.ask("GET", "/")[0] == 200
    pages = [Events(running.port) for _ in range(5)]
    firsts = [page.next() for page in pages]
    assert {data["status"]["stream"]["state"] for _, data in firsts} == {"running"}
    status, headers, body = running.ask("POST", "/whep", b"v=0\r\n", {"Content-Type": "application/sdp"})
    assert (status, headers["location"], body) == (201, "/whep/viewer-1", b"v=0\r\nanswer")
    for page in pages:
        page.close()


def test_a_change_of_state_arrives_at_once_and_figures_every_two_seconds(running: Any, states: Any) -> None:
    page = Events(running.port)
    page.next()
    begun = time.monotonic()
    states.supervisor("stopping")
    _, changed = page.next()
    assert changed["status"]["stream"]["state"] == "stopping"
    assert time.monotonic() - begun < 1.0
    begun = time.monotonic()
    _, regular = page.next()
    assert 1.0 < time.monotonic() - begun < 3.5
    assert regular["stats"]["host"]["cpu_percent"] is not None
    assert regular["stats"]["processes"]["panel"]["cpu_percent"] is not None
    page.close()


def test_a_hanging_signaller_does_not_hold_the_panel(running: Any, signaller: Any) -> None:
    signaller.delay_s = 3.0
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=10)
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/sdp"}
    connection.request("POST", "/whep", b"v=0\r\n", headers)
    begun = time.monotonic()
    assert running.ask("GET", "/api/status")[0] == 200
    assert time.monotonic() - begun < 2.0
    assert connection.getresponse().status == 201
    connection.close()


def test_sigterm_ends_it_soon_even_with_open_pages(running: Any) -> None:
    page = Events(running.port)
    page.next()
    begun = time.monotonic()
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(timeout=10) == 0
    assert time.monotonic() - begun < 5
    page.close()
