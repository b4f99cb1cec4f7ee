"""The capture card's state in one word and a sentence."""

from __future__ import annotations

from typing import Any

import pytest

from streamkit.documents import read_document
from streamkit.panel.capture import SILENT_AFTER_S, Arrival, capture_state, usb2_sentence
from tests.conftest import REPOSITORY

HARDWARE = read_document(REPOSITORY / "tests" / "golden" / "usb_card" / "hardware.json")
CARD = HARDWARE["video_devices"][0]["card"]
MODE = "YUYV 1280x720@60"


def says(state: str = "running", video: str = "v4l2", **changes: Any) -> dict[str, Any]:
    """supervisor.json of a box with that card; ``changes`` are settings as (value, origin)."""
    settings = {"source": (video, "plan"), "capture_mode": (MODE, "plan"), "encoder": ("x264", "plan"), **changes}
    return {
        "stream": {"state": state, "reason": "No capture card: it is not there. The stream starts when it comes."},
        "source": {"video": video, "card": CARD, "reason": "Why this source."},
        "settings": {name: {"value": value, "origin": origin} for name, (value, origin) in settings.items()},
    }


@pytest.mark.parametrize(
    ("supervisor", "frames_come", "limit", "state", "reason"),
    [
        (says(), True, "", "ok", "The cheapest mode."),
        (says(), True, "USB 2 is slow.", "usb2", "USB 2 is slow."),
        (says(), False, "USB 2 is slow.", "no_signal", f"{CARD} gives no frames"),
        (says("starting"), False, "", "no_signal", "is its source switched on"),
        (says("starting"), None, "", "starting", ""),
        (says("waiting"), None, "", "waiting", "The stream starts when it comes."),
        (says("stopped"), None, "USB 2 is slow.", "idle", ""),
        (says("failed"), None, "", "idle", ""),
        (says(video="test"), True, "", "no_device", "Why this source."),
        (says(video="test", source=("test", "inventory")), True, "", "test", "Why this source."),
        (says(video="test", source=("test", "override")), True, "", "test", "Why this source."),
    ],
)
def test_state_and_reason(supervisor: Any, frames_come: bool | None, limit: str, state: str, reason: str) -> None:
    found = capture_state(supervisor, frames_come, limit, "The cheapest mode.")
    assert found is not None
    assert found["state"] == state and reason in found["reason"]
    assert found["mode"] == (None if state in ("no_device", "test") else MODE)


@pytest.mark.parametrize("supervisor", [{}, {"source": None, "stream": {}}, {"source": {}, "stream": 5}])
def test_nothing_is_said_of_a_source_that_is_not_known(supervisor: Any) -> None:
    assert capture_state(supervisor, True, "", "") is None


def test_frames_come_until_they_have_not_for_three_seconds() -> None:
    now = [100.0]
    arrival = Arrival(lambda: now[0])

    def sees(captured: int, fps: float | None = 30.0, pid: int = 7, uptime_s: float = 60.0) -> bool | None:
        return arrival.frames_come({"pid": pid, "uptime_s": uptime_s, "video": {"captured": captured, "fps": fps}})

    assert sees(900) is True
    now[0] += 2
    assert sees(960) is True
    now[0] += SILENT_AFTER_S - 0.1
    assert sees(960, 0.0) is True, "a second without frames is no lost signal"
    now[0] += 0.1
    assert sees(960, 0.0) is False
    assert sees(961) is True
    assert arrival.frames_come(None) is None
    assert sees(961, 0.0) is False, "who looks for the first time believes the launcher's own rate"
    assert sees(0, None, pid=8, uptime_s=0.5) is None, "it has only begun"
    now[0] += SILENT_AFTER_S
    assert sees(0, None, pid=8) is False
    assert sees(0, None, pid=9, uptime_s=SILENT_AFTER_S) is False, "nothing came before anybody looked"


def test_what_usb_2_costs_is_judged_by_the_best_that_the_inventory_leaves_open() -> None:
    card = {**HARDWARE["video_devices"][0], "usb_speed_mbps": 480}
    supervisor, hardware = says(capture_mode=("MJPG 1920x1080@30", "plan")), {"video_devices": [card]}
    assert "plug it into a USB 3 port" in usb2_sentence(supervisor, hardware, {})
    assert usb2_sentence(supervisor, hardware, {"resolution": "640x360", "fps": "30"}) == ""
    assert usb2_sentence(supervisor, HARDWARE, {}) == "", "this card has USB 3"
    assert usb2_sentence(says(video="test"), hardware, {}) == ""
    assert usb2_sentence(says(capture_mode=("auto", "plan")), hardware, {}) == ""
    assert usb2_sentence(supervisor, {}, {}) == usb2_sentence({}, hardware, {}) == ""
