"""The figures and states: as one answer, or as a stream of events."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import bottle

from streamkit.panel.brief import brief
from streamkit.panel.fanout import OUTLET
from streamkit.panel.hub import Hub
from streamkit.panel.latest import Latest, Sample
from streamkit.panel.replies import EVENT_HEADERS, Reply, error_reply, json_reply, raw_reply
from streamkit.panel.routes import Route

COUNTED_IN_EVENTS = ("/api/stats", "/api/status")
"""Routes whose counters every event carries: a page that only watches asks neither, and anybody can hold it to that."""


class Live:
    """Answers from the last sample.

    ``counters`` returns how often each route was asked; ``operator`` says whether the present request has the token.
    """

    def __init__(
        self,
        latest: Latest,
        hub: Callable[[], Hub],
        counters: Callable[[], dict[str, int]],
        operator: Callable[[], bool] = lambda: False,
    ) -> None:
        self._latest = latest
        self._hub = hub
        self._counters = counters
        self._operator = operator

    def routes(self) -> Iterable[Route]:
        """Return the addresses of figures and events."""
        return (
            Route("GET", "/api/stats", self._stats, "view"),
            Route("GET", "/api/status", self._status, "view"),
            Route("GET", "/api/events", self._events, "view"),
        )

    def combined(self) -> Sample:
        """Take a sample and return it as the event ``combined_update`` tells it.

        Short, for it is sent all day: settings have an event of their own, and few counters matter to who watches.
        """
        sample = brief(self._latest.take())
        counters = self._counters()
        requests = {route: counters[route] for route in COUNTED_IN_EVENTS}
        return {**sample, "stats": {**sample["stats"], "panel": {"requests": requests}}}

    def _stats(self) -> Reply:
        # The counters as they are now, this request included; a sample may be two seconds old.
        return json_reply({**self._latest.get()["stats"], "panel": {"requests": self._counters()}})

    def _status(self) -> Reply:
        return json_reply(self._latest.get()["status"])

    def _events(self) -> Reply:
        if self._hub().fanout.full:
            sentence = "Too many pages are open on this panel; close some."
            return error_reply(503, sentence, {"Retry-After": "10"})
        outlet = bottle.request.environ.get(OUTLET)
        return raw_reply(self._hub().stream(self._operator(), outlet), 200, EVENT_HEADERS)
