"""Who may look: the token, the cookie derived from it, throttling of guesses, and the check for foreign pages."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Literal

COOKIE = "streamkit_session"
COOKIE_LIFETIME_S = 30 * 24 * 3600
FREE_FAILURES = 5
"""Wrong tokens an address may send before it has to wait."""
LONGEST_WAIT_S = 60.0
FORGET_AFTER_S = 600.0
MOST_ADDRESSES = 1024
"""Addresses remembered; the oldest is forgotten first, so that a flood of them cannot fill the memory."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

Verdict = Literal["ok", "no", "wait"]


class Throttle:
    """Counts wrong tokens per address and says how long the next try has to wait."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait_s(self, address: str) -> float:
        """Return the seconds ``address`` still has to wait, 0.0 when it may try now."""
        count, last = self._failures.get(_network(address), (0, 0.0))
        since = self._clock() - last
        if count < FREE_FAILURES or since > FORGET_AFTER_S:
            return 0.0
        wait: float = min(LONGEST_WAIT_S, 2.0 ** min(count - FREE_FAILURES, 10))
        return max(0.0, wait - since)

    def failed(self, address: str) -> None:
        """Remember a wrong token from ``address``."""
        network = _network(address)
        count, last = self._failures.pop(network, (0, 0.0))
        if self._clock() - last > FORGET_AFTER_S:
            count = 0
        self._failures[network] = (count + 1, self._clock())
        while len(self._failures) > MOST_ADDRESSES:
            self._failures.popitem(last=False)

    def succeeded(self, address: str) -> None:
        """Forget the wrong tokens of ``address``."""
        self._failures.pop(_network(address), None)


def _network(address: str) -> str:
    """Return what counts as one address: an IPv4 address, or the /64 that one IPv6 customer owns."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


class Gate:
    """Decides whether a request may pass.  Holds no sessions: the cookie proves itself."""

    def __init__(self, token: str, clock: Callable[[], float] = time.time) -> None:
        self._key = token.encode()
        self._clock = clock
        self.throttle = Throttle()

    def cookie(self) -> str:
        """Return a fresh cookie value: when it ends, and a proof that whoever issued it knew the token."""
        ends = str(int(self._clock()) + COOKIE_LIFETIME_S)
        return f"{ends}.{self._proof(ends)}"

    def _proof(self, ends: str) -> str:
        return hmac.new(self._key, b"streamkit panel session until " + ends.encode(), hashlib.sha256).hexdigest()

    def cookie_holds(self, value: str) -> bool:
        """Whether ``value`` is a cookie of this token that has not ended."""
        ends, _, proof = value.partition(".")
        if not (ends.isascii() and ends.isdigit() and len(ends) < 16):
            return False
        genuine = hmac.compare_digest(proof.encode(), self._proof(ends).encode())
        return genuine and int(ends) > self._clock()

    def try_token(self, candidate: str, address: str) -> Verdict:
        """Compare a token from ``address``; "wait" means it was not even compared."""
        if self.throttle.wait_s(address) > 0:
            return "wait"
        if hmac.compare_digest(candidate.encode("utf-8", "replace"), self._key):
            self.throttle.succeeded(address)
            return "ok"
        self.throttle.failed(address)
        return "no"

    def admit(self, cookie: str, authorization: str, address: str) -> Verdict:
        """Judge a request by its cookie, then by its ``Authorization`` header."""
        if cookie and self.cookie_holds(cookie):
            return "ok"
        scheme, _, candidate = authorization.partition(" ")
        if scheme.lower() == "bearer" and candidate.strip():
            return self.try_token(candidate.strip(), address)
        return "no"

    def retry_after_s(self, address: str) -> int:
        """Whole seconds for the ``Retry-After`` header, at least 1."""
        return max(1, math.ceil(self.throttle.wait_s(address)))


def session_cookie(header: str) -> str:
    """Return the session's value from a ``Cookie`` header, an empty one where there is none.

    By hand: ``http.cookies`` raises on names that other programs on this host may have set.
    """
    for pair in header.split(";"):
        name, _, value = pair.strip().partition("=")
        if name == COOKIE:
            return value
    return ""


def foreign_origin(method: str, headers: Mapping[str, str]) -> str | None:
    """Return a sentence when another site's page sent this request, None when it may pass.

    ``headers`` maps lower-case names to values.  Browsers always say where a request that changes something
    comes from; programs without a page (curl, scripts) send neither header and are judged by their token alone.
    """
    if method in SAFE_METHODS:
        return None
    site = headers.get("sec-fetch-site", "")
    if site not in ("", "same-origin", "none"):
        return f"This request comes from another site (Sec-Fetch-Site: {site}); send it from the panel's own page."
    origin = headers.get("origin", "")
    host = headers.get("host", "")
    if origin and origin.partition("://")[2].lower() != host.lower():
        return (
            f"This request comes from a page of {origin}, but the panel is {host}; send it from the panel's own "
            "page, or let the proxy in front pass the Host header on."
        )
    return None
