"""Differences of Chromium's own getStats, as recorded."""

from __future__ import annotations

import pytest

from bench.viewer.statistics import audio_of, difference
from tests.bench.viewer.recording import recorded


def test_the_picture_over_the_window() -> None:
    before, after = (one["video"] for one in recorded()["stats"])
    found = difference(before, after)
    assert (found["framesReceived"], found["framesDecoded"], found["framesDropped"]) == (243, 242, 0)
    assert found["totalDecodeTime"] / found["framesDecoded"] == pytest.approx(0.001135, abs=1e-6)
    assert "framesRendered" not in found


def test_the_sound_over_the_window() -> None:
    found = audio_of(recorded()["stats"])
    assert found["totalSamplesReceived"] == pytest.approx(48000 * 8, rel=0.02)
    assert (found["concealedSamples"], found["gaps"], found["packetsLost"]) == (0, 0, 0)


def test_sound_that_was_made_up() -> None:
    first, last = recorded()["stats"]
    audio = {**last["audio"], "concealedSamples": first["audio"]["concealedSamples"] + 960, "concealmentEvents": 2}
    video = {**last["video"], "estimatedPlayoutTimestamp": 4_004_396_181_584}
    audio["estimatedPlayoutTimestamp"] = 4_004_396_181_557
    found = audio_of([first, {"video": video, "audio": audio}])
    assert (found["concealedSamples"], found["longest_gap_ms"]) == (960, 20)
    assert found["av_offset_ms"] == pytest.approx(27, abs=30)


def test_a_stream_without_sound() -> None:
    assert audio_of([{"video": one["video"]} for one in recorded()["stats"]]) == {}
