"""Which network, why, and what a running container may not be changed to."""

from __future__ import annotations

import pytest

from streamkit.config import Value
from streamkit.errors import BadInputError
from streamkit.plan.network import check_reachable, choose_network, is_loopback
from tests.conftest import MakeSettings

LAN = "http://server:8080/api/whip"


@pytest.mark.parametrize(
    ("changed", "network", "words"),
    [
        ({}, "host", "viewers' media goes to this host's own addresses"),
        ({"network": "host"}, "host", "viewers' media"),
        ({"publish": "whip", "server_url": LAN}, "bridge", "nobody connects to this host"),
        ({"publish": "whip", "server_url": LAN, "network": "bridge"}, "bridge", "nobody connects"),
        ({"publish": "whip", "server_url": LAN, "network": "host"}, "host", "streamkit_network is 'host'"),
        (
            {"publish": "whip", "server_url": "http://localhost:8080/api/whip"},
            "host",
            "listens on this host's loopback",
        ),
        ({"publish": "whip", "server_url": "http://[::1]:8080/api/whip"}, "host", "loopback"),
    ],
)
def test_network_follows_from_who_connects_to_whom(
    settings: MakeSettings, changed: dict[str, Value], network: str, words: str
) -> None:
    chosen, reason = choose_network(settings(**changed))
    assert chosen == network
    assert words in reason and reason.endswith(".")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"network": "bridge"}, "streamkit_network is 'bridge' while streamkit_publish is 'whep'"),
        (
            {"network": "bridge", "publish": "whip", "server_url": "http://127.0.0.1:8080/api/whip"},
            "streamkit_server_url is 'http://127.0.0.1:8080/api/whip', which leads from a bridge back into the container",
        ),
    ],
)
def test_bridge_that_cannot_work_is_refused(settings: MakeSettings, changed: dict[str, Value], words: str) -> None:
    with pytest.raises(BadInputError) as caught:
        choose_network(settings(**changed))
    assert words in str(caught.value) and "use 'auto' or 'host'" in str(caught.value)


def test_running_container_cannot_leave_its_bridge(settings: MakeSettings) -> None:
    whip: dict[str, Value] = {"publish": "whip", "server_url": LAN}
    check_reachable("bridge", settings(**whip))
    check_reachable("host", settings())
    with pytest.raises(BadInputError, match=r"streamkit_publish cannot become 'whep'.*set it in the inventory"):
        check_reachable("bridge", settings())
    with pytest.raises(BadInputError, match=r"streamkit_server_url cannot become 'http://localhost/whip'"):
        check_reachable("bridge", settings(publish="whip", server_url="http://localhost/whip"))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.8.0.1/whip", True),
        ("http://LOCALHOST:80/whip", True),
        ("http://localhost.example/whip", False),
        ("http://192.0.2.7/whip", False),
        ("", False),
    ],
)
def test_loopback(url: str, expected: bool) -> None:
    assert is_loopback(url) is expected
