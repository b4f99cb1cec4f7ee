"""v4l2-ctl's texts: each folder of tests/fixtures/parse/v4l2-ctl holds one and what it says."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from streamkit.parse import parse
from streamkit.parse.v4l2_devices import kind
from tests.conftest import HERE

EXAMPLES = sorted((HERE / "fixtures/parse/v4l2-ctl").iterdir())


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda folder: folder.name)
def test_example(folder: Path) -> None:
    facts = parse("v4l2-ctl", (folder / "output.txt").read_bytes().decode())
    expected = json.loads((folder / "expect.json").read_text(encoding="utf-8"))
    assert {field: facts.get(field) for field in expected} == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("USB Video: USB Video (usb-0000:00:14.0-4)", "capture"),
        ("USB ISP Decoder Camera (usb-0000:00:14.0-4)", "capture"),
        ("Pro Capture HDMI 4K Plus (PCI:0000:03:00.0)", "capture"),
        ("unicam (platform:fe801000.csi)", "capture"),
        ("rp1-cfe (platform:1f00110000.csi)", "capture"),
        ("mmal service 16.1 (platform:bcm2835-v4l2-0)", "capture"),
        ("rkcif (platform:rkcif-mipi-lvds2)", "capture"),
        ("rk_hdmirx (platform:fdee0000.hdmirx-controller)", "capture"),
        ("imx-media-capture (platform:ipu1_csi0)", "capture"),
        ("sun6i-csi-capture (platform:1cb0000.camera)", "capture"),
        ("vi-output, imx219 9-0010 (platform:tegra-capture-vi:0)", "capture"),
        ("Chicony USB2.0 Camera", "capture"),
        ("Cam1 (platform:v4l2loopback-000)", "virtual"),
        ("Dummy video device (0x0000) (v4l2loopback:0)", "virtual"),
        ("vivid (platform:vivid-000)", "virtual"),
        ("akvcam 1/output (platform:akvcam-7)", "virtual"),
        ("fe980000.usb (gadget.0)", "gadget"),
        ("bcm2835-codec-decode (platform:bcm2835-codec)", "processor"),
        ("bcm2835-isp (platform:bcm2835-isp)", "processor"),
        ("pispbe (platform:1000880000.pisp_be)", "processor"),
        ("rpi-hevc-dec (platform:rpi-hevc-dec)", "processor"),
        ("rkvdec (platform:rkvdec)", "processor"),
        ("rockchip,rk3399-vpu-enc (platform:ff650000.video-codec)", "processor"),
        ("rkispp_m_bypass (platform:rkispp-vir0)", "processor"),
        ("rkvpss_scale0 (platform:rkvpss-vir0)", "processor"),
        ("cedrus (platform:cedrus)", "processor"),
        ("meson-vdec (platform:meson-vdec)", "processor"),
        ("Qualcomm Venus video decoder (platform:aa00000.video-codec:dec)", "processor"),
        ("s5p-mfc-dec (platform:11000000.codec)", "processor"),
        ("wave5-enc (platform:fd4a0000.codec)", "processor"),
        ("ipu6 (PCI:0000:00:05.0)", "processor"),
        ("Intel IPU6 ISYS Capture 0 (PCI:0000:00:05.0)", "processor"),
        ("ipu3-cio2 0 (PCI:0000:00:14.3)", "processor"),
        ("jz-rot ()", "processor"),
    ],
)
def test_kind_of_device(name: str, expected: str) -> None:
    assert kind(name) == expected


def test_device_listed_twice_keeps_the_nodes_of_both_runs() -> None:
    listing = "Cam (usb-1):\n\t/dev/video{}\n\n"
    facts = parse("v4l2-ctl", listing.format(0) + "$ v4l2-ctl --list-devices\n" + listing.format(2))
    assert facts["devices"] == {"Cam (usb-1)": ["/dev/video0", "/dev/video2"]}


def test_device_whose_nodes_were_cut_is_there_without_nodes() -> None:
    facts = parse("v4l2-ctl", "A (usb-1):\n\t/dev/video0\n\nB (usb-2):\n")
    assert facts["devices"] == {"A (usb-1)": ["/dev/video0"], "B (usb-2)": []}
    assert facts["capture_candidates"] == ["/dev/video0"]


def test_only_the_card_s_own_nodes_of_type_video_are_candidates() -> None:
    listing = "TV (PCI:0000:03:00.0):\n\t/dev/vbi0\n\t/dev/radio0\n\nFM (usb-1):\n\t/dev/radio1\n\t/dev/swradio0\n"
    assert parse("v4l2-ctl", listing)["capture_candidates"] == []


@pytest.mark.parametrize(
    ("rates", "fps"),
    [
        ("0.017s (59.940 fps)", 59.94),
        ("0.042s (24.000 fps)", 24),
        ("0.042s (23.976 fps)", None),
        ("0.000s (10000000.000 fps)", None),
        ("0.000s (inf fps)", None),
        ("0.033s (30.0", None),
        ("0.033s (30.000 f", 30),
    ],
)
def test_rate_as_printed(rates: str, fps: float | None) -> None:
    facts = parse("v4l2-ctl", f"[0]: 'YUYV' (YUYV 4:2:2)\n\tSize: Discrete 640x480\n\t\tInterval: Discrete {rates}")
    best = facts["best_mode"]
    assert (best and best["fps"]) == fps
    assert not best or type(best["fps"]) is (float if fps == 59.94 else int)


@pytest.mark.parametrize("better", ["NV12", "YU12", "YUYV", "MJPG"])
def test_order_of_formats_at_equal_size_and_rate(better: str) -> None:
    order = ["NV12", "YU12", "YUYV", "MJPG", "H264"]
    others = order[order.index(better) + 1 :]
    text = "".join(
        f"[{n}]: '{name}' (x)\n Size: Discrete 640x480\n Interval: Discrete 0.033s (30.000 fps)\n"
        for n, name in enumerate([*others, better])
    )
    assert parse("v4l2-ctl", text)["best_mode"]["format"] == better


@pytest.mark.parametrize("part", ["A (usb-1):\n\t/dev/video1\n", "[0]: '", "Size: Discrete 1x", "):/dev/", "ab \x1b["])
def test_two_megabytes_are_read_in_linear_time(part: str) -> None:
    def seconds(length: int) -> float:
        begin = time.process_time()
        parse("v4l2-ctl", part * (length // len(part)))
        return time.process_time() - begin

    seconds(10_000)
    # Quadratic reading would take a hundred times as long as the tenth, linear ten; 1 s is for a noisy machine.
    assert seconds(2_000_000) < 30 * seconds(200_000) + 1
