"""What ``bench measure drops`` shows of a run: where frames were lost, stage by stage.  Pure."""

from __future__ import annotations

from typing import Any

from bench.measure.suites import Details
from bench.stream.frames import STAGES
from streamkit.errors import StreamkitError

BEHIND_THE_SINK = ("network", "viewer")


class OpenLedgerError(StreamkitError):
    """The account of frames does not close, so nothing is judged by it."""


def check(details: Details) -> None:
    """Raise OpenLedgerError where the ledger of a run does not close."""
    if details["verdict"]:
        raise OpenLedgerError(str(details["verdict"]))


def lines(details: Details) -> list[str]:
    """Return a run's account for a terminal, one line for each stage.  Raises OpenLedgerError."""
    check(details)
    frames: dict[str, Any] = details["frames"]
    watched = frames["presented"] is not None
    rows = [("offered by the source", frames["offered"])]
    rows += [(f"lost: {stage}", frames["lost"][stage]) for stage in STAGES if stage not in BEHIND_THE_SINK]
    if frames["duplicated"]:
        rows.append(("repeated by videorate", frames["duplicated"]))
    if frames["in_flight"]:
        rows.append(("more on the way than at the beginning", frames["in_flight"]))
    rows.append(("sent", frames["sent"]))
    if watched:
        rows += [(f"lost: {stage}", frames["lost"][stage]) for stage in BEHIND_THE_SINK]
        rows.append(("presented, in the viewer's own window", frames["presented"]))
        rows += [
            (name, frames[key])
            for name, key in (
                ("presented again", "repeated"),
                ("out of order", "misordered"),
                ("time code not readable", "unreadable"),
                ("skipped by the page, not by the stream", "skipped_by_page"),
            )
            if frames[key]
        ]
    found = [f"{name:<40}{count:>8}" for name, count in rows]
    percent = frames["drop_percent"]
    found.append(f"{'lost of what was offered':<40}{'unknown' if percent is None else f'{percent:.2f} %':>8}")
    searched = details.get("searched")
    if searched:
        more = "at least " if searched["at_least"] else ""
        found.append(
            f"Sustained with the viewer running: {more}{searched['fps']} fps; this run offered {details['offered_fps']:g}."
        )
    return [*found, *(f"Note: {note}." for note in frames["notes"])]
