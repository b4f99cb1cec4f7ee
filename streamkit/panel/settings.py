"""The settings: which are in force, which may be changed here, and a change on its way to the supervisor.

The panel decides nothing: what is allowed, what is kept and what follows from it is the supervisor's (run/configure.py).
"""

from __future__ import annotations

from collections.abc import Iterable

from streamkit.documents import SCHEMA_VERSION, Document
from streamkit.errors import BadInputError, UnavailableError
from streamkit.panel.body import read_json
from streamkit.panel.context import Context
from streamkit.panel.fields import fields
from streamkit.panel.replies import Reply, error_reply, json_reply
from streamkit.panel.routes import Route
from streamkit.panel.sample import load
from streamkit.run.control import request as ask_supervisor

ANSWER_WITHIN_S = 15.0
"""The supervisor writes two small files; a disk that spins up takes a while."""
STATUS = {"bad": 400, "stale": 409, "unable": 503}
PARTS = ("version", "changes", "stream_key")


class SettingsArea:
    """Answers ``/api/config`` and ``/api/scripts``, and is the source of the event ``config_update``."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._fields = fields()

    def routes(self) -> Iterable[Route]:
        """Return the addresses of the settings."""
        return (
            Route("GET", "/api/config", self._show),
            Route("POST", "/api/config", self._change),
            Route("GET", "/api/scripts", self._scripts),
        )

    def document(self) -> Document:
        """Return what ``GET /api/config`` answers.  Raises UnavailableError while the supervisor has said nothing.

        ``note`` says why what was changed here is not in force, or is empty; ``key_origin`` whose stream key counts.
        """
        supervisor, problem = load(self._context.supervisor_file)
        settings = (supervisor or {}).get("settings")
        if supervisor is None or not isinstance(settings, dict):
            raise UnavailableError(problem or "The supervisor has not said which settings are in force.")
        key_origin = supervisor.get("key_origin")
        return {
            "schema_version": SCHEMA_VERSION,
            "version": supervisor.get("config_version", ""),
            "settings": settings,
            "fields": self._fields,
            "scripts": supervisor.get("scripts", []),
            "key_set": key_origin is not None,
            "key_origin": key_origin,
            "overrides": supervisor.get("overrides", []),
            "note": supervisor.get("overrides_note", ""),
        }

    def _show(self) -> Reply:
        try:
            return json_reply(self.document())
        except UnavailableError as problem:
            return error_reply(503, str(problem))

    def _scripts(self) -> Reply:
        try:
            return json_reply({"scripts": self.document()["scripts"]})
        except UnavailableError as problem:
            return error_reply(503, str(problem))

    def _change(self) -> Reply:
        try:
            asked = read_json()
        except BadInputError as problem:
            return _refused(str(problem))
        unknown = next((name for name in asked if name not in PARTS), None)
        if unknown is not None:
            return _refused(f"The body has {unknown[:60]!r}; it may have: {', '.join(PARTS)}.")
        try:
            answer = ask_supervisor(self._context.control_socket, {"command": "configure", **asked}, ANSWER_WITHIN_S)
        except RecursionError:
            return _refused("The body is nested too deep; each change is one text or number.")
        except UnavailableError as problem:
            return error_reply(503, str(problem))
        if answer.get("ok"):
            return json_reply(answer)
        why = str(answer.pop("why", "unable"))
        return json_reply(answer, STATUS.get(why, 503))


def _refused(sentence: str) -> Reply:
    return json_reply({"ok": False, "error": sentence, "fields": {}}, 400)
