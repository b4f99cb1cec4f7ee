"""Painted codes outlive an encoder with few bits, in every format; where they cannot be painted, that is said."""

from __future__ import annotations

import statistics
import subprocess
import time
import uuid
from pathlib import Path

import pytest

from streamkit.launch.timecode import ROWS, TimeCode, cell_pixels, read_timecode
from tests.launcher.conftest import Launch
from tests.launcher.container import command

pytestmark = pytest.mark.image

DECODED = "! video/x-raw,format=I420 ! filesink name=sink sync=false async=false location=/run/streamkit/decoded.yuv"
CODERS = {
    "x264": "x264enc name=encoder tune=zerolatency speed-preset=ultrafast bitrate=500 ! h264parse ! openh264dec",
    "vp9": "vp9enc name=encoder deadline=1 cpu-used=8 lag-in-frames=0 end-usage=cbr target-bitrate=500000 ! vp9dec",
    "vp8": "vp8enc name=encoder deadline=1 cpu-used=8 end-usage=cbr target-bitrate=500000 ! vp8dec",
    "aom": "av1enc name=encoder usage-profile=realtime cpu-used=10 lag-in-frames=0 end-usage=cbr target-bitrate=500"
    " ! av1parse ! av1dec",
}


def source(pixel_format: str, width: int, height: int, fps: int = 30) -> str:
    return (
        "--paint-timecode videotestsrc name=capture is-live=true pattern=smpte horizontal-speed=4"
        f" ! video/x-raw,format={pixel_format},width={width},height={height},framerate={fps}/1 ! queue"
    )


def codes(path: Path, width: int, height: int) -> list[TimeCode | None]:
    """The code of every decoded picture in a file of I420."""
    size = width * height * 3 // 2
    needed = ROWS * cell_pixels(height) * width
    found = []
    with path.open("rb") as pictures:
        for number in range(path.stat().st_size // size):
            pictures.seek(number * size)
            found.append(read_timecode(pictures.read(needed), width, height))
    return found


@pytest.mark.parametrize(("coder", "width", "height"), [(name, 1280, 720) for name in CODERS] + [("x264", 640, 360)])
def test_every_frame_is_readable_at_500_kbps(
    launch: Launch, tmp_path: Path, coder: str, width: int, height: int
) -> None:
    began_ms = time.time_ns() // 1_000_000
    line = f"{source('I420', width, height)} ! {CODERS[coder]} {DECODED}"
    running = launch(line.split(), {"MAX_FRAME_AGE_MS": "0"})
    running.until(lambda document: document["video"]["encoded"] >= 75)
    last = running.stop()
    ended_ms = time.time_ns() // 1_000_000
    found = codes(tmp_path / "decoded.yuv", width, height)
    assert len(found) >= 70
    assert None not in found
    frames = [code.frame for code in found if code]
    assert frames == list(range(frames[0], frames[0] + len(frames)))
    times = [code.capture_ms for code in found if code]
    assert times == sorted(times)
    assert began_ms % 2**32 <= times[0] <= times[-1] <= ended_ms % 2**32
    # The time of thirty frames, wherever among them the machine did something else for a moment.
    seconds = [later - earlier for earlier, later in zip(times, times[30:], strict=False)]
    assert statistics.median(seconds) == pytest.approx(1000, rel=0.02)
    assert last["ledger"]["video"]["unexplained"] == 0


@pytest.mark.parametrize("pixel_format", ["NV12", "YUY2", "I420"])
def test_formats_and_a_picture_that_somebody_else_holds(launch: Launch, tmp_path: Path, pixel_format: str) -> None:
    # No encoder: the picture stays as painted. The tee keeps each frame, so it has to be copied before it is written.
    line = (
        f"{source(pixel_format, 640, 480)} ! tee name=both ! queue ! identity name=encoder ! videoconvertscale {DECODED} "
        "both. ! queue ! fakesink sync=true async=false"
    )
    running = launch(line.split())
    running.until(lambda document: document["video"]["encoded"] >= 30)
    running.stop()
    found = codes(tmp_path / "decoded.yuv", 640, 480)
    assert len(found) >= 25
    assert None not in found


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (
            "videotestsrc is-live=true name=capture ! video/x-raw,format=RGBx,width=640,height=480"
            " ! identity name=encoder ! fakesink name=sink",
            "cannot paint frames of the format RGBx; it writes I420, NV12, YUY2.",
        ),
        (
            "videotestsrc is-live=true name=capture ! video/x-raw,format=I420,width=240,height=160"
            " ! identity name=encoder ! fakesink name=sink",
            "cannot paint frames of 240x160",
        ),
        ("videotestsrc is-live=true ! fakesink", "no elements called capture and encoder"),
    ],
    ids=["format", "size", "names"],
)
def test_what_cannot_be_painted_is_said(launch: Launch, line: str, why: str) -> None:
    running = launch(["--paint-timecode", *line.split()])
    _, errors = running.process.communicate(timeout=60)
    assert running.process.returncode == 2
    assert why in errors
    assert len(errors.strip().splitlines()) == 1, errors


def test_frames_of_the_gpu_cannot_be_painted(product_image: str, tmp_path: Path) -> None:
    code = """
import gi
gi.require_version("Gst", "1.0")
from gi.repository import Gst
from streamkit.errors import BadInputError
from streamkit.launch.painter import check_paintable
Gst.init(None)
size = "width=640,height=480,framerate=30/1"
check_paintable(Gst.Caps.from_string("video/x-raw(memory:SystemMemory),format=NV12," + size))
for memory in ("VAMemory", "CUDAMemory", "DMABuf"):
    try:
        check_paintable(Gst.Caps.from_string(f"video/x-raw(memory:{memory}),format=NV12,{size}"))
    except BadInputError as problem:
        print(problem)
"""
    done = subprocess.run(
        command(product_image, f"sk-launcher-{uuid.uuid4().hex[:12]}", tmp_path, {}, ["python3", "-c", code]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    for memory, line in zip(("VAMemory", "CUDAMemory", "DMABuf"), done.stdout.splitlines(), strict=True):
        assert f"raw frames are in memory:{memory}, which only the GPU can write" in line
