"""The container's main process: keeps the stream, the panel and the poller running, and takes commands.

Standard library only, one loop, no threads: what must stay up longest is kept simplest.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from streamkit.config import SETTINGS
from streamkit.documents import read_document, write_document
from streamkit.errors import BadInputError, StreamkitError
from streamkit.run.cards import Cards
from streamkit.run.child import Child
from streamkit.run.configure import RefusedError, configure
from streamkit.run.control import ControlServer
from streamkit.run.effective import Job, load_job
from streamkit.run.log import RingLog
from streamkit.run.mask import SecretFiles
from streamkit.run.paths import Paths
from streamkit.run.timings import apply_detected

LOOK_AGAIN_S = 0.25
"""How often the launcher's file is looked at until it says that the stream plays."""
LOOK_FOR_CARD_S = 1.0
"""How often the folder of nodes is looked at while a capture card is away; nothing is looked at while one streams."""


class Supervisor:
    """Runs until it is told to end.  ``panel_argv`` and ``poller_argv`` are started as they are given."""

    def __init__(
        self, paths: Paths, panel_argv: Sequence[str], poller_argv: Sequence[str], launcher: str = "streamkit-launch"
    ) -> None:
        self._paths = paths
        self._panel_argv = panel_argv
        self._poller_argv = poller_argv
        self._launcher = launcher
        self._cards = Cards(paths.devices)
        self._network = os.environ.get("STREAMKIT_NETWORK", "host")
        self._selector = selectors.DefaultSelector()
        secrets = SecretFiles((paths.deployed_key_file, paths.panel_key_file, paths.panel_token_file))
        self._log = RingLog(paths.log_file, mask=secrets.mask)
        self._dirty = True
        self._ending = False
        self._job: Job | None = None
        self._running_identity = ""
        self._note = ""
        self._polled = ""
        self.stream = Child("stream", self._selector, self._log, self._mark)
        self.panel = Child("panel", self._selector, self._log, self._mark)
        self.poller = Child("poller", self._selector, self._log, self._mark)
        self._children = (self.stream, self.panel, self.poller)
        self._control = ControlServer(paths.control_socket, self._selector, self._command)

    def run(self) -> int:
        """Run the loop; return the exit code of the container."""
        self._catch_signals()
        self.panel.wanted = bool(self._panel_argv)
        self.stream.wanted = True
        self._reload()
        while not (self._ending and all(child.pid is None for child in self._children)):
            self._advance()
            if self._dirty:
                self._write()
            for key, _ in self._selector.select(self._wait_s()):
                callback: Callable[[], None] = key.data
                callback()
        self._control.close()
        self._write()
        return 0

    def _mark(self) -> None:
        self._dirty = True

    def _catch_signals(self) -> None:
        reader, writer = socket.socketpair()
        reader.setblocking(False)
        writer.setblocking(False)
        signal.set_wakeup_fd(writer.fileno())
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        self._wakeup = (reader, writer)
        self._selector.register(reader, selectors.EVENT_READ, self._end)

    def _end(self) -> None:
        self._wakeup[0].recv(64)
        self._ending = True
        for child in self._children:
            child.wanted = False
            child.stop()

    def _wait_s(self) -> float | None:
        waits = [wait for child in self._children if (wait := child.tick()) is not None]
        if self.stream.state == "starting":
            waits.append(LOOK_AGAIN_S)
        if self._stands_in():
            waits.append(LOOK_FOR_CARD_S)
        return min(waits) if waits else None

    def _advance(self) -> None:
        for child in self._children:
            child.tick()
        if self._ending:
            return
        self.poller.wanted = self._job is not None and self._job.effective.values["publish"] == "whip"
        server = self._job.environment["SERVER_URL"] if self._job else ""
        if self.poller.pid is not None and not (self.poller.wanted and server == self._polled):
            self.poller.stop()
        if self.panel.may_start():
            self.panel.start(self._panel_argv, os.environ)
        if self.poller.wanted and server != self._polled:
            self._polled = server
            self.poller.forget_failures()
        if self.poller.may_start() and self._job:
            self.poller.start(self._poller_argv, {**os.environ, **self._job.environment})
        if self._stands_in() and self._cards.changed():
            self._take_card()
        if self.stream.may_start():
            self._start_stream()
        if self.stream.state == "starting" and self._plays():
            self.stream.set_state("running", self._job.note if self._job else "")

    def _stands_in(self) -> bool:
        return self._job is not None and self._job.stand_in and self.stream.state in ("starting", "running")

    def _take_card(self) -> None:
        """Put a card that has come in the place of the test picture."""
        self._reload()
        if self._job and self._job.identity != self._running_identity:
            self._log.write("supervisor", self._job.source["reason"])
            self.stream.stop()
            self.stream.forget_failures()

    def _start_stream(self) -> None:
        if self._job and self._job.waiting and self.stream.state == "waiting" and not self._cards.changed():
            self.stream.wait(self.stream.reason, LOOK_FOR_CARD_S)
            return
        # Read again at each start: a release or an override may have come meanwhile.
        self._reload()
        if self._job is None:
            return
        if self._job.waiting:
            if self.stream.state != "waiting":
                self._log.write("supervisor", self._job.waiting)
            self.stream.wait(self._job.waiting, LOOK_FOR_CARD_S)
            return
        environment = {
            **os.environ,
            **self._job.environment,
            "STREAMKIT_LAUNCH": self._launcher,
            "STREAMKIT_LAUNCH_FILE": str(self._paths.launch_file),
        }
        self._paths.launch_file.unlink(missing_ok=True)
        values = self._job.effective.values
        if values["source"] == "v4l2" and (said := apply_detected(environment["VIDEO_DEVICE"])):
            self._log.write("supervisor", said)
        self._running_identity = self._job.identity
        self.stream.start([str(self._job.script)], environment, first_state="starting")

    def _reload(self) -> None:
        """Read settings and release; what cannot be read is said as the stream's reason."""
        try:
            self._job = load_job(self._paths, self._cards, self._network)
        except StreamkitError as problem:
            self._job = None
            if self.stream.pid is None:
                self.stream.wanted = False
                self.stream.set_state("failed", str(problem))
            else:
                self._log.write("supervisor", f"the stream goes on as it was: {problem}")
        note = self._job.note if self._job else self._note
        if note != self._note:
            self._note = note
            self._log.write("supervisor", note or "Changes made in the panel are in force.")
        self._mark()

    def _plays(self) -> bool:
        try:
            document = read_document(self._paths.launch_file)
        except BadInputError:
            return False
        return document.get("state") == "playing" and document.get("pid") == self.stream.pid

    def _command(self, message: Mapping[str, Any]) -> dict[str, Any]:
        command = message["command"]
        if command == "apply":
            return self._apply()
        if command == "configure":
            return self._configure(message)
        if command in ("stop", "restart"):
            self.stream.wanted = command == "restart"
            self.stream.stop()
        if command in ("start", "restart"):
            self.stream.wanted = True
            self.stream.forget_failures()
        self._log.write("supervisor", f"{command} was asked for")
        return {"ok": True, "stream": self.stream.as_document()}

    def _apply(self) -> dict[str, Any]:
        """Read release and overrides again; restart the stream only where something it depends on changed."""
        self._reload()
        if self._job is None:
            return {"ok": False, "error": self.stream.reason or "The release cannot be read; the stream goes on."}
        waiting = self.stream.state == "waiting" and self._job.waiting
        changed = not waiting and self.stream.wanted and self._job.identity != self._running_identity
        if changed:
            self._log.write("supervisor", "settings changed: the stream starts again")
            self.stream.stop()
            self.stream.forget_failures()
        elif self.stream.state == "failed":
            self.stream.wanted = changed = True
        # The release is in force, whatever the panel wanted of an earlier one: that is no failure of it.
        note = {"note": self._job.note} if self._job.note else {}
        return {"ok": True, "changed": changed, **note, "stream": self.stream.as_document()}

    def _configure(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Check and keep changes, and put them in force; nothing is changed where one of them is refused."""
        try:
            changed = configure(self._paths, self._network, message)
        except RefusedError as refusal:
            if refusal.why == "stale":
                # Whoever changed it may have done so on the disk: pages are told what is there now.
                self._reload()
            return refusal.as_reply()
        restarted = False
        if changed:
            # Names alone: an address may hold somebody's password.
            names = [name for name in message.get("changes", {}) if name in SETTINGS]
            names += ["the stream key"] if "stream_key" in message else []
            self._log.write("supervisor", f"changed in the panel: {', '.join(names)}")
            applied = self._apply()
            if not applied["ok"]:
                return applied
            restarted = applied["changed"]
            # Before the answer: whoever gets it and looks sees the change.
            self._write()
        version = self._job.version if self._job else ""
        return {"ok": True, "version": version, "changed": changed, "restarted": restarted}

    def _write(self) -> None:
        self._dirty = False
        job = self._job
        document: dict[str, Any] = {
            "updated_at": time.time(),
            "stream": {**self.stream.as_document(), "script": job.script.name if job else None},
            "panel": self.panel.as_document(),
            "poller": self.poller.as_document() if self.poller.wanted or self.poller.pid else None,
            "desired": "running" if self.stream.wanted else "stopped",
            "settings": job.effective.as_document() if job else {},
            "config_version": job.version if job else "",
            "overrides": list(job.overrides) if job else [],
            "overrides_note": job.note if job else "",
            "key_origin": job.key_origin if job else None,
            "scripts": job.scripts if job else [],
            "source": job.source if job else None,
            "encoder_reason": job.encoder_reason if job else "",
            "publish": job.effective.values["publish"] if job else None,
        }
        try:
            write_document(self._paths.supervisor_file, document)
        except OSError as problem:
            # A full tmpfs must not end the stream.
            self._log.write("supervisor", f"{self._paths.supervisor_file} cannot be written: {problem.strerror}")


def main() -> int:
    """Run the supervisor of this container."""
    paths = Paths.from_environment()
    entry = [sys.executable, "-m", "streamkit.container"]
    panel = [
        *entry,
        "panel",
        "--host",
        os.environ.get("STREAMKIT_PANEL_HOST", "0.0.0.0"),
        "--port",
        os.environ.get("STREAMKIT_PANEL_PORT", "8081"),
    ]
    return Supervisor(paths, panel, [*entry, "poll"]).run()
