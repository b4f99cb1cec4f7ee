"""Where frames were lost between the source and the eyes: the launcher's ledger and the viewer's counters.  Pure.

**Offered** is what the source wanted to give.  A card numbers its frames, so its driver's losses are in the ledger
(``capture``).  The live test picture does not: a queue that neither leaks nor empties holds the source up, and the frames
that it could not give in that time are counted here as ``driver``, offered (rate x time) less captured.  Between two
documents that are written once a second the count of frames is right by one at each end; so up to two are no loss.

**Sent** frames and **presented** ones are told apart by the numbers painted into them: between the first and the last
number that the viewer saw, every number that it did not see was lost on the way, in the browser, or skipped by the
page's compositor, which shows only the newest of two frames that came between two refreshes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

LEDGER_STAGES = ("capture", "late", "rate", "queue", "encoder", "sink")
STAGES = ("driver", *LEDGER_STAGES, "network", "viewer")
TOLERANCE_FRAMES = 2


@dataclass(frozen=True)
class Viewed:
    """What a viewer saw in its window: of painted numbers (bench/viewer/score.py), and its browser's counters.

    ``missing`` are numbers that never came up between the first and the last, ``skipped`` pictures that the compositor had
    and the page did not see.  ``decoded`` and ``dropped`` are differences of framesDecoded and framesDropped of
    the inbound video (W3C webrtc-stats); None where a browser says none.
    """

    presented: int
    repeated: int = 0
    misordered: int = 0
    unreadable: int = 0
    missing: int = 0
    skipped: int = 0
    decoded: int | None = None
    dropped: int | None = None


@dataclass(frozen=True)
class Frames:
    """The account of one window; it closes where ``unexplained`` is 0."""

    offered: int
    captured: int
    duplicated: int
    sent: int
    in_flight: int
    lost: dict[str, int]
    unexplained: int
    presented: int | None = None
    decoded: int | None = None
    repeated: int | None = None
    misordered: int | None = None
    unreadable: int | None = None
    skipped_by_page: int | None = None
    notes: tuple[str, ...] = field(default=())

    @property
    def closes(self) -> bool:
        """Whether every frame has a place."""
        return self.unexplained == 0

    @property
    def drop_percent(self) -> float | None:
        """What was offered and not presented for reasons of the stream, in percent of what was offered."""
        return 100 * sum(self.lost.values()) / self.offered if self.offered else None

    def as_document(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {**asdict(self), "closes": self.closes, "drop_percent": self.drop_percent}


def account(
    first: Mapping[str, Any], last: Mapping[str, Any], offered_fps: float, numbered: bool, viewed: Viewed | None = None
) -> Frames:
    """Return the account between two documents of the launcher (launch.json).

    ``numbered``: the source is a card, whose driver numbers frames.  ``viewed`` may be of a window that lies within.
    """
    before, after = first["ledger"]["video"], last["ledger"]["video"]
    seconds = last["sampled_at"] - first["sampled_at"]
    counted = after["captured"] - before["captured"]
    lost = {stage: after["dropped"][stage] - before["dropped"][stage] for stage in LEDGER_STAGES}
    held_up = 0 if numbered else round(offered_fps * seconds) - counted
    pushed_back = held_up if held_up > TOLERANCE_FRAMES else 0
    on_the_way = _on_the_way(viewed)
    unexplained = after["unexplained"] - before["unexplained"]
    return Frames(
        offered=counted + pushed_back,
        captured=counted - lost["capture"],
        duplicated=after["duplicated"] - before["duplicated"],
        sent=after["sent"] - before["sent"],
        in_flight=after["in_flight"] - before["in_flight"],
        lost={"driver": pushed_back, **lost, **on_the_way.lost},
        unexplained=unexplained,
        presented=viewed.presented if viewed else None,
        decoded=viewed.decoded if viewed else None,
        repeated=viewed.repeated if viewed else None,
        misordered=viewed.misordered if viewed else None,
        unreadable=viewed.unreadable if viewed else None,
        skipped_by_page=on_the_way.skipped,
        notes=on_the_way.notes,
    )


@dataclass(frozen=True)
class _Way:
    lost: dict[str, int] = field(default_factory=lambda: {"network": 0, "viewer": 0})
    skipped: int | None = None
    notes: tuple[str, ...] = ("nobody watched: what was lost behind the sink is not known",)


def _on_the_way(viewed: Viewed | None) -> _Way:
    if viewed is None or not viewed.presented:
        return _Way()
    # A picture whose code could not be read, or that the page did not see, was there all the same.
    lost = max(viewed.missing - viewed.skipped - viewed.unreadable, 0)
    if viewed.decoded is None:
        note = "the browser gave no counters: frames that did not show are counted as the network's"
        return _Way({"network": lost, "viewer": 0}, viewed.skipped, (note,))
    # The browser's own: given up behind the network; or decoded, and overtaken by the next before the screen's refresh.
    # Frames received and not decoded are none of them: they wait in the jitter buffer, which may have grown.
    given_up = min(lost, viewed.dropped or 0)
    composed = viewed.presented + viewed.repeated + viewed.unreadable + viewed.skipped
    overtaken = min(lost - given_up, max(viewed.decoded - composed - (viewed.dropped or 0), 0))
    network = lost - given_up - overtaken
    return _Way({"network": network, "viewer": given_up}, viewed.skipped + overtaken, ())


def verdict(frames: Frames) -> str:
    """Return why the account cannot be judged; empty where it can."""
    if frames.closes:
        return ""
    return (
        f"The drop ledger does not close: {frames.unexplained} frames are unexplained of {frames.offered} offered, so "
        "nothing is judged or drawn from it; run it again, and report it where it happens again."
    )
