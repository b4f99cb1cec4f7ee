"""Names of the panel that only a deployment knows."""

from __future__ import annotations

import pytest

from streamkit.render.names import panel_names


@pytest.mark.parametrize(
    ("given", "hostname", "reached_as", "network", "names"),
    [
        ("", "box", "192.0.2.7", "host", []),
        ("", "box", "192.0.2.7", "bridge", ["box"]),
        ("", "box", "TV.example.org", "host", ["tv.example.org"]),
        ("a.example.org,b.example.org.", "box", "a.example.org", "bridge", ["a.example.org", "b.example.org", "box"]),
        ("", "", "localhost", "bridge", []),
        ("", "box", "2001:db8::1", "host", []),
        ("", "odd name", "user@box", "bridge", []),
        ("", "", "a,b", "host", []),
    ],
)
def test_names_are_what_the_container_cannot_know(
    given: str, hostname: str, reached_as: str, network: str, names: list[str]
) -> None:
    assert panel_names(given, hostname, reached_as, network) == names
