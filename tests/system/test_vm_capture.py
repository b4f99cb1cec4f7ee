"""Real input: a virtual machine with a V4L2 HDMI input and an ALSA card, provisioned over ssh, watched from outside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.system import ledger
from tests.system.capture_machine import VM_FPS, CaptureMachine
from tests.system.ledger_run import NOTHING_LOST
from tests.system.streamer import Streamer
from tests.viewer import Watched, chromium_page, figures, log_in, watch_until

pytestmark = [pytest.mark.vm, pytest.mark.timeout(5400)]

PERCENTAGES = (0, 5, 10, 25)
ENOUGH = 3000
"""Frames for each percentage."""


def test_vm_streams_what_its_capture_card_and_sound_card_deliver(
    capturing: Streamer, report: dict[str, object]
) -> None:
    status = capturing.document("supervisor")
    assert status["source"]["video"] == "v4l2"
    assert status["source"]["card"] == "vivid"
    assert (status["source"]["audio"], status["source"]["audio_device"]) == ("alsa", "hw:Loopback,1")
    # The HDMI source plays something: its test picture wanders to the right.
    capturing.run(["v4l2-ctl", "-d", "/dev/video0", "-c", "horizontal_movement=5"])

    def good(seen: Watched) -> bool:
        # Under emulation the driver itself loses some buffers when the host is busy; what it delivers must arrive.
        moved = seen.moved >= 0.5 * seen.looks
        return seen.fps >= 0.8 * VM_FPS and seen.video_packets_lost == 0 and moved

    with chromium_page(netns=capturing.netns) as page:
        log_in(page, capturing.panel, capturing.token)
        looks = watch_until(good, page, capturing.panel, seconds=20)
    report["vm_capture_in_chromium"] = {**figures(looks), "configured_fps": VM_FPS}
    assert (looks[-1].width, looks[-1].height) == (320, 240)
    assert good(looks[-1]), ("what moves at the source must move in the browser, at its rate and without loss", looks)
    assert looks[-1].audio_packets_received > 0


@pytest.fixture
def ledger_run(capture_machine: CaptureMachine, capturing: Streamer) -> dict[str, Any]:
    """What was seen of a stream whose card lost ever more; the product's own container rests meanwhile."""
    order = {
        # 20 ms a frame are five of the kernel's ticks, exactly: of other periods the driver's thread loses some by rounding.
        "timings": "cvt,width=640,height=480,fps=50,reduced-blanking=2",
        "image": capturing.inspect()["Config"]["Image"],
        "release": "/opt/streamkit/current",
        "script": "stream-x264.sh",
        "environment": {
            "VIDEO_DEVICE": "/dev/video0",
            "CAPTURE_MODE": "video/x-raw,format=YUY2,width=160,height=120,framerate=50/1",
            "AUDIO_SOURCE": "none",
            "RESOLUTION": "160x120",
            # A quarter of the frames: videorate's row of the ledger has something to explain as well.
            "FPS": "25/2",
            "BITRATE": "300",
        },
        "settled_frames": 500,
        "attempts": 3,
        "percentages": PERCENTAGES,
        "frames": ENOUGH,
    }
    capture_machine.rest()
    with (Path(__file__).parent / "ledger_run.py").open("rb") as program:
        words = ["python3", "-", json.dumps(order)]
        seen: dict[str, Any] = json.loads(capture_machine.machine.ssh(words, stdin=program, timeout=2400).stdout)
    return seen


def test_ledger_of_capture_is_the_drivers_own(ledger_run: dict[str, Any], report: dict[str, object]) -> None:
    windows = ledger.windows(ledger_run)
    different = ledger.differences(ledger_run["documents"], ledger_run["sequences"])
    unexplained = [document["ledger"]["video"]["unexplained"] for document in ledger_run["documents"]]
    report["vm_ledger"] = {
        "frames_by_driver": ledger_run["sequences"][-1] + 1,
        "lost_by_driver": ledger_run["sequences"][-1] + 1 - len(ledger_run["sequences"]),
        "documents": len(unexplained),
        "documents_that_differ_from_the_driver": len(different),
        "unexplained": max(unexplained, key=abs),
        "windows": [
            {
                "injected_percent": window.percentage,
                "frames": window.captured,
                "lost_percent": round(100 * window.share, 2),
                "three_sigma_percent": round(100 * window.three_sigma, 2),
                "dropped": window.dropped,
            }
            for window in windows
        ],
    }
    assert different == [], "the capture row (document, lost by it, lost by the driver's numbers)"
    assert set(unexplained) == {0}
    assert ledger_run["documents"][-1]["state"] == "stopping"
    last = {window.percentage: window for window in windows}
    assert set(last) == set(PERCENTAGES)
    for window in last.values():
        assert window.captured >= ENOUGH
        # Of 50 frames a second 12.5 go on: most of those that arrived, also where a quarter was lost before.
        assert window.dropped["rate"] > 0.5 * (window.captured - window.dropped["capture"]), window
        if window.percentage:
            assert abs(window.share - window.percentage / 100) <= window.three_sigma, windows
        else:
            assert window.share < NOTHING_LOST, ("a mode in which nothing is lost without injection", windows)
