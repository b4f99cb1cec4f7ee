"""A host described from texts that somebody sent."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from streamkit.detect.dumps import from_dumps
from streamkit.detect.hardware import detect
from streamkit.errors import BadInputError
from streamkit.plan.capture import choose_audio, choose_device, choose_mode, modes_of
from tests.conftest import MakeSettings
from tests.streamkit.detect.fake_card import FakeCard
from tests.streamkit.detect.test_dumped_gpus import HYBRID, IHD
from tests.streamkit.detect.test_v4l2 import Devices, usb_host
from tests.streamkit.detect.trees import put

DEVICES = """Dummy video device (0x0000) (platform:v4l2loopback-000):
	/dev/video6

USB3.0 Video: USB3.0 Video (usb-0000:00:14.0-10):
	/dev/video4
	/dev/video5
	/dev/media2

EMEET SmartCam S800: EMEET Smar (usb-0000:00:14.0-5):
	/dev/video2
	/dev/video3
"""
FORMATS = """ioctl: VIDIOC_ENUM_FMT
	Type: Video Capture

	[0]: 'MJPG' (Motion-JPEG, compressed)
		Size: Discrete 1920x1080
			Interval: Discrete 0.017s (60.000 fps)
			Interval: Discrete 0.033s (29.970 fps)
	[1]: 'YUYV' (YUYV 4:2:2)
		Size: Discrete 1280x720
			Interval: Discrete 0.017s (59.940 fps)
			Interval: Discrete 0.080s (12.500 fps)
"""
ARECORD = """**** List of CAPTURE Hardware Devices ****
card 1: Video [USB3.0 Video], device 0: USB Audio [USB Audio]
  Subdevices: 1/1
  Subdevice #0: subdevice #0
"""
GST = """Plugin Details:
  Name                     nvcodec
  Description              GStreamer NVCODEC plugin

  nvh264enc: NVENC H.264 Video Encoder
  nvh264dec: NVDEC h264 Video Decoder

  2 features:
  +-- 2 elements
"""


def test_whole_box_from_its_texts(tmp_path: Path) -> None:
    for name, text in (
        ("v4l2-ctl", DEVICES + FORMATS),
        ("arecord", ARECORD),
        ("lspci", HYBRID),
        ("vainfo", IHD),
        ("gst-inspect-1.0", GST),
    ):
        put(tmp_path, f"{name}.txt", text)
    found = from_dumps(tmp_path)
    assert [(device["node"], device["kind"]) for device in found["video_devices"]] == [
        ("/dev/video4", "capture"),
        ("/dev/video2", "capture"),
        ("/dev/video6", "loopback"),
    ]
    card = found["video_devices"][0]
    assert (card["card"], card["bus"]) == ("USB3.0 Video: USB3.0 Video", "usb-0000:00:14.0-10")
    assert card["modes"] == [
        {"pixel_format": "MJPG", "width": 1920, "height": 1080, "fps": ["60", "30000/1001"]},
        {"pixel_format": "YUYV", "width": 1280, "height": 720, "fps": ["60000/1001", "25/2"]},
    ]
    assert [node["node"] for node in found["other_video_nodes"]] == ["/dev/video5", "/dev/video3"]
    assert found["audio_devices"][0]["alsa"] == "hw:Video,0"
    assert [gpu["vendor"] for gpu in found["gpus"]] == ["intel", "nvidia"]
    assert found["gstreamer"] == {"plugin": "nvcodec", "encoders": ["nvh264enc"]}
    what = {entry["what"]: entry["reason"] for entry in found["unknown"]}
    assert "taken for the first, USB3.0 Video" in what["the card that the formats belong to"]
    assert "--list-formats-ext prints them" in what["the modes of /dev/video2"]
    assert {
        "the processor",
        "the memory",
        "the operating system",
        "the signal and the USB speed of /dev/video4",
    } <= set(what)


def test_description_has_the_fields_of_a_host_that_was_asked(tmp_path: Path) -> None:
    usb_host(tmp_path, ["video0"])
    asked = detect(tmp_path, Devices({"video0": FakeCard()}).outside())
    put(tmp_path, "v4l2-ctl.txt", DEVICES)
    put(tmp_path, "lspci.txt", HYBRID)
    told = from_dumps(tmp_path)
    assert set(told) == set(asked) | {"gstreamer"}
    assert set(told["cpu"]) == set(asked["cpu"])
    assert set(told["video_devices"][0]) == set(asked["video_devices"][0])


def test_planning_goes_on_from_there(tmp_path: Path, settings: MakeSettings) -> None:
    put(tmp_path, "v4l2-ctl.txt", DEVICES + FORMATS)
    put(tmp_path, "arecord.txt", ARECORD)
    found = from_dumps(tmp_path)
    card = choose_device(found, "auto")
    assert card is not None and card["node"] == "/dev/video4"
    assert str(choose_mode(modes_of(card), (1280, 720), Fraction(60))) == "YUYV 1280x720@60000/1001"
    assert choose_audio(found, settings(), card, "v4l2")[0] == "none", "no text ties the sound to the card"


def test_formats_alone_are_those_of_the_default_node(tmp_path: Path) -> None:
    put(tmp_path, "v4l2-ctl.txt", FORMATS)
    found = from_dumps(tmp_path)
    (card,) = found["video_devices"]
    assert (card["node"], card["card"], len(card["modes"])) == ("/dev/video0", "unnamed card", 2)
    assert any("taken for /dev/video0" in entry["reason"] for entry in found["unknown"])


def test_two_files_make_one_v4l2_ctl(tmp_path: Path) -> None:
    put(tmp_path, "v4l2-ctl-list-devices.txt", DEVICES)
    put(tmp_path, "v4l2-ctl-list-formats-ext.txt", FORMATS)
    assert len(from_dumps(tmp_path)["video_devices"][0]["modes"]) == 2


def test_what_no_text_says_is_named(tmp_path: Path) -> None:
    put(tmp_path, "arecord.txt", "arecord: device_list:274: no soundcards found...\n")
    found = from_dumps(tmp_path)
    assert (found["cpu"]["cpus"], found["memory_mb"], found["docker"]) == (None, None, None)
    reasons = {entry["about"]: entry["reason"] for entry in found["unknown"]}
    assert reasons["video"] == "there is no v4l2-ctl.txt among the dumps"
    assert reasons["gpu"] == "there is no vainfo.txt among the dumps"
    assert found["gstreamer"] is None
    assert "no soundcards found" in reasons["sound"]


def test_text_saved_by_windows(tmp_path: Path) -> None:
    (tmp_path / "arecord.txt").write_bytes(ARECORD.encode("utf-16"))
    assert len(from_dumps(tmp_path)["audio_devices"]) == 1
    (tmp_path / "arecord.txt").write_bytes(b"\xef\xbb\xbf" + ARECORD.replace("\n", "\r\n").encode() + b"\xff\x00")
    assert len(from_dumps(tmp_path)["audio_devices"]) == 1


def test_bad_folders_are_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"nowhere is no directory; name one that holds some of vainfo\.txt"):
        from_dumps(tmp_path / "nowhere")
    with pytest.raises(BadInputError, match=r"holds none of vainfo\.txt, nvidia-smi\.txt, v4l2-ctl\.txt"):
        from_dumps(tmp_path)
    (tmp_path / "lspci.txt").mkdir()
    with pytest.raises(BadInputError, match=r"lspci\.txt cannot be read: Is a directory"):
        from_dumps(tmp_path)
    (tmp_path / "lspci.txt").rmdir()
    (tmp_path / "lspci.txt").write_bytes(b"x" * 2_000_001)
    with pytest.raises(BadInputError, match="larger than 2 MB"):
        from_dumps(tmp_path)
