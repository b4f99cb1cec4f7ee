"""The ledger in real pipelines: what each element does to frames is found, by name, and closes."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable, Mapping
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


NEVER_LATE = {"MAX_FRAME_AGE_MS": "0"}
"""For what is not about frames that grow old: one would, where the machine does something else for a moment."""


def run(
    launch: Launch,
    line: str,
    enough: Callable[[dict[str, Any]], bool] = lambda document: True,
    seconds: float = 4.0,
    environment: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Run a pipeline for ``seconds`` and until a document has ``enough``; every document on the way must close.

    Return the last one; its "live" are the figures before it, one for each second.
    """
    running = launch(words(line), environment)
    running.until(lambda document: document["state"] == "playing")
    live: dict[float, dict[str, Any]] = {}  # by the time of their document
    began = time.monotonic()
    while True:
        document = running.document()
        row = document["ledger"]["video"]
        assert closes(row), row
        if document["video"]["fps"] is not None:
            live[document["sampled_at"]] = {**document["video"], "sampled_at": document["sampled_at"]}
        passed_s = time.monotonic() - began
        if passed_s > seconds and enough(document):
            break
        assert passed_s < seconds + 60, f"not enough in a minute: {document}"
        time.sleep(0.2)
    # The figures of the last document are those of the stop: there may have been no frame in that moment.
    last = running.stop()
    assert closes(last["ledger"]["video"]), last
    return {**last, "live": list(live.values())}


def typical(document: dict[str, Any], *path: str) -> float:
    """Return the median over a run of a live figure: a second in which the machine did something else is one of many."""

    def figure(video: Any) -> float | None:
        for name in path:
            video = video and video[name]
        return None if video is None else float(video)

    return statistics.median(found for found in map(figure, document["live"]) if found is not None)


def counted_fps(document: dict[str, Any]) -> float:
    """Return the median of the frames per second between live documents, by their counts and times."""
    rates: list[float] = [
        (later["encoded"] - earlier["encoded"]) / (later["sampled_at"] - earlier["sampled_at"])
        for earlier, later in itertools.pairwise(document["live"])
    ]
    return statistics.median(rates)


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
        enough=lambda document: document["ledger"]["video"]["sent"] >= 60,
        environment=NEVER_LATE,
    )
    row = last["ledger"]["video"]
    assert (dropped(last), row["unexplained"], row["duplicated"]) == ({}, 0, 0)
    assert row["in_flight"] <= 60
    fps = counted_fps(last)
    assert typical(last, "fps") == pytest.approx(fps, rel=0.1)
    assert typical(last, "bitrate_kbps") > 0
    # Nothing waits for an encoder that keeps pace; for one that this machine is too slow for, no more than the queue holds.
    assert typical(last, "stages_ms", "convert", "p50") < (20 if fps > 29 else 10 * 1000 / fps)
    assert typical(last, "stages_ms", "encode", "p50") < 2000


def test_rate_is_named_for_what_it_leaves_out(launch: Launch) -> None:
    last = run(
        launch,
        f"{SOURCE},width=320,height=240,framerate=60000/1001 {QUEUE} ! videorate name=rate drop-only=true"
        f" ! videoconvertscale ! video/x-raw,format=I420,framerate=30000/1001 {QUEUE} ! {X264} ! h264parse {QUEUE} ! {END}",
        environment=NEVER_LATE,
    )
    row = last["ledger"]["video"]
    assert set(dropped(last)) == {"rate"}
    assert row["dropped"]["rate"] == pytest.approx(row["captured"] / 2, abs=3)
    assert row["unexplained"] == 0


@pytest.mark.parametrize(("framerate", "what"), [("15/1", "duplicated"), ("60/1", "rate")])
def test_rate_that_writes_new_times_is_followed_too(launch: Launch, framerate: str, what: str) -> None:
    # Else it repeats the first frame for the time that the source took to give it.
    last = run(
        launch,
        f"{SOURCE},width=320,height=240,framerate={framerate} ! videorate name=rate skip-to-first=true"
        f" ! video/x-raw,framerate=25/1 {QUEUE} ! {X264} ! {END}",
        environment=NEVER_LATE,
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
        environment=NEVER_LATE,
    )
    row = last["ledger"]["video"]
    assert set(dropped(last)) == {"rate", "queue"}
    assert row["dropped"]["rate"] == pytest.approx(row["captured"] / 2, abs=5)
    # Of the half that is left the other half, and more where the machine is busy.
    assert row["dropped"]["queue"] > row["captured"] / 5
    assert row["unexplained"] == 0


def test_leaky_queue_behind_the_encoder_is_named(launch: Launch) -> None:
    last = run(
        launch,
        f"{SOURCE},width=320,height=240,framerate=60/1 ! {X264} ! h264parse"
        f" ! queue leaky=downstream max-size-buffers=1 ! identity sleep-time=40000 ! {END}",
        environment=NEVER_LATE,
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
        enough=lambda document: document["ledger"]["video"]["captured"] >= 90,
        environment=NEVER_LATE,
    )
    row = last["ledger"]["video"]
    assert set(dropped(last)) == {"encoder"}
    assert row["dropped"]["encoder"] > 10
    assert row["unexplained"] == 0


def test_frames_that_no_element_admits_are_unexplained(launch: Launch) -> None:
    last = run(
        launch,
        f"{SOURCE},width=320,height=240,framerate=30/1 ! identity drop-probability=0.3 ! {X264} ! {END}",
        enough=lambda document: document["ledger"]["video"]["captured"] >= 110,
        environment=NEVER_LATE,
    )
    row = last["ledger"]["video"]
    assert dropped(last) == {}
    # Of so many independent draws fewer are lost once in a million runs.
    assert row["unexplained"] > row["captured"] * 0.1


def test_sound_that_is_missing_is_counted(launch: Launch) -> None:
    sound = "audiotestsrc is-live=true samplesperbuffer=480 ! audio/x-raw,rate=48000"
    last = run(
        launch,
        f"{SOURCE},width=320,height=240,framerate=30/1 ! {X264} ! {END} "
        f"{sound} ! identity name=audio_capture drop-probability=0.1 ! opusenc ! fakesink sync=false async=false",
        enough=lambda document: document["ledger"]["audio"]["captured"] > 320,
    )
    row = last["ledger"]["audio"]
    assert last["audio"]["buffers"] == row["captured"]
    assert row["gaps"] > 10
    # Buffers are 10 ms: what is missing and what came fill the time.
    assert row["gap_ms"] == pytest.approx(round(row["gap_ms"] / 10) * 10, abs=0.01)
    # Of 350 independent draws the share is outside once in 100,000 runs.
    assert 0.035 < row["gap_ms"] / (row["gap_ms"] + row["captured"] * 10) < 0.19


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
    row = last["ledger"]["video"]
    assert set(dropped(last)) == {"late"}
    assert row["dropped"]["late"] > row["captured"] / 3
    assert row["unexplained"] == 0
    # Two periods are 33 ms; the frame that waits in front of the probe may become older while the encoder works.
    assert typical(last, "stages_ms", "convert", "p95") < 60
    # From the source to the encoder: without the limit all ten places are taken, and a frame waits for ten others.
    waited_ms = typical(last, "stages_ms", "capture", "p50") + typical(last, "stages_ms", "convert", "p50")
    assert waited_ms < 33 + 2 * typical(last, "stages_ms", "encode", "p50"), last["live"]
