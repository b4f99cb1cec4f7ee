"""The poller against a real HTTP server."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from streamkit.documents import read_document
from streamkit.errors import BadInputError
from streamkit.poll import ask, make_session, status_address
from tests.local_server import QuietHandler, serving

KEY = "the-stream-key"
LISTING = [
    {"streamKey": "somebody-elses-key", "firstSeenEpoch": 5, "videoStreams": None, "whepSessions": "odd"},
    {
        "streamKey": KEY,
        "firstSeenEpoch": 1700000000,
        "audioPacketsReceived": 500,
        "videoStreams": [
            {"rid": "default", "packetsReceived": 900, "lastKeyFrameSeen": "2026-01-01T00:00:00Z", "x": KEY}
        ],
        "whepSessions": [{"id": "a"}, {"id": "b"}],
    },
    "nonsense",
]


class Box:
    """A server's status page: ``answers`` are given in turn, the last one for ever."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, bytes]] = [(200, json.dumps(LISTING).encode())]
        self.paths: list[str] = []
        self.connections: set[tuple[str, int]] = set()
        self.address = ""


@pytest.fixture
def box() -> Iterator[Box]:
    """A server on a free port."""

    class Handler(QuietHandler):
        protocol_version = "HTTP/1.1"

        def handle(self) -> None:
            # The poller hangs up on an answer that is too long.
            with contextlib.suppress(ConnectionResetError, BrokenPipeError):
                super().handle()

        def do_GET(self) -> None:
            found.paths.append(self.path)
            found.connections.add(self.client_address)
            status, body = found.answers.pop(0) if len(found.answers) > 1 else found.answers[0]
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if status == 302:
                self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(body)

    with serving(Handler) as address:
        found = Box()
        found.address = f"{address}/api/status"
        yield found


def ask_once(address: str) -> dict[str, Any]:
    """Ask with a session of its own."""
    with make_session() as session:
        return ask(session, address, KEY)


def test_own_stream_is_found_and_no_key_is_kept(box: Box) -> None:
    found = ask_once(box.address)
    assert (found["reachable"], found["http_status"], found["error"]) == (True, 200, None)
    assert found["latency_ms"] > 0
    own, other = found["streams"]
    assert (own["own"], own["viewers"], own["videoStreams"][0]["packetsReceived"]) == (True, 2, 900)
    assert (other["own"], other["viewers"], other["videoStreams"]) == (False, None, [])
    assert "key" not in json.dumps(found).replace("lastKeyFrameSeen", "")


def test_one_connection_serves_many_questions(box: Box) -> None:
    with make_session() as session:
        for _ in range(5):
            assert ask(session, box.address, KEY)["http_status"] == 200
    assert len(box.connections) == 1


def test_a_moment_of_trouble_is_retried(box: Box) -> None:
    box.answers = [(500, b""), (503, b""), (429, b""), (200, b"[]")]
    found = ask_once(box.address)
    assert (found["http_status"], found["error"], found["streams"]) == (200, None, [])
    assert len(box.paths) == 4


def test_lasting_trouble_is_told(box: Box) -> None:
    box.answers = [(500, b"")]
    found = ask_once(box.address)
    assert (found["reachable"], found["http_status"]) == (True, 500)
    assert found["error"] == f"{box.address} answered 500."
    assert len(box.paths) == 4


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (404, b"", "answered 404"),
        (302, b"", "answered 302"),
        (200, b"<html>", "not with JSON"),
        (200, b" " * 2**21, "more than"),
    ],
)
def test_odd_answers_are_told_and_not_followed(box: Box, status: int, body: bytes, said: str) -> None:
    box.answers = [(status, body)]
    found = ask_once(box.address)
    assert found["reachable"] is True
    assert said in found["error"]
    assert box.paths == ["/api/status"]


def test_a_refused_connection_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    address = f"http://127.0.0.1:{port}/api/status"
    found = ask_once(address)
    assert (found["reachable"], found["http_status"], found["latency_ms"]) == (False, None, None)
    assert found["error"] == f"{address} does not answer (Connection refused)."


@pytest.mark.parametrize(
    ("server_url", "address"),
    [
        ("http://box:8080/api/whip", "http://box:8080/api/status"),
        ("https://box/tv/api/whip", "https://box/tv/api/status"),
        ("http://box/whip/live", "http://box/api/status"),
    ],
)
def test_status_address(server_url: str, address: str) -> None:
    assert status_address(server_url) == address


@pytest.mark.parametrize("server_url", ["", "box:8080", "ftp://box/api/whip", "http://", "http://[::1"])
def test_bad_server_url_is_named(server_url: str) -> None:
    with pytest.raises(BadInputError, match="SERVER_URL is"):
        status_address(server_url)


def test_the_process_keeps_server_json_fresh_and_ends_on_sigterm(box: Box, tmp_path: Path) -> None:
    (tmp_path / "stream_key").write_text(KEY, encoding="utf-8")
    environment = {
        **os.environ,
        "STREAMKIT_RUN_DIR": str(tmp_path),
        "STREAMKIT_SECRETS_DIR": str(tmp_path),
        "SERVER_URL": box.address.replace("/status", "/whip"),
    }
    command = [sys.executable, "-m", "streamkit.poll", "--interval", "0.1"]
    with subprocess.Popen(command, env=environment) as process:
        deadline = time.monotonic() + 20
        while len(box.paths) < 3 and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
    document = read_document(tmp_path / "server.json")
    assert document["schema_version"] == 1
    assert document["streams"][0]["own"] is True
    assert len(box.paths) >= 3


def test_the_process_refuses_a_missing_address(tmp_path: Path) -> None:
    environment = {**os.environ, "STREAMKIT_RUN_DIR": str(tmp_path), "SERVER_URL": ""}
    ended = subprocess.run([sys.executable, "-m", "streamkit.poll"], env=environment, capture_output=True, text=True)
    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 1
