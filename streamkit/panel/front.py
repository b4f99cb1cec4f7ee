"""The pages, their assets, and the way in and out."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import bottle

from streamkit.panel.auth import COOKIE, COOKIE_LIFETIME_S, Gate
from streamkit.panel.body import read_form
from streamkit.panel.guard import Guard, peer
from streamkit.panel.pages import Pages, after_login
from streamkit.panel.replies import Reply, page_reply, raw_reply, see_other
from streamkit.panel.routes import Route

MAX_FORM_BYTES = 4096


class Front:
    """What a browser loads."""

    def __init__(self, pages: Pages, gate: Gate, guard: Guard) -> None:
        self._pages = pages
        self._gate = gate
        self._guard = guard

    def routes(self) -> Iterable[Route]:
        """Return the addresses of the pages."""
        return (
            Route("GET", "/", self._home, "public"),
            Route("GET", "/login", self._form, "public"),
            Route("POST", "/login", self._login, "public"),
            Route("POST", "/logout", self._logout),
            Route("GET", "/watch", self._watch, "view"),
            Route("GET", r"/static/<name:re:[a-z]+\.[a-z]+>", self._static, "public"),
        )

    def _home(self) -> Reply:
        access = self._guard.page_access()
        return page_reply(self._pages.login("/") if access is None else self._pages.panel(access))

    def _watch(self) -> Reply:
        return page_reply(self._pages.watch(self._guard.page_access() or "view"))

    def _form(self) -> Reply:
        return page_reply(self._pages.login("/"))

    def _login(self) -> Reply:
        request = bottle.request
        if request.content_length > MAX_FORM_BYTES:
            return page_reply(self._pages.login("/", f"A token is at most {MAX_FORM_BYTES} bytes long."), 413)
        form = read_form(MAX_FORM_BYTES)
        wish = form.get("next", "/")
        verdict = self._gate.try_token(form.get("token", "").strip(), peer())
        if verdict == "wait":
            wait = str(self._gate.retry_after_s(peer()))
            sentence = f"Too many wrong tokens from here; try again in {wait} s."
            return page_reply(self._pages.login(wish, sentence), 429, {"Retry-After": wait})
        if verdict == "no":
            _note(f"A login from {peer()} was refused: wrong token.")
            return page_reply(self._pages.login(wish, "That is not this panel's token."), 401)
        _note(f"A login from {peer()}.")
        reply = see_other(after_login(wish))
        secure = request.urlparts.scheme == "https"
        reply.set_cookie(
            COOKIE,
            self._gate.cookie(),
            path="/",
            httponly=True,
            samesite="strict",
            max_age=COOKIE_LIFETIME_S,
            secure=secure,
        )
        return reply

    def _logout(self) -> Reply:
        reply = see_other("/")
        reply.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
        return reply

    def _static(self, name: str) -> Reply:
        asset = self._pages.assets.get(name)
        if asset is None:
            raise bottle.HTTPError(404)
        headers = {"Content-Type": asset.content_type, "ETag": asset.etag, "Cache-Control": "no-cache"}
        if asset.etag in bottle.request.headers.get("If-None-Match", ""):
            return raw_reply(b"", 304, {"ETag": asset.etag, "Cache-Control": "no-cache"})
        return raw_reply(asset.body, 200, headers)


def _note(sentence: str) -> None:
    """Write a line for the log; the supervisor puts the panel's name before it."""
    sys.stderr.write(f"{sentence}\n")
