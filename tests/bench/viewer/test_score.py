"""Latencies, drops, repeats and order from a recorded run, and from the same run with known faults put in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.viewer.score import FrameSample, percentile, score, steps, unix_ms
from tests.bench.viewer.recording import recorded_samples


@pytest.fixture
def samples() -> list[FrameSample]:
    return recorded_samples()


def test_a_recorded_run(samples: list[FrameSample]) -> None:
    found = score(samples)
    assert (found.samples, found.readable, found.presented) == (212, 212, 212)
    assert (found.repeated, found.misordered, found.missing, found.unreadable, found.skipped_by_page) == (0, 0, 0, 0, 0)
    assert found.latency_p50_ms == pytest.approx(29.0, abs=0.3)
    assert found.latency_p99_ms == pytest.approx(29.7, abs=0.3)
    assert found.fps == pytest.approx(30, abs=0.1)
    assert sum(point.frames for point in found.timeline) == 212
    assert [point.at_s for point in found.timeline] == list(range(len(found.timeline)))


def test_what_was_put_in_is_found(samples: list[FrameSample]) -> None:
    # Three pictures lost on the way, one of them skipped by the page; one unreadable; one again; two exchanged.
    skipped = [
        replace(one, presented_frames=one.presented_frames + (number > 50)) for number, one in enumerate(samples)
    ]
    faulty = [one for number, one in enumerate(skipped) if number not in (50, 100, 150)]
    faulty = [replace(one, presented_frames=one.presented_frames - (number > 50)) for number, one in enumerate(faulty)]
    faulty = [
        replace(one, presented_frames=samples[0].presented_frames + number + (number >= 50))
        for number, one in enumerate(faulty)
    ]
    faulty[20] = replace(faulty[20], frame=None, capture_ms=None)
    faulty[30] = replace(faulty[30], frame=faulty[29].frame, capture_ms=faulty[29].capture_ms)
    faulty[70], faulty[71] = (
        replace(faulty[70], frame=faulty[71].frame),
        replace(faulty[71], frame=faulty[70].frame),
    )
    found = score(faulty)
    assert (found.unreadable, found.repeated, found.misordered) == (1, 1, 1)
    # The number of the repeated picture's place never came, nor the unreadable one's.
    assert found.missing == 5
    assert found.skipped_by_page == 1
    assert found.missing_besides == 3


def test_a_delay_that_was_put_in_is_found(samples: list[FrameSample]) -> None:
    before = score(samples)
    later = [
        replace(one, expected_display_ms=one.expected_display_ms + 100, presentation_ms=one.presentation_ms + 100)
        for one in samples
    ]
    after = score(later)
    assert before.latency_p50_ms is not None and after.latency_p50_ms is not None
    assert after.latency_p50_ms - before.latency_p50_ms == pytest.approx(100, abs=0.001)


def test_no_picture_counts_as_shown_before_the_compositor_has_it(samples: list[FrameSample]) -> None:
    early = replace(samples[0], expected_display_ms=samples[0].presentation_ms - 30)
    assert early.presented_ms == early.presentation_ms


def test_a_second_without_pictures_is_in_the_timeline(samples: list[FrameSample]) -> None:
    start = samples[0].now_ms
    found = score([one for one in samples if not 2000 <= one.now_ms - start < 3000])
    assert (found.timeline[2].frames, found.timeline[2].latency_p50_ms) == (0, None)
    assert found.missing == 30


def test_frame_numbers_begin_anew(samples: list[FrameSample]) -> None:
    moved = [replace(one, frame=((one.frame or 0) + 65400) % 65536) for one in samples]
    assert min(one.frame or 0 for one in moved) < 200 < max(one.frame or 0 for one in moved)
    assert (score(moved).missing, score(moved).misordered) == (0, 0)
    assert steps([65535, 0, 0, 65534, 3]) == [1, 0, -2, 5]


def test_nothing_seen() -> None:
    found = score([])
    assert (found.samples, found.latency_p50_ms, found.fps, found.timeline) == (0, None, None, ())


@pytest.mark.parametrize("near_ms", [1_795_407_182_373.4, 2**32 * 418 + 3.0, 2**32 * 418 - 3.0])
@pytest.mark.parametrize("age_ms", [0, 7, 120_000])
def test_32_bits_are_enough_for_the_time(near_ms: float, age_ms: int) -> None:
    captured = int(near_ms) - age_ms
    assert unix_ms(captured % 2**32, near_ms) == captured + 0.5


def test_percentiles() -> None:
    assert percentile([], 0.5) is None
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([0.0, 10.0], 0.95) == pytest.approx(9.5)
