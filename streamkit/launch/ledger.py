"""The drop ledger of the picture: every frame that was captured is sent, dropped by a name, or still on its way.

``captured + duplicated = sent + dropped + in_flight + unexplained`` holds at every instant.  Frames are followed by
their PTS from probe to probe, so a frame that vanishes is seen to vanish; who took it is then asked of the elements
that can (videorate's own counter, queues that leak).  What none of them admits is ``unexplained``.  Pure: the probes
write a journal, and the main thread enters it here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

STAGES = ("capture", "convert", "encode", "send")
MOST_PENDING = 2048
"""More frames than any queue or encoder holds; a stage that never lets one out must not take all memory."""


@dataclass(frozen=True)
class Admitted:
    """What the elements between the probes say of themselves at one moment."""

    rate_dropped: int = 0
    rate_duplicated: int = 0
    leaky_raw: bool = False
    """A queue between the card and the encoder throws frames away when it is full."""
    leaky_coded: bool = False
    """The same behind the encoder."""


@dataclass(frozen=True)
class Totals:
    """What was counted from the start, and the delays since the last look (ms, by stage)."""

    row: dict[str, Any]
    captured: int
    encoded: int
    encoded_bytes: int
    keyframes: int
    keyframe_interval_s: float | None
    delays_ms: dict[str, list[float]]


class VideoLedger:
    """Counts at four places, in the order in which things happened there.  Times and PTS are ns."""

    def __init__(self) -> None:
        self._raw: deque[tuple[int, int]] = deque()
        self._inside: deque[tuple[int, int]] = deque()
        self._coded: deque[tuple[int, int]] = deque()
        self._last_number: int | None = None
        self._begun = False
        self._gaps = self._arrived = 0
        self._skipped = self._repeated = self._late = 0
        self._encoded = self._bytes = self._keyframes = self._swallowed = self._made = 0
        self._key_pts: int | None = None
        self._key_interval_s: float | None = None
        self._sent = self._lost_coded = self._refused = self._extra = 0
        self._delays: dict[str, list[int]] = {stage: [] for stage in STAGES}

    def captured(self, pts: int, number: int | None, now: int, delay: int | None) -> None:
        """Count a frame from the card; ``number`` is v4l2src's for it, ``delay`` its age (None: unknown).

        The driver counts frames from 0 when it begins.  v4l2src makes up the number of its first buffer (0, or that
        of the last one where the driver began anew) and gives the others the driver's plus one more than that
        (gstv4l2src.c, gst_v4l2src_create): the step behind a beginning is one too long, and holds what was lost before.
        """
        if number is not None:
            last = self._last_number
            if last is None or number <= last:
                self._begun = True
            else:
                self._gaps += max(number - last - 1 - self._begun, 0)
                self._begun = False
            self._last_number = number
        self._arrived += 1
        self._raw.append((pts, now))
        if delay is not None:
            self._delays["capture"].append(delay)
        if len(self._raw) > MOST_PENDING:
            self._raw.popleft()
            self._skipped += 1

    def encoder_in(self, pts: int, now: int, late: bool) -> None:
        """Count a frame that reached the encoder, or was dropped in front of it for being late."""
        raw = self._raw
        taken = 0
        came = None
        # Raw frames keep their order.  A frame of the same or an older time is this one, or will not come any more;
        # videorate may give a frame the time of its grid, so equality cannot be asked for.
        while raw and raw[0][0] <= pts:
            came = raw.popleft()
            taken += 1
        if came is None:
            self._repeated += 1
        else:
            self._skipped += taken - 1
        if late:
            self._late += 1
            return
        if came is not None:
            # Of the frames that go on: how old the others were is why they do not.
            self._delays["convert"].append(now - came[1])
        self._inside.append((pts, now))
        if len(self._inside) > MOST_PENDING:
            self._inside.popleft()
            self._swallowed += 1

    def encoder_out(self, pts: int, dts: int, size: int, key: bool, now: int) -> None:
        """Count a coded frame.  An encoder that reorders says so by a DTS below the PTS."""
        inside = self._inside
        entry = _take(inside, pts)
        if entry is None:
            self._made += 1
        else:
            self._delays["encode"].append(now - entry[1])
            # Coded frames come in the order of their DTS, and no PTS is below its DTS: what is older cannot come.
            oldest = min(pts, dts)
            while inside and inside[0][0] < oldest:
                inside.popleft()
                self._swallowed += 1
        self._encoded += 1
        self._bytes += size
        if key:
            self._keyframes += 1
            if self._key_pts is not None:
                self._key_interval_s = (pts - self._key_pts) / 1e9
            self._key_pts = pts
        self._coded.append((pts, now))
        if len(self._coded) > MOST_PENDING:
            self._coded.popleft()
            self._lost_coded += 1

    def sink_in(self, pts: int, now: int, taken: bool) -> None:
        """Count a coded frame that the sink takes, or that is thrown away while there is no sink."""
        coded = self._coded
        if (coded and coded[0][0] == pts) or any(entry[0] == pts for entry in coded):
            # Parser and queue keep the order of coded frames: those that were passed over are lost.
            while (entry := coded.popleft())[0] != pts:
                self._lost_coded += 1
            self._delays["send"].append(now - entry[1])
        else:
            self._extra += 1
        if taken:
            self._sent += 1
        else:
            self._refused += 1

    def totals(self, admitted: Admitted) -> Totals:
        """Return the ledger's row and the counters, all of one instant; the delays begin anew."""
        delays, self._delays = self._delays, {stage: [] for stage in STAGES}
        row = self._row(admitted)
        counted = (self._gaps + self._arrived, self._encoded, self._bytes, self._keyframes, self._key_interval_s)
        captured, encoded, encoded_bytes, keyframes, interval_s = counted
        in_ms = {stage: [delay / 1e6 for delay in found] for stage, found in delays.items()}
        return Totals(row, captured, encoded, encoded_bytes, keyframes, interval_s, in_ms)

    def _row(self, admitted: Admitted) -> dict[str, Any]:
        # Where videorate writes new times, one frame can look skipped and the next repeated.  Only what it does not
        # admit is such a pair, and only a pair cancels.
        pairs = min(max(self._skipped - admitted.rate_dropped, 0), max(self._repeated - admitted.rate_duplicated, 0))
        skipped, repeated = self._skipped - pairs, self._repeated - pairs
        duplicated = min(repeated, admitted.rate_duplicated)
        by_rate = min(skipped, admitted.rate_dropped)
        dropped = {
            "capture": self._gaps,
            "late": self._late,
            "rate": by_rate,
            "queue": (skipped - by_rate if admitted.leaky_raw else 0)
            + (self._lost_coded if admitted.leaky_coded else 0),
            "encoder": self._swallowed,
            "sink": self._refused + (0 if admitted.leaky_coded else self._lost_coded),
        }
        in_flight = len(self._raw) + len(self._inside) + len(self._coded)
        captured = self._gaps + self._arrived
        return {
            "captured": captured,
            "duplicated": duplicated,
            "sent": self._sent,
            "dropped": dropped,
            "in_flight": in_flight,
            "unexplained": captured + duplicated - self._sent - sum(dropped.values()) - in_flight,
        }


def _take(pending: deque[tuple[int, int]], pts: int) -> tuple[int, int] | None:
    """Remove and return the entry of ``pts``; nearly always the first."""
    if pending and pending[0][0] == pts:
        return pending.popleft()
    for entry in pending:
        if entry[0] == pts:
            pending.remove(entry)
            return entry
    return None


def percentiles_ms(values: Sequence[float]) -> dict[str, float] | None:
    """Return {"p50", "p95"} of delays in ms by nearest rank; None where there are none."""
    if not values:
        return None
    ordered = sorted(values)
    last = len(ordered) - 1
    return {"p50": round(ordered[round(0.5 * last)], 3), "p95": round(ordered[round(0.95 * last)], 3)}
