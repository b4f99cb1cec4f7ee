"""The panel as a WSGI application: which address does what, and who may ask."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import bottle

from streamkit.errors import StreamkitError
from streamkit.panel.auth import COOKIE, COOKIE_LIFETIME_S, Gate, foreign_origin
from streamkit.panel.context import Context
from streamkit.panel.hub import Hub, Sample, event_stream
from streamkit.panel.pages import Pages, after_login
from streamkit.panel.replies import (
    EVENT_HEADERS,
    Reply,
    error_reply,
    json_reply,
    page_reply,
    raw_reply,
    see_other,
    with_headers,
)
from streamkit.panel.sample import Sampler, StateWatch, load
from streamkit.panel.whep import MAX_BODY_BYTES, RESOURCE_ID, WhepProxy
from streamkit.run.control import request as ask_supervisor

MACHINE_PREFIXES = ("/api/", "/whep")
"""Addresses that programs ask: they get JSON where a person gets a page."""
MAX_FORM_BYTES = 4096
CONTROL_TIMEOUT_S = 15.0
"""A graceful stop may take its time; the supervisor itself kills what takes longer."""
_PATTERN = re.compile(r"<(\w+):re:(?:[^<>\\]|\\.)*>")


def create_app(context: Context) -> Panel:
    """Return the application for ``context``."""
    return Panel(context)


class Panel:
    """The WSGI application.  Every route needs the token unless it is declared public."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._gate = Gate(context.token)
        self._pages = Pages()
        self._whep = WhepProxy(context)
        self._sampler = Sampler(context.run_dir, context.cgroup_root)
        watch = StateWatch(context.run_dir)
        self.hub = Hub(self._take, watch.mark, context.interval_s, context.watch_s)
        self._requests: dict[str, int] = {}
        self._bottle = bottle.Bottle()
        self._bottle.install(_Guard(self))
        self._bottle.default_error_handler = self._error
        self._add_routes()

    @property
    def routes(self) -> list[tuple[str, str, bool]]:
        """Every (method, rule, public) of the application."""
        return [(route.method, route.rule, bool(route.config.get("public"))) for route in self._bottle.routes]

    def _add_routes(self) -> None:
        public: tuple[tuple[str, str, Callable[..., Reply]], ...] = (
            ("GET", "/", self._home),
            ("POST", "/login", self._login),
            ("GET", r"/static/<name:re:[a-z]+\.[a-z]+>", self._static),
        )
        guarded: tuple[tuple[str, str, Callable[..., Reply]], ...] = (
            ("POST", "/logout", self._logout),
            ("GET", "/watch", self._watch_page),
            ("GET", "/api/stats", self._stats),
            ("GET", "/api/status", self._status),
            ("GET", "/api/config", self._config),
            ("GET", "/api/events", self._events),
            ("POST", "/api/stream/<action:re:start|stop|restart>", self._control),
            ("POST", "/whep", self._whep_offer),
            ("PATCH", f"/whep/<resource:re:{RESOURCE_ID}>", self._whep_change),
            ("DELETE", f"/whep/<resource:re:{RESOURCE_ID}>", self._whep_change),
        )
        for method, rule, callback in public:
            self._bottle.route(rule, method, callback, public=True)
        for method, rule, callback in guarded:
            self._bottle.route(rule, method, callback)

        # Every route from the start, so that none of them asked is a zero and not a gap.
        self._requests = {_route_name(rule): 0 for _, rule, _ in (*public, *guarded)}

    def count(self, rule: str) -> None:
        """Count a request of one route.  Only the application's own routes are counted, so the table cannot grow."""
        self._requests[_route_name(rule)] += 1

    def _take(self) -> Sample:
        return self._with_requests(self._sampler.take())

    def _with_requests(self, sample: Sample) -> Sample:
        stats = {**sample["stats"], "panel": {"requests": dict(self._requests)}}
        return {**sample, "stats": stats}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            return start_response(status, with_headers(headers), exc_info)

        body: Iterable[bytes] = self._bottle(environ, start)
        return body

    def check(self, public: bool) -> Reply | None:
        """Return the refusal of the present request, None when it may pass."""
        request = bottle.request
        foreign = foreign_origin(request.method, {name.lower(): value for name, value in request.headers.items()})
        if foreign:
            return error_reply(403, foreign)
        if public:
            return None
        verdict = self._verdict()
        if verdict == "ok":
            return None
        headers = {"WWW-Authenticate": 'Bearer realm="streamkit"'}
        sentence = "This address needs the panel's token: log in, or send it as 'Authorization: Bearer <token>'."
        if verdict == "wait":
            headers = {"Retry-After": str(self._gate.retry_after_s(_address()))}
            sentence = f"Too many wrong tokens from here; try again in {headers['Retry-After']} s."
        status = 429 if verdict == "wait" else 401
        if _for_programs(request.path):
            return error_reply(status, sentence, headers)
        return page_reply(self._pages.login(request.path, "" if status == 401 else sentence), status, headers)

    def _verdict(self) -> str:
        request = bottle.request
        authorization: str = request.headers.get("Authorization", "")
        return self._gate.admit(request.get_cookie(COOKIE) or "", authorization, _address())

    def _error(self, problem: Any) -> Reply:
        """Word bottle's own refusals (404, 405, 413, 500 …) like ours."""
        status: int = problem.status_code
        path: str = bottle.request.path
        phrase = HTTPStatus(status).phrase
        sentences = {
            404: f"There is nothing at {path}.",
            405: f"{path} does not answer to {bottle.request.method}.",
            413: "The request is too long.",
            500: "The panel failed on this request; its log says why.",
        }
        sentence = sentences.get(status, f"{phrase}.")
        headers = {"Allow": problem.headers["Allow"]} if "Allow" in problem.headers else None
        if _for_programs(path):
            return error_reply(status, sentence, headers)
        return page_reply(self._pages.message(phrase, sentence), status, headers)

    def _home(self) -> Reply:
        return page_reply(self._pages.panel() if self._verdict() == "ok" else self._pages.login("/"))

    def _watch_page(self) -> Reply:
        return page_reply(self._pages.watch())

    def _login(self) -> Reply:
        request = bottle.request
        if request.content_length > MAX_FORM_BYTES:
            return page_reply(self._pages.login("/", f"A token is at most {MAX_FORM_BYTES} bytes long."), 413)
        wish = request.forms.getunicode("next") or "/"
        verdict = self._gate.try_token((request.forms.getunicode("token") or "").strip(), _address())
        if verdict == "wait":
            wait = str(self._gate.retry_after_s(_address()))
            sentence = f"Too many wrong tokens from here; try again in {wait} s."
            return page_reply(self._pages.login(wish, sentence), 429, {"Retry-After": wait})
        if verdict == "no":
            return page_reply(self._pages.login(wish, "That is not this panel's token."), 401)
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

    def _stats(self) -> Reply:
        # The counters as they are now, this request included; a sample may be two seconds old.
        return json_reply(self._with_requests(self.hub.snapshot())["stats"])

    def _status(self) -> Reply:
        return json_reply(self.hub.snapshot()["status"])

    def _config(self) -> Reply:
        supervisor, problem = load(self._context.run_dir / "supervisor.json")
        settings = (supervisor or {}).get("settings")
        if not isinstance(settings, dict):
            return error_reply(503, problem or "The supervisor has not said which settings are in force.")
        return json_reply({"settings": settings})

    def _events(self) -> Reply:
        if self.hub.full:
            return error_reply(503, "Too many pages are open on this panel; close some.", {"Retry-After": "10"})
        return raw_reply(event_stream(self.hub), 200, EVENT_HEADERS)

    def _control(self, action: str) -> Reply:
        try:
            reply = ask_supervisor(self._context.control_socket, {"command": action}, CONTROL_TIMEOUT_S)
        except StreamkitError as problem:
            return error_reply(503, str(problem))
        return json_reply(reply, 200 if reply.get("ok") else 409)

    def _whep_offer(self) -> Reply:
        return self._whep.offer(_body(), bottle.request.content_type)

    def _whep_change(self, resource: str) -> Reply:
        return self._whep.change(bottle.request.method, resource, _body(), bottle.request.content_type)


class _Guard:
    """The bottle plugin that stands before every route: a new one is closed until it is declared public."""

    name = "guard"
    api = 2

    def __init__(self, panel: Panel) -> None:
        self._panel = panel

    def apply(self, callback: Callable[..., Reply], route: Any) -> Callable[..., Reply]:
        """Wrap one route's callback."""
        public = bool(route.config.get("public"))
        rule = str(route.rule)

        def guarded(*args: Any, **kwargs: Any) -> Reply:
            self._panel.count(rule)
            refusal = self._panel.check(public)
            return callback(*args, **kwargs) if refusal is None else refusal

        return guarded


def _route_name(rule: str) -> str:
    """Return a route as a person writes it: ``/whep/<resource>`` for a rule whose part has a pattern."""
    return _PATTERN.sub(r"<\1>", rule)


def _for_programs(path: str) -> bool:
    return path.startswith(MACHINE_PREFIXES)


def _address() -> str:
    # Only the peer's own address: a header such as X-Forwarded-For can be written by the one who guesses.
    return str(bottle.request.environ.get("REMOTE_ADDR", ""))


def _body() -> bytes:
    """Return the request's body.  Raises bottle's 413 beyond MAX_BODY_BYTES, whatever the length header says."""
    body: bytes = bottle.request.body.read(MAX_BODY_BYTES + 1)
    if len(body) > MAX_BODY_BYTES:
        raise bottle.HTTPError(413)
    return body
