"""Chromium over its DevTools pipe, by the standard library alone: it travels to a host as a zipapp.

``--remote-debugging-pipe``: the browser reads commands from descriptor 3 and writes answers to 4, JSON ended by NUL
(content/browser/devtools/devtools_pipe_handler.cc).  No port is opened, so nobody else can drive the browser.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from bench.verify.browser import CHROMIUM
from bench.verify.browser import FLAGS as VIEWER_FLAGS
from streamkit.errors import UnavailableError

FLAGS = (
    "--headless=new",
    *VIEWER_FLAGS,
    # Otherwise the page offers mDNS names that nothing resolves on a host without avahi.
    "--disable-features=WebRtcHideLocalIpsWithMdns",
    "--disable-dev-shm-usage",
    # The page is alone in its window, and a window that is not looked at would be drawn less often.
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--window-size=1280,720",
)
START_S = 30.0
ANSWER_S = 20.0
END_S = 5.0
MOST_READ = 1 << 20


class GoneError(UnavailableError):
    """The browser ended, or answers no more."""


class PageError(UnavailableError):
    """A script in the page failed; the text is its own."""


class Browser:
    """One Chromium with one page.  Every method raises GoneError when it has ended or answers too late."""

    def __init__(self, flags: Sequence[str] = (), executable: Path = CHROMIUM) -> None:
        """Start it.  Raises UnavailableError where there is none or it does not start."""
        if not executable.exists():
            raise UnavailableError(f"No Chromium at {executable}; install the package chromium, which is the viewer.")
        self._profile = tempfile.mkdtemp(prefix="bench-chromium-")
        self._number = 0
        self._rest = b""
        self._session: str | None = None
        self._last_words = b""
        try:
            self._start([str(executable), *FLAGS, *flags])
            self.version = str(self.call("Browser.getVersion", within_s=START_S)["product"])
            self._open_page()
        except GoneError as problem:
            self.close()
            raise UnavailableError(f"Chromium did not start: {self.why() or problem}") from None
        except BaseException:
            self.close()
            raise

    def _start(self, words: list[str]) -> None:
        theirs_in, self._to = os.pipe()
        self._from, theirs_out = os.pipe()
        self._errors = (Path(self._profile) / "stderr").open("wb+")
        words += ["--remote-debugging-pipe", f"--user-data-dir={self._profile}", "about:blank"]

        # The shell puts the two pipes where Chromium expects them: a function in the child is not safe beside threads.
        # 0 and 1 carry them there, for 3 and 4 may be in use here; and what is not needed is /dev/null afterwards.
        shell = ["/bin/sh", "-c", 'exec 3<&0 4>&1 </dev/null >/dev/null && exec "$@"', "chromium", *words]
        try:
            self.process = subprocess.Popen(
                shell, stdin=theirs_in, stdout=theirs_out, stderr=self._errors, start_new_session=True
            )
        finally:
            os.close(theirs_in)
            os.close(theirs_out)

    def _open_page(self) -> None:
        target = self.call("Target.createTarget", {"url": "about:blank"}, within_s=START_S)["targetId"]
        found = self.call("Target.attachToTarget", {"targetId": target, "flatten": True}, within_s=START_S)
        self._session = found["sessionId"]
        self.call("Page.enable")

    def call(self, method: str, parameters: dict[str, Any] | None = None, within_s: float = ANSWER_S) -> dict[str, Any]:
        """Return the result of one DevTools command.  Raises PageError where the browser refuses it."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters or {}}
        if self._session:
            message["sessionId"] = self._session
        try:
            _write_all(self._to, json.dumps(message).encode() + b"\0")
        except OSError:
            raise GoneError("Chromium ended.") from None
        deadline = time.monotonic() + within_s
        while True:
            answer = json.loads(self._next(deadline, method))
            if answer.get("method") in ("Inspector.targetCrashed", "Target.targetCrashed"):
                raise GoneError("Chromium's page crashed.")
            if answer.get("id") != self._number:
                continue
            if "error" in answer:
                raise PageError(str(answer["error"].get("message", answer["error"])))
            found: dict[str, Any] = answer["result"]
            return found

    def evaluate(self, script: str, within_s: float = ANSWER_S) -> Any:
        """Return the value of a JavaScript expression in the page, or of the promise that it is.  Raises PageError."""
        parameters = {"expression": script, "awaitPromise": True, "returnByValue": True}
        found = self.call("Runtime.evaluate", parameters, within_s)
        if "exceptionDetails" in found:
            details = found["exceptionDetails"]
            text = details.get("exception", {}).get("description") or details.get("text", "")
            raise PageError(str(text).splitlines()[0])
        return found["result"].get("value")

    def open(self, address: str) -> None:
        """Load an address.  Raises PageError where nothing answers there."""
        found = self.call("Page.navigate", {"url": address})
        if found.get("errorText"):
            raise PageError(f"{address} does not open in Chromium ({found['errorText']}).")
        deadline = time.monotonic() + ANSWER_S
        # Evaluated in whichever document is there: of the old one, readyState is complete too.
        while not self.evaluate("document.readyState === 'complete' && location.href !== 'about:blank'"):
            if time.monotonic() > deadline:
                raise PageError(f"{address} did not load within {ANSWER_S:.0f} s.")
            time.sleep(0.05)

    def why(self) -> str:
        """Return the last line that Chromium wrote to its error output, empty for none."""
        if not self._errors.closed:
            self._errors.seek(0)
            self._last_words = self._errors.read()
        lines = self._last_words.decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else ""

    def close(self) -> None:
        """End it with all its processes, and remove its profile."""
        if hasattr(self, "process"):
            self.why()
            # Its own session: the zygotes and renderers belong to the group.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(END_S)
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
            self._errors.close()
        for descriptor in (getattr(self, "_to", -1), getattr(self, "_from", -1)):
            if descriptor >= 0:
                os.close(descriptor)
        self._to = self._from = -1
        shutil.rmtree(self._profile, ignore_errors=True)

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def _next(self, deadline: float, method: str) -> bytes:
        """Return the next message without its NUL."""
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._from], [], [], max(deadline - time.monotonic(), 0))
            if not ready:
                raise GoneError(f"Chromium did not answer {method} in time.")
            read = os.read(self._from, MOST_READ)
            if not read:
                raise GoneError("Chromium ended.")
            self._rest += read
        message, _, self._rest = self._rest.partition(b"\0")
        return message


def _write_all(descriptor: int, text: bytes) -> None:
    while text:
        text = text[os.write(descriptor, text) :]


@contextlib.contextmanager
def browser(flags: Sequence[str] = ()) -> Iterator[Browser]:
    """Start a browser for the length of the block."""
    with Browser(flags) as found:
        yield found
