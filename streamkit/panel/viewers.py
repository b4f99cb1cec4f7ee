"""The viewers' figures: the list that is shown, the summary over all of them, and counters that only rise."""

from __future__ import annotations

import statistics
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from streamkit.documents import Document

MOST_LISTED = 50
ID_CHARS = 8
"""Of a viewer's id, which is 36 long: enough to tell fifty apart, and too little to end the session of another one, for
which the whole id is the address."""
WINDOW_S = 10.0
"""Over how much time loss is counted: viewers report it every second to five, so less would jump about."""
SHOWN = ("id", "connected_s", "rtt_ms", "packets_sent", "packets_lost", "nack", "pli", "bitrate_kbps")
COUNTED = ("packets_sent", "bytes_sent", "packets_lost", "nack", "pli")


class Viewers:
    """Follows the viewers from sample to sample, each by its id, for as long as it is there."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._run: object = None
        self._last: dict[str, dict[str, int]] = {}
        self._marks: deque[tuple[float, int, int]] = deque()
        self.totals: dict[str, int] = dict.fromkeys(COUNTED, 0)
        """What was counted over all viewers as long as this panel runs, those that left included."""

    def read(self, rows: Sequence[Mapping[str, Any]] | None, run: object) -> Document:
        """Return {"viewer_count", "viewers", "loss_percent", "rtt_ms"}; ``rows`` is launch.json's list, None without a
        stream, ``run`` names the process whose list it is.

        ``loss_percent`` is that of the last ten seconds over all viewers, ``rtt_ms`` the median of those that tell it;
        both are null where nothing tells them.
        """
        self._count(rows or (), run)
        if rows is None:
            return {"viewer_count": None, "viewers": [], "loss_percent": None, "rtt_ms": None}
        times = [row["rtt_ms"] for row in rows if isinstance(row.get("rtt_ms"), int | float)]
        return {
            "viewer_count": len(rows),
            "viewers": [_shown(row) for row in rows[:MOST_LISTED]],
            "loss_percent": self._loss_percent(),
            "rtt_ms": round(statistics.median(times), 2) if times else None,
        }

    def _count(self, rows: Sequence[Mapping[str, Any]], run: object) -> None:
        if run != self._run:
            self._run, self._last = run, {}
            self._marks.clear()
        seen = {str(row.get("id")): {name: _whole(row.get(name)) for name in COUNTED} for row in rows}
        for viewer, counters in seen.items():
            before = self._last.get(viewer, {})
            for name, value in counters.items():
                # A report that was corrected downwards does not take back what was counted.
                self.totals[name] += max(value - before.get(name, 0), 0)
                counters[name] = max(value, before.get(name, 0))
        self._last = seen
        now = self._monotonic()
        self._marks.append((now, self.totals["packets_sent"], self.totals["packets_lost"]))
        while len(self._marks) > 2 and self._marks[1][0] <= now - WINDOW_S:
            self._marks.popleft()

    def _loss_percent(self) -> float | None:
        _, sent_before, lost_before = self._marks[0]
        _, sent, lost = self._marks[-1]
        if sent == sent_before:
            return None
        return round(min(100 * (lost - lost_before) / (sent - sent_before), 100.0), 2)


def _shown(row: Mapping[str, Any]) -> Document:
    return {name: row.get(name) for name in SHOWN} | {"id": str(row.get("id"))[:ID_CHARS]}


def _whole(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
