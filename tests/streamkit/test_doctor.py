"""What is wrong with a host, and the command that mends it."""

from __future__ import annotations

from typing import Any

import pytest

from streamkit.config import defaults
from streamkit.doctor import describe, examine
from tests.conftest import Host

STATE: dict[str, Any] = {
    "uid": 0, "listening": [], "free_mb": {"/var/lib/docker": 50_000}, "devices": {}, "probes": None,
    "docker": {"version": "26.1", "container": None, "image_tags": []},
}  # fmt: skip


def said(hardware: dict[str, Any], state: dict[str, Any] | None = STATE, **plan: Any) -> str:
    return "\n".join(describe(examine(hardware, state, defaults(), plan or None)))


def test_nothing_wrong_is_said_plainly(host: Host) -> None:
    card = host("usb_card")
    assert describe(examine({**card, "gpus": []}, STATE, defaults())) == ["Nothing is wrong with this host."]


def test_worst_comes_first(host: Host) -> None:
    hardware = {**host("no_card"), "memory_mb": 1024}
    hardware["docker"] = None
    findings = examine(
        hardware, {**STATE, "docker": {"version": None, "container": None, "image_tags": []}}, defaults()
    )
    assert findings[0].level == "broken" and "Docker is not installed" in findings[0].what
    assert [f.level for f in findings] == sorted((f.level for f in findings), key=["broken", "worse", "note"].index)


@pytest.mark.parametrize(
    ("changed", "what", "cure"),
    [
        ({"signal": "none"}, "has no signal", "switch the console on"),
        ({"usb_speed_mbps": 480}, "connected by USB 2 (480 Mbit/s): uncompressed it offers 1920x1080 at most", "USB 3"),
    ],
)
def test_card(host: Host, changed: dict[str, Any], what: str, cure: str) -> None:
    hardware = host("usb_card")
    hardware["video_devices"][0].update(changed)
    text = said(hardware)
    assert what in text and cure in text


@pytest.mark.parametrize(
    ("gpu", "what", "cure"),
    [
        ({"vendor": "nvidia", "state": "no_driver", "reason": "nothing is bound to it"}, "has no driver", "apt-get install nvidia-driver"),
        ({"vendor": "nvidia", "state": "vfio", "reason": "x"}, "reserved for virtual machines", "vfio-pci.ids"),
        ({"vendor": "intel", "va": {"usable": False, "driver": "iHD", "error": "iHD_drv_video.so could not be opened",
                                    "encode": [], "low_power_only": []}},
         "no working VA-API driver (iHD_drv_video.so could not be opened)", "apt-get install intel-media-va-driver"),
        ({"vendor": "intel", "driver": "i915", "va": {"usable": True, "driver": "iHD", "encode": ["h264"],
          "low_power_only": ["h264"], "error": None}}, "low-power path alone", "enable_guc=2"),
        ({"vendor": "nvidia", "nvenc": {"codecs": [], "reason": "GH100 has none"}}, "has no NVENC (GH100 has none)", "another encoder"),
    ],
)  # fmt: skip
def test_gpu(host: Host, gpu: dict[str, Any], what: str, cure: str) -> None:
    base = {"pci_id": "1:2", "render_node": None, "gid": None, "driver": None, "state": "ready"}
    text = said({**host("no_card"), "gpus": [{**base, **gpu}]})
    assert what in text and cure in text


def test_taken_port_and_small_disk_are_told_by_the_same_check_as_a_deployment(host: Host) -> None:
    state = {
        **STATE,
        "listening": [{"port": 8081, "process": "nginx", "container": None}],
        "free_mb": {"/var/lib/docker": 100},
    }
    text = said(host("no_card"), state)
    assert "nginx listens on" in text and "stop it, or choose another port" in text
    assert "Only 100 MiB are free" in text and "free some space" in text


def test_unmeasured_plan_is_worth_knowing(host: Host) -> None:
    assert "without trial encodes" in said(host("no_card"), probed=False)
    assert "without trial encodes" not in said(host("no_card"), probed=True)


def test_what_was_changed_in_the_panel_is_worth_knowing(host: Host) -> None:
    assert "Changed in the panel" not in said(host("usb_card"), {**STATE, "panel_changes": []})
    text = said(host("usb_card"), {**STATE, "panel_changes": ["fps", "stream_key"]})
    assert "Worth knowing: Changed in the panel, which wins over the inventory: fps, stream_key." in text
    assert "streamkit_reset_overrides=true takes all of it back" in text
