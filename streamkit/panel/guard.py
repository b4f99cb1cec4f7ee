"""What stands before every request: the checks against foreign pages, and the login where the route asks for one."""

from __future__ import annotations

import bottle

from streamkit.panel.auth import Gate, Verdict, foreign_origin, session_cookie
from streamkit.panel.context import Context
from streamkit.panel.hosts import is_own
from streamkit.panel.pages import PageAccess, Pages
from streamkit.panel.replies import Reply, error_reply, page_reply
from streamkit.panel.routes import Access

MACHINE_PREFIXES = ("/api/", "/whep", "/metrics")
"""Addresses that programs ask: they get JSON where a person gets a page."""


class Guard:
    """Judges the present request (``bottle.request``)."""

    def __init__(self, gate: Gate, pages: Pages, context: Context) -> None:
        self._gate = gate
        self._pages = pages
        self._hosts = context.hosts
        self._open_view = context.open_view

    def stranger(self) -> Reply | None:
        """Return the refusal of a request that this panel should not answer whatever it asks for, else None."""
        request = bottle.request
        host: str | None = request.environ.get("HTTP_HOST")
        # Without the header there is no browser, and so no page of another site, behind the request.
        if host is not None and not is_own(host, self._hosts):
            sentence = (
                "The panel does not go by the name in this request's Host header; name it in streamkit_panel_hosts."
            )
            return self._worded(421, "Misdirected Request", sentence)
        if request.environ.get("HTTP_TRANSFER_ENCODING"):
            return error_reply(411, "Send Content-Length: the panel takes no request of unknown length.")
        foreign = foreign_origin(request.method, {name.lower(): value for name, value in request.headers.items()})
        return error_reply(403, foreign) if foreign else None

    def _worded(self, status: int, title: str, sentence: str) -> Reply:
        if for_programs(bottle.request.path):
            return error_reply(status, sentence)
        return page_reply(self._pages.message(title, sentence), status)

    def refusal(self, access: Access) -> Reply | None:
        """Return the refusal of the present request for want of a login, None when it may pass."""
        request = bottle.request
        if access == "public" or (access == "view" and self._open_view):
            return None
        verdict = self.verdict()
        if verdict == "ok":
            return None
        headers = {"WWW-Authenticate": 'Bearer realm="streamkit"'}
        sentence = "This address needs the panel's token: log in, or send it as 'Authorization: Bearer <token>'."
        if verdict == "wait":
            headers = {"Retry-After": str(self._gate.retry_after_s(peer()))}
            sentence = f"Too many wrong tokens from here; try again in {headers['Retry-After']} s."
        status = 429 if verdict == "wait" else 401
        if for_programs(request.path):
            return error_reply(status, sentence, headers)
        return page_reply(self._pages.login(request.path, "" if status == 401 else sentence), status, headers)

    def verdict(self) -> Verdict:
        """Judge cookie and token of the present request."""
        request = bottle.request
        authorization: str = request.headers.get("Authorization", "")
        return self._gate.admit(session_cookie(request.environ.get("HTTP_COOKIE", "")), authorization, peer())

    def page_access(self) -> PageAccess | None:
        """Return how much of a page the present request may get, None for no more than the login form."""
        if self.verdict() == "ok":
            return "full"
        return "view" if self._open_view else None


def for_programs(path: str) -> bool:
    """Whether programs ask this address."""
    return path.startswith(MACHINE_PREFIXES)


def peer() -> str:
    """Return the peer's own address: a header such as X-Forwarded-For can be written by the one who guesses."""
    return str(bottle.request.environ.get("REMOTE_ADDR", ""))
