"""The names by which browsers reach a host's panel, as far as they are known at deployment."""

from __future__ import annotations

import ipaddress
import re

from streamkit.allowed import HOSTS


def panel_names(given: str, hostname: str, reached_as: str, network: str) -> list[str]:
    """Return the names that the panel cannot find out by itself, each once, in order.

    ``given`` is the setting panel_hosts, ``reached_as`` the name that Ansible reached the host by: it is also in the
    address that a deployment prints.  On the host's own network the container has the host's name; on a bridge it has
    one of its own.  An address is none of them: the panel answers to every address.
    """
    names = [*given.split(","), reached_as, hostname if network == "bridge" else ""]
    wanted = (name.lower().rstrip(".") for name in names)
    return list(dict.fromkeys(name for name in wanted if _is_name(name)))


def _is_name(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return text not in ("", "localhost") and re.fullmatch(HOSTS, text) is not None and "," not in text
    return False
