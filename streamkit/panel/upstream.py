"""Where the picture for the page comes from: the stream's own signaller, or the WHEP address of the WHIP server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

WHIP_PATH = "/api/whip"
WHEP_PATH = "/api/whep"


@dataclass(frozen=True)
class Preview:
    """The address to ask for a picture, or None and one sentence on why no picture is offered.

    ``url`` is empty for the embedded signaller, whose address the panel's own environment names;
    ``with_key`` says whether the stream key opens the address.
    """

    url: str | None
    reason: str | None = None
    with_key: bool = False


def preview(supervisor: Mapping[str, Any]) -> Preview:
    """Decide from the supervisor's document.  Without one, the embedded signaller is assumed."""
    settings = supervisor.get("settings")
    values = settings if isinstance(settings, dict) else {}
    if supervisor.get("publish") != "whip":
        return Preview("")
    configured = _value(values, "whep_url")
    if configured:
        return Preview(configured, with_key=True)
    server_url = _value(values, "server_url")
    derived = whep_address(server_url)
    if derived:
        return Preview(derived, with_key=True)
    return Preview(
        None,
        f"No picture is offered here: the server's address {server_url!r} does not end in {WHIP_PATH}; "
        "set streamkit_whep_url to the address where it serves viewers.",
    )


def whep_address(server_url: str) -> str | None:
    """Return the WHEP address that belongs to a WHIP address, None unless that ends in ``/api/whip``."""
    try:
        parts = urlsplit(server_url)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.netloc or not parts.path.endswith(WHIP_PATH):
        return None
    return urlunsplit(parts._replace(path=parts.path.removesuffix(WHIP_PATH) + WHEP_PATH, query="", fragment=""))


def _value(settings: Mapping[str, Any], name: str) -> str:
    entry = settings.get(name)
    value = entry.get("value") if isinstance(entry, dict) else None
    return value if isinstance(value, str) else ""
