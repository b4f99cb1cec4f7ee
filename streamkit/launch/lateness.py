"""Which raw frames are too late to be worth encoding.  Pure."""

from __future__ import annotations

from dataclasses import dataclass

FRAME_PERIODS = 2.0
"""How old a frame may be unless told: one period to arrive, one to wait for the encoder."""
LONGEST_BLANK_S = 0.5


@dataclass
class Lateness:
    """Decides frame by frame.  A limit of None drops nothing."""

    limit_ns: int | None = None
    most_in_a_row: int = 8
    in_a_row: int = 0

    def is_late(self, age_ns: int) -> bool:
        """Return whether a frame of this age is dropped.

        After ``most_in_a_row`` drops one frame passes whatever its age: a clock that jumped, or a card whose time
        stamps are wrong, then costs frames and never the whole picture.
        """
        if self.limit_ns is None or age_ns <= self.limit_ns or self.in_a_row >= self.most_in_a_row:
            self.in_a_row = 0
            return False
        self.in_a_row += 1
        return True

    def configure(self, max_age_ms: float | None, fps: float, source_latency_ns: int) -> None:
        """Set the limit: ``max_age_ms`` (None: two frame periods, 0: never late) beyond the source's own latency.

        A card stamps a frame when it begins and hands it over when it is complete; that time (its latency query) is
        nobody's delay.
        """
        if max_age_ms is None:
            max_age_ms = FRAME_PERIODS * 1000 / fps
        self.limit_ns = round(max_age_ms * 1e6) + source_latency_ns if max_age_ms > 0 else None
        self.most_in_a_row = max(8, round(fps * LONGEST_BLANK_S))
