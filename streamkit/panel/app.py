"""The panel as a WSGI application: its areas, the guard before each route, and the errors in our words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import bottle

from streamkit.panel.auth import Gate
from streamkit.panel.bundle import BundleArea
from streamkit.panel.buttons import Buttons
from streamkit.panel.changes import Changes
from streamkit.panel.context import Context
from streamkit.panel.front import Front
from streamkit.panel.guard import Guard, for_programs
from streamkit.panel.hub import Hub, Source
from streamkit.panel.known import Known
from streamkit.panel.latest import Latest
from streamkit.panel.live import Live
from streamkit.panel.logs import LogsArea
from streamkit.panel.metrics import MetricsArea
from streamkit.panel.pages import Pages
from streamkit.panel.replies import Reply, error_reply, page_reply, with_headers
from streamkit.panel.routes import Area, Route
from streamkit.panel.sample import Sampler
from streamkit.panel.settings import SettingsArea
from streamkit.panel.whep import WhepProxy

_PATTERN = re.compile(r"<(\w+):re:(?:[^<>\\]|\\.)*>")


def create_app(context: Context) -> Panel:
    """Return the application for ``context``."""
    return Panel(context)


class Panel:
    """The WSGI application.  Every route needs the token unless it is declared otherwise."""

    def __init__(self, context: Context) -> None:
        gate, pages = Gate(context.token), Pages()
        self._pages = pages
        self._guard = Guard(gate, pages, context)
        known = Known(context.token, (context.stream_key_file, context.panel_key_file))
        sampler = Sampler(context.run_dir, context.cgroup_root, release_dir=context.release_dir, redact=known.sentence)
        self.latest = Latest(sampler.take, context.state_mark, context.interval_s)
        live = Live(self.latest, lambda: self.hub, self._counters, lambda: self._guard.verdict() == "ok")
        settings = SettingsArea(context)
        # The kinds of events, in the order in which a page that connects gets them.
        self.hub = Hub(
            (
                Source("combined_update", live.combined, context.state_mark, context.interval_s),
                Source("config_update", settings.document, context.state_mark, operators_only=True),
            ),
            lambda: Changes(context.run_dir, context.supervisor_file.name),
        )
        self.logs = LogsArea(context, known)
        # A new area takes one line here; who may ask what is said by its routes.
        areas: tuple[Area, ...] = (
            Front(pages, gate, self._guard),
            live,
            settings,
            self.logs,
            Buttons(context),
            WhepProxy(context),
            MetricsArea(self.latest, sampler, lambda: self.hub.fanout.readers, self._counters),
            BundleArea(context, self.latest, sampler),
        )
        self.routes: tuple[Route, ...] = tuple(route for area in areas for route in area.routes())
        # Every route from the start, so that none of them asked is a zero and not a gap.
        self._requests = {_route_name(route.rule): 0 for route in self.routes}
        self._bottle = bottle.Bottle()
        self._bottle.default_error_handler = self._error
        for route in self.routes:
            self._bottle.route(route.rule, route.method, self._guarded(route))

    def _guarded(self, route: Route) -> Callable[..., Reply]:
        name = _route_name(route.rule)

        def guarded(**parts: str) -> Reply:
            # Only the application's own routes are counted, so the table cannot grow.
            self._requests[name] += 1
            refusal = self._guard.stranger() or self._guard.refusal(route.access)
            return route.callback(**parts) if refusal is None else refusal

        return guarded

    def _counters(self) -> dict[str, int]:
        return dict(self._requests)

    def close(self) -> None:
        """End every stream of events: the server is going down."""
        self.hub.close()
        self.logs.feed.close()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            return start_response(status, with_headers(headers), exc_info)

        body: Iterable[bytes] = self._bottle(environ, start)
        return body

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
        if for_programs(path):
            return error_reply(status, sentence, headers)
        return page_reply(self._pages.message(phrase, sentence), status, headers)


def _route_name(rule: str) -> str:
    """Return a route as a person writes it: ``/whep/<resource>`` for a rule whose part has a pattern."""
    return _PATTERN.sub(r"<\1>", rule)
