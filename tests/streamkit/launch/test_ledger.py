"""The ledger closes at every instant, whatever happens between the probes; who took a frame is asked, not guessed."""

from __future__ import annotations

import random
from typing import Any

import pytest

from streamkit.launch.ledger import MOST_PENDING, Admitted, VideoLedger, percentiles_ms

PERIOD = 16_666_667


def row(ledger: VideoLedger, **admitted: Any) -> dict[str, Any]:
    found = ledger.totals(Admitted(**admitted)).row
    assert (
        found["captured"] + found["duplicated"]
        == found["sent"] + sum(found["dropped"].values()) + found["in_flight"] + found["unexplained"]
    )
    return found


def dropped(found: dict[str, Any]) -> dict[str, int]:
    return {name: count for name, count in found["dropped"].items() if count}


def through(ledger: VideoLedger, number: int, upto: str = "sink") -> None:
    """Send frame ``number`` as far as the probe called ``upto``."""
    pts = number * PERIOD
    ledger.captured(pts, number, pts, None)
    if upto == "capture":
        return
    ledger.encoder_in(pts, pts + 2_000_000, late=False)
    if upto == "encoder_in":
        return
    ledger.encoder_out(pts, pts, 1000, number % 30 == 0, pts + 5_000_000)
    if upto == "sink":
        ledger.sink_in(pts, pts + 6_000_000, taken=True)


def test_every_frame_arrives() -> None:
    ledger = VideoLedger()
    for number in range(100):
        through(ledger, number)
    totals = ledger.totals(Admitted())
    assert (totals.row["captured"], totals.row["sent"], totals.row["in_flight"]) == (100, 100, 0)
    assert dropped(totals.row) == {}
    assert (totals.encoded_bytes, totals.keyframes) == (100_000, 4)
    assert totals.keyframe_interval_s == pytest.approx(0.5, abs=1e-6)
    assert totals.delays_ms["convert"] == [2.0] * 100
    assert totals.delays_ms["encode"] == [3.0] * 100
    assert totals.delays_ms["send"] == [1.0] * 100
    assert ledger.totals(Admitted()).delays_ms["send"] == [], "delays begin anew after each look"


@pytest.mark.parametrize(
    ("upto", "waiting"), [("capture", 1), ("encoder_in", 1), ("encoder_out", 1)], ids=["raw", "inside", "coded"]
)
def test_frame_on_its_way_is_in_flight_wherever_it_is(upto: str, waiting: int) -> None:
    ledger = VideoLedger()
    through(ledger, 0)
    through(ledger, 1, upto)
    found = row(ledger)
    assert (found["in_flight"], found["unexplained"]) == (waiting, 0)


def test_gaps_in_the_drivers_numbers_are_captured_and_dropped() -> None:
    ledger = VideoLedger()
    for number in (5, 6, 9, 10, 14):
        through(ledger, number)
    found = row(ledger)
    assert (found["captured"], found["sent"], dropped(found)) == (10, 5, {"capture": 5})


@pytest.mark.parametrize(
    ("numbers", "lost"),
    [
        # The driver's own: 0 1 2, and 1 4 5, of which 0, 2 and 3 are missing.
        ((0, 2, 3), 0),
        ((0, 5, 6), 3),
        # 0 1 2, then the driver begins anew: 0 1 2, or 1 3.
        ((0, 2, 3, 3, 5, 6), 0),
        ((0, 2, 3, 3, 7), 2),
        # A driver that does not count: v4l2src does it.
        ((0, 1, 2, 3), 0),
    ],
)
def test_number_that_v4l2src_makes_up_is_no_loss(numbers: tuple[int, ...], lost: int) -> None:
    ledger = VideoLedger()
    for pts, number in enumerate(numbers):
        ledger.captured(pts, number, pts, None)
    assert row(ledger)["captured"] == len(numbers) + lost


def test_source_without_numbers_has_no_gaps() -> None:
    ledger = VideoLedger()
    for pts in (0, PERIOD, 9 * PERIOD):
        ledger.captured(pts, None, pts, None)
    assert row(ledger)["captured"] == 3


def test_rate_takes_what_it_admits_and_a_leaky_queue_the_rest() -> None:
    ledger = VideoLedger()
    for number in range(10):
        through(ledger, number, "sink" if number in (0, 4, 9) else "capture")
    assert dropped(row(ledger, rate_dropped=5, leaky_raw=True)) == {"rate": 5, "queue": 2}


def test_frame_that_nobody_admits_is_unexplained() -> None:
    ledger = VideoLedger()
    through(ledger, 0)
    through(ledger, 1, "capture")
    through(ledger, 2)
    found = row(ledger)
    assert (dropped(found), found["unexplained"]) == ({}, 1)


def test_drop_that_rate_counts_before_the_next_frame_came_is_still_in_flight() -> None:
    ledger = VideoLedger()
    through(ledger, 0)
    through(ledger, 1, "capture")
    found = row(ledger, rate_dropped=1)
    assert (dropped(found), found["in_flight"], found["unexplained"]) == ({}, 1, 0)


def test_frames_repeated_by_rate_are_duplicated() -> None:
    ledger = VideoLedger()
    for number in range(4):
        through(ledger, number)
        pts = number * PERIOD + PERIOD // 2
        ledger.encoder_in(pts, pts, late=False)
        ledger.encoder_out(pts, pts, 10, False, pts)
        ledger.sink_in(pts, pts, taken=True)
    found = row(ledger, rate_duplicated=4)
    assert (found["captured"], found["duplicated"], found["sent"], found["unexplained"]) == (4, 4, 8, 0)
    assert row(ledger)["unexplained"] == -4, "frames from nowhere show"


def test_new_times_of_rate_neither_drop_nor_repeat() -> None:
    ledger = VideoLedger()
    jitter = random.Random(1)
    for number in range(300):
        ledger.captured(number * PERIOD + jitter.randrange(-PERIOD // 2, PERIOD // 2), number, 0, None)
        if number >= 2:
            ledger.encoder_in((number - 2) * PERIOD, 0, late=False)
    for number in (298, 299, 300):
        ledger.encoder_in(number * PERIOD, 0, late=False)
    found = row(ledger)
    assert dropped(found) == {}
    assert abs(found["unexplained"]) <= 1


def test_late_frames_are_late_and_not_in_the_delays() -> None:
    ledger = VideoLedger()
    through(ledger, 0)
    ledger.captured(PERIOD, 1, PERIOD, None)
    ledger.encoder_in(PERIOD, 9 * PERIOD, late=True)
    totals = ledger.totals(Admitted())
    assert dropped(totals.row) == {"late": 1}
    assert totals.row["in_flight"] == 0
    assert totals.delays_ms["convert"] == [2.0]


def test_encoder_that_swallows_is_found_by_its_next_frame() -> None:
    ledger = VideoLedger()
    through(ledger, 0)
    through(ledger, 1, "encoder_in")
    assert row(ledger)["in_flight"] == 1
    through(ledger, 2)
    found = row(ledger)
    assert (dropped(found), found["in_flight"]) == ({"encoder": 1}, 0)


def test_encoder_that_reorders_swallows_nothing() -> None:
    ledger = VideoLedger()
    for number in range(8):
        through(ledger, number, "encoder_in")
    for dts, pts in ((-2, 0), (-1, 3), (0, 1), (1, 2), (2, 6), (3, 4), (4, 5)):
        ledger.encoder_out(pts * PERIOD, dts * PERIOD, 10, False, 0)
        ledger.sink_in(pts * PERIOD, 0, taken=True)
    found = row(ledger)
    assert (found["sent"], found["in_flight"], dropped(found), found["unexplained"]) == (7, 1, {}, 0)


@pytest.mark.parametrize(("leaky", "who"), [(True, "queue"), (False, "sink")])
def test_coded_frame_that_was_passed_over(leaky: bool, who: str) -> None:
    ledger = VideoLedger()
    through(ledger, 0)
    through(ledger, 1, "encoder_out")
    through(ledger, 2)
    assert dropped(row(ledger, leaky_coded=leaky)) == {who: 1}


def test_frames_without_a_sink_are_dropped_there() -> None:
    ledger = VideoLedger()
    through(ledger, 0)
    through(ledger, 1, "encoder_out")
    ledger.sink_in(PERIOD, 0, taken=False)
    assert dropped(row(ledger)) == {"sink": 1}


def test_stage_that_lets_nothing_out_keeps_its_bounds_and_closes() -> None:
    ledger = VideoLedger()
    for number in range(MOST_PENDING + 500):
        through(ledger, number, "encoder_in")
    found = row(ledger)
    assert found["in_flight"] == MOST_PENDING
    assert dropped(found) == {"encoder": 500}


@pytest.mark.parametrize("seed", range(20))
def test_closes_after_every_step_of_a_random_stream(seed: int) -> None:
    chance = random.Random(seed)
    ledger, rate_dropped, number = VideoLedger(), 0, 0
    raw: list[int] = []
    inside: list[int] = []
    coded: list[int] = []
    truth = dict.fromkeys(("capture", "late", "rate", "queue", "encoder", "sink"), 0)
    lost = 0
    for step in range(2000):
        where = chance.choice("ciost")
        if where == "c":
            gap = chance.choice((0, 0, 0, 2)) if number else 0
            truth["capture"] += gap
            ledger.captured(step, number + gap, 0, None)
            number += gap + 1 if number else 2
            raw.append(step)
        elif where == "i" and raw:
            pts = raw.pop(0)
            if chance.random() < 0.2 and raw:
                rate_dropped, pts = rate_dropped + 1, raw.pop(0)
            late = chance.random() < 0.1
            truth["late"] += late
            ledger.encoder_in(pts, 0, late)
            inside += [] if late else [pts]
        elif where == "o" and inside:
            if chance.random() < 0.1 and len(inside) > 1:
                inside.pop(0)
                truth["encoder"] += 1
            pts = inside.pop(0)
            ledger.encoder_out(pts, pts, 1, False, 0)
            coded.append(pts)
        elif where == "s" and coded:
            taken = chance.random() < 0.9
            truth["sink"] += not taken
            ledger.sink_in(coded.pop(0), 0, taken)
            lost += taken
        found = row(ledger, rate_dropped=rate_dropped)
        assert found["unexplained"] == 0
        assert found["in_flight"] == len(raw) + len(inside) + len(coded)
        assert found["sent"] == lost
        assert found["dropped"] == truth | {"rate": rate_dropped}


def test_percentiles_are_nearest_rank() -> None:
    assert percentiles_ms([]) is None
    assert percentiles_ms([4.0]) == {"p50": 4.0, "p95": 4.0}
    assert percentiles_ms([float(n) for n in range(101)]) == {"p50": 50.0, "p95": 95.0}
