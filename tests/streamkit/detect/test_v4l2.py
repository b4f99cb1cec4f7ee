"""Which nodes are capture cards, what they say of their signal, and what they do not say."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path
from typing import Any

import pytest

from streamkit import v4l2_abi as abi
from streamkit.detect import v4l2
from streamkit.detect.outside import Outside
from tests.streamkit.detect.fake_card import HD_60, FakeCard, bt_timings, hdmi
from tests.streamkit.detect.trees import link, put

USB = "sys/devices/pci0000:00/0000:00:14.0/usb2/2-1"


def facts(card: FakeCard) -> dict[str, Any]:
    found, refused = v4l2.describe(0, card)
    assert refused == {}
    return found


def test_usb_card() -> None:
    found = facts(FakeCard())
    assert (found["driver"], found["kind"], found["virtual"]) == ("uvcvideo", "capture", False)
    assert (found["hdmi"], found["signal"], found["timings"]) == (False, "unknown", None)
    assert [mode["fps"] for mode in found["modes"]] == [["60000/1001", "30"]] * 2
    assert found["inputs"] == [{"index": 0, "name": "Camera 1", "active": True, "dv_timings": False}]


def test_hdmi_input_takes_size_and_rate_from_the_signal() -> None:
    found = facts(hdmi())
    assert (found["signal"], found["hdmi"]) == ("locked", True)
    assert found["modes"] == [{"pixel_format": "YUYV", "width": 1280, "height": 720, "fps": ["60"]}]
    assert found["signal_timings"] == {"width": 1280, "height": 720, "fps": "60", "interlaced": False}


def test_source_that_changed_its_picture_differs_from_the_timings_in_force() -> None:
    found = facts(hdmi(received=bt_timings(1920, 1080, 148_351_648, 280, 45)))
    assert (found["signal_timings"]["width"], found["signal_timings"]["fps"]) == (1920, "60000/1001")
    assert found["timings"]["width"] == 1280, "the card stays as it is set until somebody sets it"
    assert found["modes"][0]["width"] == 1280


@pytest.mark.parametrize("number", [errno.ENOLINK, errno.ENOLCK, errno.ERANGE])
def test_hdmi_input_without_link_has_no_signal_but_its_last_timings(number: int) -> None:
    found = facts(hdmi(refuse={abi.QUERY_DV_TIMINGS: number}))
    assert (found["signal"], found["signal_timings"]) == ("none", None)
    assert found["timings"]["width"] == 1280


def test_second_input_is_the_one_that_is_asked() -> None:
    inputs = (("Composite 0", abi.IN_ST_NO_SIGNAL, 0), ("HDMI 0", 0, abi.IN_CAP_DV_TIMINGS))
    second = facts(FakeCard(inputs=inputs, active=1, received=HD_60, in_force=HD_60))
    assert [entry["active"] for entry in second["inputs"]] == [False, True]
    assert (second["hdmi"], second["signal"]) == (True, "locked")
    first = facts(FakeCard(inputs=inputs, active=0))
    assert (first["hdmi"], first["signal"]) == (False, "none")
    assert first["inputs"][1]["dv_timings"], "the other input is there to be chosen"


def test_busy_card_says_what_it_can() -> None:
    found, refused = v4l2.describe(0, hdmi(refuse={abi.QUERY_DV_TIMINGS: errno.EBUSY}))
    assert (found["signal"], found["modes"][0]["fps"]) == ("unknown", ["60"])
    assert refused == {"its signal": "busy: another program is using the card"}


@pytest.mark.parametrize(
    ("driver", "caps", "kind"),
    [
        ("uvcvideo", 0x04A00000, "metadata"),
        ("bcm2835-codec", 0x04204000, "codec"),
        ("hantro-vpu", 0x04208000, "codec"),
        ("rkisp_v6", 0x04201000, "isp"),
        ("isys", 0x24A00001, "isp"),
        ("vivid", 0x04200002, "output"),
        ("g_uvc", 0x04200002, "output"),
        ("bttv", 0x01000010, "other"),
        ("v4l2 loopback", 0x04200002, "loopback"),
    ],
)
def test_what_is_no_capture_card_is_named(driver: str, caps: int, kind: str) -> None:
    found = facts(FakeCard(driver=driver, caps=caps))
    assert found["kind"] == kind
    assert found["reason"] and "modes" not in found


def test_loopback_that_is_fed_is_listed_as_virtual() -> None:
    found = facts(FakeCard(driver="v4l2 loopback", card="OBS Virtual Camera", caps=0x05208003))
    assert (found["kind"], found["virtual"]) == ("loopback", True), "its M2M bit is no codec"


def test_multi_planar_hdmi_receiver_is_a_capture_card() -> None:
    found = facts(hdmi(driver="snps_hdmirx", caps=0x04201000))
    assert (found["kind"], found["hdmi"], len(found["modes"])) == ("capture", True, 1)


def test_card_without_streaming_is_no_use() -> None:
    assert "read() only" in facts(FakeCard(driver="pwc", caps=0x01000001))["reason"]


class Devices:
    """Opens nodes of a miniature host, each with its own driver."""

    def __init__(self, cards: dict[str, FakeCard | OSError]) -> None:
        self.cards = cards
        self.opened: dict[int, FakeCard] = {}

    def open(self, node: Path) -> int:
        card = self.cards[node.name]
        if isinstance(card, OSError):
            raise card
        descriptor = os.open(os.devnull, os.O_RDONLY)
        self.opened[descriptor] = card
        return descriptor

    def ioctl(self, descriptor: int, request: int, argument: bytes) -> bytes:
        return self.opened[descriptor](descriptor, request, argument)

    def outside(self) -> Outside:
        return Outside(open_device=self.open, ioctl=self.ioctl)


def usb_host(root: Path, nodes: list[str], speed: str = "5000", version: str = " 3.20") -> None:
    put(root, f"{USB}/idVendor", "345f\n")
    put(root, f"{USB}/speed", speed + "\n")
    put(root, f"{USB}/version", version + "\n")
    for node in nodes:
        link(root, f"sys/class/video4linux/{node}/device", f"{USB}/2-1:1.0")
        put(root, f"dev/{node}")


def test_usb_card_with_its_metadata_node(tmp_path: Path) -> None:
    usb_host(tmp_path, ["video0", "video1", "video10"])
    by_id = "dev/v4l/by-id/usb-MACROSILICON_USB3.0_Video-video-index"
    by_path = "dev/v4l/by-path/pci-0000:00:14.0-usb-0:1:1.0-video-index"
    for index in range(2):
        for name in (by_id, by_path):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / f"{name}{index}").symlink_to(f"../../video{index}")
    cards = Devices({"video0": FakeCard(), "video1": FakeCard(caps=0x04A00000), "video10": FakeCard(caps=0x04208000)})
    (card,), others, unknown = v4l2.scan(tmp_path, cards.outside())
    assert card["stable_node"] == f"/{by_id}0"
    assert card["links"] == [f"/{by_id}0", f"/{by_path}0"]
    assert (card["usb"], card["usb_speed_mbps"], card["usb_version"]) == (f"/{USB}", 5000, "3.20")
    assert [(other["node"], other["kind"]) for other in others] == [
        ("/dev/video1", "metadata"),
        ("/dev/video10", "codec"),
    ]
    assert unknown == []


def test_name_with_colons_is_not_given_to_a_container(tmp_path: Path) -> None:
    usb_host(tmp_path, ["video0"], speed="480", version=" 2.10")
    name = "dev/v4l/by-path/pci-0000:00:14.0-usb-0:1:1.0-video-index0"
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).symlink_to("../../video0")
    (card,), _, _ = v4l2.scan(tmp_path, Devices({"video0": FakeCard()}).outside())
    assert (card["stable_node"], card["links"]) == (None, [f"/{name}"])
    assert (card["usb_speed_mbps"], card["usb_version"]) == (480, "2.10"), "a USB 3 card in a USB 2 port"


def test_by_path_where_there_is_no_by_id(tmp_path: Path) -> None:
    put(tmp_path, "dev/video0")
    link(tmp_path, "sys/class/video4linux/video0/device", "sys/devices/platform/vivid.0")
    (tmp_path / "dev/v4l/by-path").mkdir(parents=True)
    (tmp_path / "dev/v4l/by-path/platform-vivid.0-video-index0").symlink_to("../../video0")
    (card,), _, _ = v4l2.scan(tmp_path, Devices({"video0": hdmi(driver="vivid", card="vivid")}).outside())
    assert card["stable_node"] == "/dev/v4l/by-path/platform-vivid.0-video-index0"
    assert (card["usb"], card["usb_speed_mbps"], card["virtual"]) == (None, None, False)


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.EACCES, "belongs to group video (44); 'usermod -aG video USER'"),
        (errno.EPERM, "this container was not given the device"),
        (errno.ENOENT, "this container was not given the device"),
        (errno.EBUSY, "another program holds it"),
        (errno.ENODEV, "unplugged"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_card_that_cannot_be_opened_is_listed_with_the_reason(tmp_path: Path, number: int, reason: str) -> None:
    usb_host(tmp_path, ["video0"])
    (tmp_path / "dev/video0").chmod(0o660)
    if os.getuid() == 0:
        os.chown(tmp_path / "dev/video0", -1, 44)
    gid = (tmp_path / "dev/video0").stat().st_gid
    put(tmp_path, "etc/group", f"root:x:0:\nvideo:x:{gid}:\n")
    cards = Devices({"video0": OSError(number, os.strerror(number))})
    devices, others, (entry,) = v4l2.scan(tmp_path, cards.outside())
    assert devices == others == []
    assert (entry["about"], entry["what"]) == ("video", "/dev/video0")
    assert reason.replace("(44)", f"({gid})") in entry["reason"]


def test_node_that_refuses_even_its_name(tmp_path: Path) -> None:
    usb_host(tmp_path, ["video0"])
    cards = Devices({"video0": FakeCard(refuse={abi.QUERYCAP: errno.ENOTTY})})
    assert v4l2.scan(tmp_path, cards.outside())[2][0]["reason"].startswith("its driver refuses to say what it is")


def test_card_that_hangs_costs_only_its_own_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usb_host(tmp_path, ["video0", "video1"])
    monkeypatch.setattr(v4l2, "VIDEO_ANSWER_S", 0.2)
    cards = Devices({"video0": FakeCard(), "video1": FakeCard()})

    def slow_open(node: Path) -> int:
        if node.name == "video0":
            time.sleep(1)
        return cards.open(node)

    begun = time.monotonic()
    (card,), _, unknown = v4l2.scan(tmp_path, Outside(open_device=slow_open, ioctl=cards.ioctl))
    assert time.monotonic() - begun < 0.9
    assert card["node"] == "/dev/video1"
    assert unknown == [{"about": "video", "what": "/dev/video0", "reason": "no answer within 0.2 s"}]
