"""Which network the container has, and why.  Pure.

On a bridge only the panel's port leads in, which is all that a host needs that publishes to a server.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from streamkit.config import Value
from streamkit.errors import BadInputError

WHY_HOST = (
    "viewers' media goes to this host's own addresses, and a bridge would offer them addresses that they cannot reach"
)


def choose_network(values: Mapping[str, Value]) -> tuple[str, str]:
    """Return ("host" or "bridge", reason).  Raises BadInputError where a bridge was asked for that cannot work."""
    asked, url = str(values["network"]), str(values["server_url"])
    if values["publish"] == "whep":
        if asked == "bridge":
            raise BadInputError(
                f"streamkit_network is 'bridge' while streamkit_publish is 'whep': {WHY_HOST}; "
                "use 'auto' or 'host', or publish by 'whip'."
            )
        return "host", f"The host's network: {WHY_HOST}."
    if is_loopback(url):
        if asked == "bridge":
            raise BadInputError(
                f"streamkit_network is 'bridge' while streamkit_server_url is {url!r}, which leads from a bridge back into the "
                "container; use 'auto' or 'host', or the server's address on the network."
            )
        return "host", f"The host's network: the server listens on this host's loopback ({url})."
    if asked == "host":
        return "host", "The host's network: streamkit_network is 'host'."
    return (
        "bridge",
        "A bridge of Docker's with the panel's port alone: publishing by WHIP, nobody connects to this host.",
    )


def check_reachable(network: str, values: Mapping[str, Value]) -> None:
    """Check values that were changed while the container runs on ``network``.  Raises BadInputError."""
    if network != "bridge":
        return
    cure = "set it in the inventory and deploy again, or deploy with streamkit_network: host."
    if values["publish"] == "whep":
        raise BadInputError(
            f"streamkit_publish cannot become 'whep' while the container runs: it is on a bridge network, and {WHY_HOST}; {cure}"
        )
    if is_loopback(str(values["server_url"])):
        raise BadInputError(
            f"streamkit_server_url cannot become {values['server_url']!r} while the container runs: it is on a bridge network, "
            f"where that address is the container itself; {cure}"
        )


def is_loopback(url: str) -> bool:
    """Whether a URL leads to the machine that asks."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
