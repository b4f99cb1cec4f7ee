"""One supervised process: started, watched by a pidfd, stopped in order, started again after a growing pause."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from streamkit.run.log import LineSplitter, RingLog

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
STABLE_AFTER_S = 30.0
"""A child that ran this long begins again with the first pause."""
STOP_WITHIN_S = 5.0
"""Time to say goodbye (a WHIP session is deleted on the server) before SIGKILL."""


def pause_s(failures: int) -> float:
    """Return the pause before the next start after so many failures in a row: 0.5 s, doubled up to 30 s."""
    return min(FIRST_PAUSE_S * 2.0 ** max(failures - 1, 0), LONGEST_PAUSE_S)


class Child:
    """A process under the supervisor.  All calls come from its one loop; nothing here blocks.

    ``wanted`` says whether it should run; ``state`` is one of starting, running, stopping, stopped, backoff, waiting,
    failed.
    """

    def __init__(self, name: str, selector: selectors.BaseSelector, log: RingLog, changed: Callable[[], None]) -> None:
        self.name = name
        self.wanted = False
        self.state = "stopped"
        self.since = time.time()
        self.reason = ""
        self.restarts = 0
        self.last_exit: dict[str, Any] | None = None
        self.next_start: float | None = None  # monotonic
        self._selector = selector
        self._log = log
        self._changed = changed
        self._process: subprocess.Popen[bytes] | None = None
        self._pidfd = -1
        self._failures = 0
        self._started = 0.0
        self._kill_at: float | None = None
        self._splitter = LineSplitter()
        self._last_line = ""

    @property
    def pid(self) -> int | None:
        """The process id, None when it does not run."""
        return self._process.pid if self._process else None

    def set_state(self, state: str, reason: str = "") -> None:
        """Enter a state; tells the supervisor when anything changed."""
        if (state, reason) != (self.state, self.reason):
            self.state, self.reason, self.since = state, reason, time.time()
            self._changed()

    def start(self, argv: Sequence[str], environment: Mapping[str, str], first_state: str = "running") -> None:
        """Start the process in its own session; its output goes to the log."""
        self.next_start = None
        self._last_line = ""
        try:
            self._process = subprocess.Popen(
                argv,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as problem:
            self._failed(f"{argv[0]} cannot be started: {problem.strerror}.")
            return
        self._started = time.monotonic()
        self._pidfd = os.pidfd_open(self._process.pid)
        self._selector.register(self._pidfd, selectors.EVENT_READ, self._reap)
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)
        self._selector.register(self._process.stdout, selectors.EVENT_READ, self._read)
        self.set_state(first_state)

    def stop(self) -> None:
        """Ask the process to end; SIGKILL follows after STOP_WITHIN_S."""
        self.next_start = None
        if self._process is None:
            self.set_state("stopped")
        elif self._kill_at is None:
            self.set_state("stopping")
            self._signal(signal.SIGTERM)
            self._kill_at = time.monotonic() + STOP_WITHIN_S

    def wait(self, reason: str, seconds: float) -> None:
        """Do not start yet: something it needs is away.  ``may_start`` says when to look again; it is no failure."""
        self._failures = 0
        self.next_start = time.monotonic() + seconds
        self.set_state("waiting", reason)

    def tick(self) -> float | None:
        """Do what is due; return the seconds until something is due again, None when nothing is."""
        now = time.monotonic()
        if self._kill_at is not None and now >= self._kill_at:
            self._signal(signal.SIGKILL)
            self._kill_at = now + STOP_WITHIN_S
        due = [moment - now for moment in (self._kill_at, self.next_start) if moment is not None]
        return max(min(due), 0.0) if due else None

    def may_start(self) -> bool:
        """Whether it should run, does not, and its pause is over."""
        return (
            self.wanted and self._process is None and (self.next_start is None or time.monotonic() >= self.next_start)
        )

    def forget_failures(self) -> None:
        """Begin again without a pause: a person asked for it."""
        self._failures = 0
        self.next_start = None

    def as_document(self) -> dict[str, Any]:
        """Return the child as ``supervisor.json`` shows it."""
        backs_off = self.next_start is not None and self.state == "backoff"
        waits = self.next_start - time.monotonic() if self.next_start is not None and backs_off else None
        return {
            "state": self.state,
            "since": self.since,
            "pid": self.pid,
            "restarts": self.restarts,
            "reason": self.reason,
            "last_exit": self.last_exit,
            "next_start_at": time.time() + waits if waits is not None else None,
        }

    def _signal(self, number: signal.Signals) -> None:
        # The whole session: a script that has not reached its exec yet may have children.
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def _read(self) -> None:
        # Its end may have been seen a moment ago, in the same round of the loop that brought its last words.
        if self._process is None:
            return
        assert self._process.stdout is not None
        try:
            part = os.read(self._process.stdout.fileno(), 65536)
        except BlockingIOError:
            return
        lines = self._splitter.feed(part) if part else self._splitter.flush()
        for line in lines:
            self._log.write(self.name, line)
            self._last_line = line or self._last_line
        if not part:
            self._selector.unregister(self._process.stdout)
            self._process.stdout.close()

    def _reap(self) -> None:
        process = self._process
        assert process is not None and process.stdout is not None
        code = process.wait()
        self._selector.unregister(self._pidfd)
        os.close(self._pidfd)
        if not process.stdout.closed:
            # What it said last; a grandchild that keeps the pipe open must not hold the supervisor.
            self._read()
        if not process.stdout.closed:
            self._selector.unregister(process.stdout)
            process.stdout.close()
        self._splitter = LineSplitter()
        self._process = None
        asked = self._kill_at is not None
        self._kill_at = None
        self.last_exit = {
            "code": code if code >= 0 else None,
            "signal": signal.Signals(-code).name if code < 0 else None,
            "at": time.time(),
        }
        if asked:
            self.set_state("stopped")
            return
        if time.monotonic() - self._started >= STABLE_AFTER_S:
            self._failures = 0
        how = f"was ended by {self.last_exit['signal']}" if code < 0 else f"ended with exit code {code}"
        self._failed(f"The {self.name} {how}" + (f": {self._last_line}" if self._last_line else "."))

    def _failed(self, reason: str) -> None:
        self._failures += 1
        self.restarts += 1
        self.next_start = time.monotonic() + pause_s(self._failures) if self.wanted else None
        self.set_state("backoff" if self.wanted else "stopped", reason)
