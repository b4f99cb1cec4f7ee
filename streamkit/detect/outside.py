"""The edges of detection: programs, devices and rights.  Handed in, so that tests can play another machine."""

from __future__ import annotations

import errno
import os
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from streamkit.v4l2_abi import call_ioctl

Result = TypeVar("Result")

ANSWER_S = 0.8
"""How long anything outside may take to answer; the whole detection stays below a second on an ordinary host."""


class CouldNotAskError(Exception):
    """Something could not be asked; the text is the reason, for ``unknown``."""


def run_command(arguments: Sequence[str]) -> str:
    """Return all that a program prints, whatever its exit status.  Raises CouldNotAskError.

    ``LC_ALL=C``, because the text is parsed.  LIBVA_DRIVER_NAME is taken away: it names one driver for every GPU.
    """
    environment = {name: value for name, value in os.environ.items() if name not in ("LIBVA_DRIVER_NAME", "LANGUAGE")}
    try:
        done = subprocess.run(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**environment, "LC_ALL": "C"},
            timeout=ANSWER_S,
            check=False,
        )
    except FileNotFoundError:
        raise CouldNotAskError(f"{arguments[0]} is not installed") from None
    except subprocess.TimeoutExpired:
        raise CouldNotAskError(f"{arguments[0]} did not answer within {ANSWER_S} s") from None
    except OSError as problem:
        raise CouldNotAskError(f"{arguments[0]} cannot be run: {problem.strerror}") from None
    return done.stdout.decode("utf-8", "replace")


def open_device(node: Path) -> int:
    """Open a device without waiting for it; returns the descriptor.  Raises OSError."""
    return os.open(node, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)


def may_use(node: Path) -> bool:
    """Return whether this user may read and write ``node``."""
    return os.access(node, os.R_OK | os.W_OK)


@dataclass(frozen=True)
class Outside:
    """What detection touches beside files it reads; the default is this machine."""

    run: Callable[[Sequence[str]], str] = run_command
    ioctl: Callable[[int, int, bytes], bytes] = call_ioctl
    open_device: Callable[[Path], int] = open_device
    may_use: Callable[[Path], bool] = may_use


def why_not_opened(problem: OSError, node: Path, root: Path) -> str:
    """Return why a device could not be opened, with what would help where that is known."""
    if problem.errno == errno.EACCES:
        return no_right(node, root)
    reasons = {
        errno.ENOENT: "the kernel has it but its node does not exist: this container was not given the device",
        errno.EPERM: "not permitted: this container was not given the device",
        errno.EBUSY: "busy: another program holds it and its driver lets in only one",
        errno.ENODEV: "the device is gone: unplugged, or its driver was unloaded",
        errno.ENXIO: "the device is gone: unplugged, or its driver was unloaded",
    }
    return reasons.get(problem.errno or 0, problem.strerror or str(problem))


def no_right(node: Path, root: Path) -> str:
    """Return the sentence for a device that this user may not open: the group that would help, if one would."""
    status = node.stat()
    if status.st_mode & 0o060 != 0o060 or status.st_gid == 0:
        return "permission denied: only root may open it"
    group = group_name(root, status.st_gid)
    return (
        f"permission denied: it belongs to group {group} ({status.st_gid}); "
        f"'usermod -aG {group} USER' and a new login let USER open it"
    )


def group_name(root: Path, gid: int) -> str:
    """Return a group's name from /etc/group (group(5)), its number where it has none."""
    try:
        lines = (root / "etc/group").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return str(gid)
    entries = (line.split(":") for line in lines)
    return next((entry[0] for entry in entries if len(entry) > 2 and entry[2] == str(gid)), str(gid))


class Asked(Generic[Result]):
    """A question asked in its own thread, so that one that hangs costs only its own answer."""

    def __init__(self, question: Callable[[], Result], seconds: float = ANSWER_S) -> None:
        self._question, self._seconds = question, seconds
        self._until_s = time.monotonic() + seconds
        self._answers: list[Result] = []
        self._problem: Exception | None = None
        # A thread stuck in a driver cannot be ended; as a daemon it does not keep the program from ending.
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()

    def _ask(self) -> None:
        try:
            self._answers.append(self._question())
        except Exception as problem:
            self._problem = problem

    @property
    def ended(self) -> bool:
        """Whether nothing is to be waited for any more."""
        return not self._thread.is_alive()

    def answer(self) -> Result:
        """Wait and return the answer.

        Raises what the question raised, and CouldNotAskError where no answer came in time, counted from the start.
        """
        self._thread.join(max(0.0, self._until_s - time.monotonic()))
        if self._problem is not None:
            raise self._problem
        if not self._answers:
            raise CouldNotAskError(f"no answer within {self._seconds} s")
        return self._answers[0]
