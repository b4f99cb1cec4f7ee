"""The ledger in real pipelines: what each element does to frames is found, by name, and closes."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.launcher.conftest import Launch

pytestmark = pytest.mark.image

QUEUE = "! queue max-size-buffers=5 max-size-time=500000000 max-size-bytes=0"
SOURCE = "videotestsrc name=capture is-live=true pattern=smpte horizontal-speed=4 ! video/x-raw,format=I420"
X264 = "x264enc name=encoder tune=zerolatency speed-preset=ultrafast bitrate=500"
END = "fakesink name=sink sync=false async=false"


def words(line: str) -> list[str]:
    return line.split()


def closes(row: dict[str, Any]) -> bool:
    gone = row["sent"] + sum(row["dropped"].values()) + row["in_flight"] + row["unexplained"]
    return bool(row["captured"] + row["duplicated"] == gone)


def run(launch: Launch, line: str, seconds: float = 4.0, **environment: str) -> dict[str, Any]:
    """Run a pipeline; every document on the way must close.  Return the last one, and the live figures before it."""
    running = launch(words(line), environment)
    running.until(lambda document: document["state"] == "playing")
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        row = running.document()["ledger"]["video"]
        assert closes(row), row
        time.sleep(0.2)
    # The figures of the last document are those of the stop: there may have been no frame in that moment.
    live = running.document()["video"]
    last = running.stop()
    assert closes(last["ledger"]["video"]), last
    return {**last, "live": live}


def dropped(document: dict[str, Any]) -> dict[str, int]:
    return {name: count for name, count in document["ledger"]["video"]["dropped"].items() if count}


@pytest.mark.parametrize(
    "encoder",
    [
        f"{X264} ! h264parse name=parser",
        "x264enc name=encoder bframes=3 b-adapt=false rc-lookahead=5 speed-preset=ultrafast ! h264parse name=parser",
        "vp9enc name=encoder deadline=1 cpu-used=8 lag-in-frames=0",
        "vp8enc name=encoder deadline=1 cpu-used=8",
        "av1enc name=encoder usage-profile=realtime cpu-used=10 lag-in-frames=0 ! av1parse name=parser",
        "svtav1enc name=encoder preset=12 parameters-string=hierarchical-levels=2:lookahead=0 ! av1parse name=parser",
        "rav1enc name=encoder speed-preset=10 low-latency=true tiles=4 ! av1parse name=parser",
        "openh264enc name=encoder ! h264parse name=parser",
    ],
    ids=["x264", "x264-b-frames", "vp9", "vp8", "aom", "svt", "rav1e", "openh264"],
)
def test_every_encoder_closes_with_nothing_dropped(launch: Launch, encoder: str) -> None:
    queue = "! queue max-size-buffers=0 max-size-time=3000000000 max-size-bytes=0"
    # The sink waits for nothing, so what is in flight is what the encoder holds.
    last = run(
        launch,
        f"{SOURCE},width=256,height=144,framerate=30/1 {QUEUE} ! {encoder} {queue} ! {END}",
        MAX_FRAME_AGE_MS="0",
    )
    row = last["ledger"]["video"]
    assert row["sent"] >= 60
    assert (dropped(last), row["unexplained"], row["duplicated"]) == ({}, 0, 0)
    assert row["in_flight"] <= 60
    assert last["live"]["fps"] == pytest.approx(30, rel=0.2)
    assert last["live"]["bitrate_kbps"] > 0
    assert last["live"]["stages_ms"]["convert"]["p50"] < 20
    assert last["live"]["stages_ms"]["encode"]["p50"] < 2000


def test_rate_is_named_for_what_it_leaves_out(launch: Launch) -> None:
    last = run(
        launch,
        f"{SOURCE},width=320,height=240,framerate=60000/1001 {QUEUE} ! videorate name=rate drop-only=true"
        f" ! videoconvertscale ! video/x-raw,format=I420,framerate=30000/1001 {QUEUE} ! {X264} ! h264parse {QUEUE} ! {END}",
    )
    row = last["ledger"]["video"]
    assert set(dropped(last)) == {"rate"}
    assert row["dropped"]["rate"] == pytest.approx(row["captured"] / 2, abs=3)
    assert row["unexplained"] == 0


@pytest.mark.parametrize(("framerate", "what"), [("15/1", "duplicated"), ("60/1", "rate")])
def test_rate_that_writes_new_times_is_followed_too(launch: Launch, framerate: str, what: str) -> None:
    last = run(
        launch,
        f"{SOURCE},width=320,height=240,framerate={framerate} ! videorate name=rate"
        f" ! video/x-raw,framerate=25/1 {QUEUE} ! {X264} ! {END}",
    )
    row = last["ledger"]["video"]
    assert abs(row["unexplained"]) <= 1
    if what == "duplicated":
        assert row["duplicated"] == pytest.approx(row["sent"] * 0.4, abs=4)
        assert dropped(last) == {}
    else:
        assert row["dropped"]["rate"] == pytest.approx(row["captured"] * 35 / 60, abs=4)
        assert row["duplicated"] == 0


def test_leaky_queue_is_named(launch: Launch) -> None:
    last = run(
        launch,
        f"{SOURCE},width=320,height=240,framerate=60/1 ! videorate name=rate drop-only=true ! video/x-raw,framerate=30/1"
        f" ! queue leaky=downstream max-size-buffers=1 ! identity sleep-time=66000 ! {X264} ! {END}",
        MAX_FRAME_AGE_MS="0",
    )
    row = last["ledger"]["video"]
    assert set(dropped(last)) == {"rate", "queue"}
    assert row["dropped"]["rate"] == pytest.approx(row["captured"] / 2, abs=5)
    assert row["dropped"]["queue"] == pytest.approx(row["captured"] / 4, rel=0.2)
    assert row["unexplained"] == 0


def test_leaky_queue_behind_the_encoder_is_named(launch: Launch) -> None:
    last = run(
        launch,
        f"{SOURCE},width=320,height=240,framerate=60/1 ! {X264} ! h264parse"
        f" ! queue leaky=downstream max-size-buffers=1 ! identity sleep-time=40000 ! {END}",
    )
    row = last["ledger"]["video"]
    assert set(dropped(last)) == {"queue"}
    assert row["dropped"]["queue"] > row["captured"] / 3
    assert row["unexplained"] == 0


def test_encoder_that_swallows_is_named(launch: Launch) -> None:
    last = run(
        launch,
        f"{SOURCE},width=640,height=360,framerate=30/1 ! vp8enc name=encoder deadline=1 cpu-used=8 end-usage=cbr"
        f" target-bitrate=20000 min-quantizer=4 max-quantizer=10 dropframe-threshold=90 ! {END}",
    )
    row = last["ledger"]["video"]
    assert set(dropped(last)) == {"encoder"}
    assert row["dropped"]["encoder"] > 10
    assert row["unexplained"] == 0


def test_frames_that_no_element_admits_are_unexplained(launch: Launch) -> None:
    last = run(
        launch,
        f"{SOURCE},width=320,height=240,framerate=30/1 ! identity drop-probability=0.3 ! {X264} ! {END}",
    )
    row = last["ledger"]["video"]
    assert dropped(last) == {}
    assert row["unexplained"] > row["captured"] * 0.15


def test_sound_that_is_missing_is_counted(launch: Launch) -> None:
    sound = "audiotestsrc is-live=true samplesperbuffer=480 ! audio/x-raw,rate=48000"
    last = run(
        launch,
        f"{SOURCE},width=320,height=240,framerate=30/1 ! {X264} ! {END} "
        f"{sound} ! identity name=audio_capture drop-probability=0.1 ! opusenc ! fakesink sync=false async=false",
    )
    row = last["ledger"]["audio"]
    assert last["audio"]["buffers"] == row["captured"] > 250
    assert row["gaps"] > 10
    # Buffers are 10 ms: what is missing and what came fill the time.
    assert row["gap_ms"] == pytest.approx(round(row["gap_ms"] / 10) * 10, abs=0.01)
    assert 0.05 < row["gap_ms"] / (row["gap_ms"] + row["captured"] * 10) < 0.16


def test_whole_sound_has_no_gaps(launch: Launch) -> None:
    last = run(
        launch,
        f"{SOURCE},width=320,height=240,framerate=30/1 ! {X264} ! {END} "
        "audiotestsrc name=audio_capture is-live=true samplesperbuffer=441 ! audio/x-raw,rate=44100"
        " ! audioconvert ! audioresample ! opusenc ! fakesink sync=false async=false",
    )
    assert last["ledger"]["audio"] == {"captured": last["audio"]["buffers"], "gaps": 0, "gap_ms": 0.0}


def test_overload_thins_the_picture_and_keeps_it_young(launch: Launch) -> None:
    line = (
        f"{SOURCE},width=1280,height=720,framerate=60/1 {QUEUE} {QUEUE} ! x264enc name=encoder tune=zerolatency"
        f" speed-preset=veryslow threads=1 bitrate=3000 {QUEUE} ! {END}"
    )
    last = run(launch, line, seconds=7)
    row, stages = last["ledger"]["video"], last["video"]["stages_ms"]
    assert set(dropped(last)) == {"late"}
    assert row["dropped"]["late"] > row["captured"] / 3
    assert row["unexplained"] == 0
    # Two periods are 33 ms; the frame that waits in front of the probe may become older while the encoder works.
    assert stages["convert"]["p95"] < 60
    assert stages["capture"]["p95"] < 60
