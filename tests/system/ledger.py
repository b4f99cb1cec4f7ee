"""The launcher's ledger held against the driver's own numbers.  Pure: what ``ledger_run.py`` saw goes in."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Window:
    """What was counted while the card lost ``percentage`` of its frames: all of them, lost ones, and by whom."""

    percentage: int
    captured: int
    dropped: Mapping[str, int]

    @property
    def share(self) -> float:
        """The part of the frames that the card lost."""
        return self.dropped["capture"] / self.captured

    @property
    def three_sigma(self) -> float:
        """How far the share of so many independent draws may lie from the percentage."""
        p = self.percentage / 100
        return 3 * math.sqrt(p * (1 - p) / self.captured)


def windows(seen: Mapping[str, Any]) -> list[Window]:
    """Return what each percentage did, from the first document after it was set to the last before the next."""
    found = []
    for window in seen["windows"]:
        first, last = (seen["documents"][window[end]]["ledger"]["video"] for end in ("first", "last"))
        dropped = {name: last["dropped"][name] - first["dropped"][name] for name in last["dropped"]}
        found.append(Window(window["percentage"], last["captured"] - first["captured"], dropped))
    return found


def differences(documents: Sequence[Mapping[str, Any]], sequences: Sequence[int]) -> list[tuple[int, int, int]]:
    """Return (its index, lost by the ledger, lost by the driver) for every document in which they differ.

    A driver numbers its frames from 0.  The ledger's own count of frames that arrived says how many buffers had left
    the driver by then: the number of the last of them says how many more there should have been.
    """
    different = []
    for index, document in enumerate(documents):
        row = document["ledger"]["video"]
        lost = row["dropped"]["capture"]
        arrived = row["captured"] - lost
        by_driver = sequences[arrived - 1] + 1 - arrived if arrived else 0
        if lost != by_driver:
            different.append((index, lost, by_driver))
    return different
