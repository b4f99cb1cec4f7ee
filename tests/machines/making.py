"""Machines that are made beside other tests: who watches something in real time waits for them first."""

from __future__ import annotations

import threading

_MAKING: list[threading.Thread] = []


def made_beside(thread: threading.Thread) -> None:
    """Start a thread that makes a machine."""
    _MAKING.append(thread)
    thread.start()


def wait_until_made() -> None:
    """Wait until no machine is being made any more, however that ended."""
    while _MAKING:
        _MAKING[-1].join()
        _MAKING.pop()
