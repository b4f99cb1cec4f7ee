"""One run of the tests at a time makes machines here: their names are fixed."""

from __future__ import annotations

import fcntl
import functools
import os
import threading
from pathlib import Path

from .errors import MachineError

LOCK = Path("/run/streamkit-tests.lock")


_ONE_AT_A_TIME = threading.Lock()


def claim() -> int:
    """Hold the lock until this process ends, however it does; return its descriptor.  Machines start in several threads.

    Then what has a test machine's name was left by a run that was killed.  Raises MachineError where another run holds it.
    """
    with _ONE_AT_A_TIME:
        return _claimed()


@functools.cache
def _claimed() -> int:
    descriptor = os.open(LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise MachineError(f"another run of these tests makes machines here ({LOCK}): wait for its end") from None
    return descriptor
