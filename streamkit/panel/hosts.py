"""Which names the panel answers to.

A page of another site can let its own name point to this machine (DNS rebinding): the browser then takes the panel for
a part of that site.  What gives it away is the ``Host`` header, which still carries that name.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable
from typing import Final

LOCAL_DOMAINS: Final = ("local", "lan", "home", "home.arpa", "internal", "localdomain")
"""What home networks put behind a machine's name, and nobody can register: RFC 6762, RFC 8375, ICANN's "internal"."""
_BRACKETS = re.compile(r"\[([0-9a-f:.]+)\](?::\d{1,5})?")
_PLAIN = re.compile(r"([^:\[\]]+)(?::\d{1,5})?")


def own_names(hostname: str, given: Iterable[str] = ()) -> frozenset[str]:
    """Return every name of this machine: localhost, its host name alone and in a home network, and those given."""
    names = {"localhost", *(name.strip().lower().rstrip(".") for name in given)}
    for name in {hostname.strip().lower().rstrip("."), *names} - {"localhost", ""}:
        names.add(name)
        if "." not in name:
            names.update(f"{name}.{domain}" for domain in LOCAL_DOMAINS)
    return frozenset(name for name in names if name)


def machine_names(given: Iterable[str] = ()) -> frozenset[str]:
    """Return ``own_names`` of the machine this runs on."""
    hostname = socket.gethostname()
    return own_names(hostname, (*given, hostname.partition(".")[0]))


def is_own(host: str, names: frozenset[str]) -> bool:
    """Whether a ``Host`` header names this machine.

    An address always does: a browser sends it only to that very address, whatever any name server says.
    """
    host = host.strip().lower()
    match = _BRACKETS.fullmatch(host)
    if match:
        return _is_address(match[1])
    match = _PLAIN.fullmatch(host)
    if match is None:
        return False
    name = match[1].rstrip(".")
    return name in names or _is_address(name)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
