"""The last sample, shared by events and answers: nobody samples what was sampled a moment ago."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import Any

Sample = dict[str, Any]


class Latest:
    """Keeps the sample for ``lasts_s`` seconds, or until ``mark`` changes: then something happened."""

    def __init__(self, sample: Callable[[], Sample], mark: Callable[[], Hashable], lasts_s: float) -> None:
        self._sample = sample
        self._mark = mark
        self._lasts_s = lasts_s
        self._kept: Sample | None = None
        self._kept_at = 0.0
        self._kept_mark: Hashable = None

    def get(self) -> Sample:
        """Return the last sample while it still holds, else take one.  Taking one never waits for anything."""
        fresh = time.monotonic() - self._kept_at < self._lasts_s
        if self._kept is not None and fresh and self._mark() == self._kept_mark:
            return self._kept
        return self.take()

    def take(self) -> Sample:
        """Take a sample now."""
        # The mark is read first: a change that lands between the two is then seen as new, never missed.
        self._kept_mark = self._mark()
        self._kept = self._sample()
        self._kept_at = time.monotonic()
        return self._kept
