"""In the place of the supervisor: answers on its socket and writes its document, but runs nothing."""

from __future__ import annotations

import selectors
import threading
from collections.abc import Callable
from typing import Any

from streamkit.config import SETTINGS
from streamkit.documents import read_document
from streamkit.errors import BadInputError
from streamkit.run.control import ControlServer


class StandIn:
    """Takes commands in a thread of its own; ``asked`` lists them.  ``meanwhile`` is called before each change."""

    def __init__(self, states: Any) -> None:
        self.asked: list[dict[str, Any]] = []
        self.settings: dict[str, Any] = read_document(states.folder / "supervisor.json")["settings"]
        self.meanwhile: Callable[[], None] = lambda: None
        self._states = states
        self._state = "running"
        self._number = 1
        self._key: str | None = None
        self._ended = threading.Event()
        self._selector = selectors.DefaultSelector()
        self._server = ControlServer(states.folder / "control.sock", self._selector, self._handle)
        self._thread = threading.Thread(target=self._loop)
        self.write()
        self._thread.start()

    @property
    def version(self) -> str:
        """The version of the settings."""
        return f"v{self._number}"

    def write(self) -> None:
        """Write supervisor.json as it stands."""
        changed = sorted(name for name, entry in self.settings.items() if entry["origin"] == "override")
        self._states.supervisor(
            self._state, settings=self.settings, config_version=self.version, overrides=changed, key_origin=self._key
        )

    def change(self, **values: Any) -> None:
        """Change settings as another page would."""
        self.settings |= {name: {"value": value, "origin": "override"} for name, value in values.items()}
        self._number += 1
        self.write()

    def _handle(self, message: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(message)
        if message["command"] != "configure":
            self._state = {"stop": "stopped"}.get(message["command"], "running")
            self.write()
            return {"ok": True, "stream": {"state": self._state}}
        self.meanwhile()
        if message["version"] != self.version:
            return {"ok": False, "why": "stale", "error": "Somebody else was faster.", "version": self.version}
        values: dict[str, Any] = {}
        try:
            for name, value in message["changes"].items():
                values[name] = None if value is None else SETTINGS[name].parse(value)
        except BadInputError as problem:
            return {"ok": False, "why": "bad", "error": str(problem), "fields": {name: str(problem)}}
        for name, value in values.items():
            if value is None:
                self.settings[name] = {"value": SETTINGS[name].default, "origin": "default"}
            else:
                self.settings[name] = {"value": value, "origin": "override"}
        if "stream_key" in message:
            self._key = "panel" if message["stream_key"] else None
        self._number += 1
        self.write()
        return {"ok": True, "version": self.version, "changed": True}

    def _loop(self) -> None:
        while not self._ended.is_set():
            for key, _ in self._selector.select(0.02):
                callback: Callable[[], None] = key.data
                callback()

    def close(self) -> None:
        """End the thread and take the socket away."""
        self._ended.set()
        self._thread.join()
        self._server.close()
        self._selector.close()
