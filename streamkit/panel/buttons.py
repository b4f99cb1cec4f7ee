"""Start, stop and restart: what is pressed goes to the supervisor, and what it answers comes back."""

from __future__ import annotations

from collections.abc import Iterable

from streamkit.errors import StreamkitError
from streamkit.panel.context import Context
from streamkit.panel.replies import Reply, error_reply, json_reply
from streamkit.panel.routes import Route
from streamkit.run.control import request as ask_supervisor

CONTROL_TIMEOUT_S = 15.0
"""A graceful stop may take its time; the supervisor itself kills what takes longer."""


class Buttons:
    """The three buttons."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self) -> Iterable[Route]:
        """Return the address of the buttons."""
        return (Route("POST", "/api/stream/<action:re:start|stop|restart>", self._press),)

    def _press(self, action: str) -> Reply:
        try:
            reply = ask_supervisor(self._context.control_socket, {"command": action}, CONTROL_TIMEOUT_S)
        except StreamkitError as problem:
            return error_reply(503, str(problem))
        return json_reply(reply, 200 if reply.get("ok") else 409)
