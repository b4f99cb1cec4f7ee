"""Names and addresses that may stand in the Host header."""

from __future__ import annotations

import pytest

from streamkit.panel.hosts import is_own, machine_names, own_names

NAMES = own_names("Box", ["tv.example.org", " Panel.Example.org. ", ""])


@pytest.mark.parametrize(
    "host",
    [
        "192.0.2.7",
        "192.0.2.7:8081",
        "[::1]",
        "[2001:db8::1]:8081",
        "[::ffff:192.0.2.7]:80",
        "localhost:8081",
        "LOCALHOST",
        "localhost.",
        "box:8081",
        "BOX.local",
        "box.lan:80",
        "box.home.arpa",
        "tv.example.org:8443",
        "panel.example.org",
    ],
)
def test_addresses_and_own_names_are_taken(host: str) -> None:
    assert is_own(host, NAMES)


@pytest.mark.parametrize(
    "host",
    [
        "evil.test",
        "box.evil.test:8081",
        "localhost.evil.test",
        "192.0.2.7.evil.test",
        "evil.test:box",
        "tv.example.org.evil.test",
        "tv",
        "",
        ":",
        ":8081",
        ".",
        "[evil.test]",
        "[::1]evil",
        "::1",
        "box box",
        "box,evil.test",
        "user@box",
        "box/",
        "box:8081:1",
        "box:",
        "3221225985",
        "0x7f.1",
    ],
)
def test_every_other_name_is_refused(host: str) -> None:
    assert not is_own(host, NAMES)


def test_a_machine_knows_its_own_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "box.venue.example")
    names = machine_names(["stage"])
    assert {"box.venue.example", "box", "box.local", "stage", "stage.lan", "localhost"} <= names
    assert "box.venue.example.local" not in names
