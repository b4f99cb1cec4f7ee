"""The account of frames: on the ledgers of real runs, and on cases whose answer is known."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from bench.stream.frames import Frames, Viewed, account, verdict
from tests.bench.stream import recorded


def documents(name: str = "after") -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the first and the last launch.json of a real run, six seconds apart, to be changed at will."""
    first, *_, last = recorded.samples(name)
    assert first.launch is not None and last.launch is not None
    return copy.deepcopy(first.launch), copy.deepcopy(last.launch)


def video(document: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = document["ledger"]["video"]
    return row


@pytest.mark.parametrize("name", ["before", "after"])
def test_a_real_run_closes(name: str) -> None:
    frames = account(*documents(name), 30.0, numbered=False)
    assert frames.closes and verdict(frames) == ""
    assert frames.offered == pytest.approx(180, abs=3) == frames.captured
    assert frames.offered + frames.duplicated == frames.sent + frames.in_flight + sum(frames.lost.values())
    assert frames.presented is None and frames.notes == ("nobody watched: what was lost behind the sink is not known",)


def test_frames_that_a_full_queue_pushed_back_are_the_drivers() -> None:
    first, last = documents()
    frames = account(first, last, 60.0, numbered=False)
    assert frames.lost["driver"] == round(60 * (last["sampled_at"] - first["sampled_at"])) - frames.captured > 170
    assert frames.drop_percent == pytest.approx(50, abs=1)


def test_one_frame_at_each_end_is_no_loss() -> None:
    first, last = documents()
    video(last)["captured"] -= 2
    video(last)["sent"] -= 2
    assert account(first, last, 30.0, numbered=False).lost["driver"] in (0, 3)
    last["sampled_at"] = first["sampled_at"] + (video(last)["captured"] - video(first)["captured"] + 2) / 30
    assert account(first, last, 30.0, numbered=False).lost["driver"] == 0


def test_a_cards_driver_counts_by_itself() -> None:
    first, last = documents()
    video(last)["captured"] += 7
    video(last)["dropped"]["capture"] += 7
    frames = account(first, last, 60.0, numbered=True)
    assert (frames.lost["driver"], frames.lost["capture"]) == (0, 7)
    assert frames.offered == frames.captured + 7


def test_what_does_not_close_is_refused_in_one_sentence() -> None:
    first, last = documents()
    video(last)["captured"] += 5
    video(last)["unexplained"] += 5
    frames = account(first, last, 30.0, numbered=False)
    assert not frames.closes
    assert "5 frames are unexplained" in verdict(frames) and "nothing is judged" in verdict(frames)


def test_losses_by_name() -> None:
    first, last = documents()
    video(last)["dropped"]["queue"] += 18
    video(last)["sent"] -= 18
    frames = account(first, last, 30.0, numbered=False)
    assert frames.lost["queue"] == 18 and frames.drop_percent == pytest.approx(10, abs=0.5)


SPAN = 150


def account_of(viewed: Viewed) -> Frames:
    return account(*documents(), 30.0, numbered=False, viewed=viewed)


def test_a_viewer_that_sees_all() -> None:
    frames = account_of(Viewed(SPAN, decoded=SPAN, dropped=0))
    assert (frames.presented, frames.repeated, frames.misordered, frames.skipped_by_page) == (SPAN, 0, 0, 0)
    assert (frames.lost["network"], frames.lost["viewer"], frames.notes) == (0, 0, ())
    assert frames.decoded == SPAN


def test_frames_lost_on_the_way_are_the_networks() -> None:
    frames = account_of(Viewed(147, missing=3, decoded=147, dropped=0))
    assert (frames.lost["network"], frames.lost["viewer"], frames.skipped_by_page) == (3, 0, 0)


def test_frames_that_the_browser_gives_up_are_the_viewers() -> None:
    frames = account_of(Viewed(136, missing=14, decoded=150, dropped=14))
    assert (frames.lost["network"], frames.lost["viewer"], frames.skipped_by_page) == (0, 14, 0)


def test_frames_that_the_compositor_overtakes_or_the_page_misses_are_no_loss() -> None:
    frames = account_of(Viewed(136, missing=14, decoded=150, dropped=0))
    assert (frames.lost["network"], frames.lost["viewer"], frames.skipped_by_page) == (0, 0, 14)
    frames = account_of(Viewed(136, missing=14, skipped=14, decoded=150, dropped=0))
    assert (frames.lost["network"], frames.lost["viewer"], frames.skipped_by_page) == (0, 0, 14)
    assert frames.drop_percent == 0


def test_a_picture_that_could_not_be_read_was_there() -> None:
    frames = account_of(Viewed(148, missing=2, unreadable=2, decoded=150, dropped=0))
    assert (frames.lost["network"], frames.unreadable, frames.skipped_by_page) == (0, 2, 0)


def test_a_browser_without_counters_is_said() -> None:
    frames = account_of(Viewed(SPAN, missing=1))
    assert frames.lost["network"] == 1 and "gave no counters" in frames.notes[0]
