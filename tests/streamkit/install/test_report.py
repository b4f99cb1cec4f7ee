"""The report at the end of an installation."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from streamkit.errors import UnavailableError
from streamkit.install.report import panel_addresses, panel_status, report
from tests.local_server import QuietHandler, serving


@pytest.mark.parametrize(
    ("bind", "expected"),
    [
        ("0.0.0.0", ["http://localhost:8081", "http://192.0.2.7:8081"]),
        ("127.0.0.1", ["http://localhost:8081"]),
        ("192.0.2.8", ["http://192.0.2.8:8081"]),
    ],
)
def test_addresses_are_those_a_browser_can_open(bind: str, expected: list[str]) -> None:
    assert panel_addresses(bind, 8081, "192.0.2.7") == expected


def test_machine_without_a_network_has_localhost() -> None:
    assert panel_addresses("0.0.0.0", 8081, None) == ["http://localhost:8081"]


STATUS = {
    "stream": {"state": "running", "reason": ""},
    "source": {"reason": "No capture card was found: streaming a moving test picture with a test tone."},
    "settings": {
        "encoder": {"value": "x264"},
        "resolution": {"value": "1280x720"},
        "fps": {"value": "30"},
        "bitrate_kbps": {"value": 7000},
    },
}


def test_report_says_address_source_and_stream() -> None:
    text = report(["http://localhost:8081"], STATUS)
    assert text.startswith("The streamer is running.\n\n  Panel    http://localhost:8081\n")
    assert "No capture card was found" in text
    assert "x264" in text and "7000 kbit/s" in text


def test_stream_that_does_not_run_is_said_first() -> None:
    status = {**STATUS, "stream": {"state": "backoff", "reason": "The stream ended with exit code 1: no such card"}}
    assert report([], status).startswith("The container is healthy, but the stream is backoff. The stream ended with")


class Panel(QuietHandler):
    """Answers /api/status to the right token."""

    def do_GET(self) -> None:
        allowed = self.headers["Authorization"] == "Bearer right" and self.path == "/api/status"
        self.send_response(200 if allowed else 401)
        self.end_headers()
        self.wfile.write(json.dumps(STATUS).encode())


@pytest.fixture
def panel() -> Iterator[str]:
    with serving(Panel) as address:
        yield address


def test_panel_is_asked_with_the_token(panel: str, tmp_path: Path) -> None:
    token = tmp_path / "panel_token"
    token.write_text("right\n")
    assert panel_status(panel, token) == STATUS
    token.write_text("wrong\n")
    with pytest.raises(UnavailableError, match=r"did not say what is streamed \(HTTP Error 401"):
        panel_status(panel, token)


def test_panel_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    token = tmp_path / "panel_token"
    token.write_text("right\n")
    with pytest.raises(UnavailableError, match="Connection refused"):
        panel_status("http://127.0.0.1:9", token)
