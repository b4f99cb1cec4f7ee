"""A frame that is too old is dropped, but never all of them."""

from __future__ import annotations

from streamkit.launch.lateness import Lateness

MS = 1_000_000


def test_nothing_is_late_until_the_limit_is_known() -> None:
    assert not Lateness().is_late(10**12)


def test_limit_is_two_frame_periods_beyond_the_sources_own_latency() -> None:
    lateness = Lateness()
    lateness.configure(None, 60.0, 16_666_667)
    assert not lateness.is_late(49 * MS)
    assert lateness.is_late(51 * MS)


def test_limit_can_be_set_and_switched_off() -> None:
    lateness = Lateness()
    lateness.configure(10.0, 60.0, 0)
    assert (lateness.is_late(9 * MS), lateness.is_late(11 * MS)) == (False, True)
    lateness.configure(0.0, 60.0, 0)
    assert not lateness.is_late(10**12)


def test_frame_from_the_future_is_not_late() -> None:
    lateness = Lateness()
    lateness.configure(None, 30.0, 0)
    assert not lateness.is_late(-(10**12))


def test_broken_clock_leaves_two_frames_a_second() -> None:
    lateness = Lateness()
    lateness.configure(None, 60.0, 0)
    passed = sum(not lateness.is_late(10**15) for _ in range(600))
    assert 19 <= passed <= 20


def test_slow_source_is_never_blank_for_longer_than_eight_frames() -> None:
    lateness = Lateness()
    lateness.configure(None, 5.0, 0)
    decisions = [lateness.is_late(10**15) for _ in range(90)]
    assert decisions.count(False) == 10


def test_overload_thins_evenly() -> None:
    """An encoder that needs 25 ms for frames that come every 16.7 ms encodes two of three, never two drops in a row."""
    lateness = Lateness()
    lateness.configure(None, 60.0, 0)
    now, drops, worst, row = 0.0, [], 0.0, 0
    for number in range(600):
        captured = number * 1000 / 60
        now = max(now, captured)
        late = lateness.is_late(round((now - captured) * MS))
        row = row + 1 if late else 0
        drops.append(late)
        worst = max(worst, 0.0 if late else now - captured)
        now += 0.0 if late else 25.0
        assert row <= 1
    assert 0.30 < sum(drops) / len(drops) < 0.36
    assert worst <= 1000 / 30 + 0.001
