"""The host's folder of nodes holds the chosen cards, as they are now, and nothing else."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from streamkit.detect.outside import Outside
from streamkit.install import nodes
from streamkit.install.nodes import Device, keep, wanted
from tests.streamkit.detect.fake_card import FakeCard
from tests.streamkit.detect.test_v4l2 import Devices, usb_host
from tests.streamkit.detect.trees import link, put

USB = "sys/devices/pci0000:00/0000:00:14.0/usb2/2-1"
CARD = {"identity": "usb:345f:2130:0042:00", "index": 0, "port": None}


def make(path: Path, mode: int, number: int) -> None:
    """Stand in for mknod, which not everybody may call: the number is the file's content."""
    assert mode == 0o20600, "a character device, which nobody may open before its owner is set"
    path.write_text(str(number))


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """A USB card with pictures and metadata, a codec, and two sound cards."""
    usb_host(tmp_path, ["video0", "video1"])
    for name, text in (("idProduct", "2130"), ("serial", "0042")):
        put(tmp_path, f"{USB}/{name}", text + "\n")
    put(tmp_path, f"{USB}/2-1:1.0/bInterfaceNumber", "00\n")
    put(tmp_path, "sys/class/video4linux/video0/index", "0\n")
    put(tmp_path, "sys/class/video4linux/video1/index", "1\n")
    link(tmp_path, "sys/class/video4linux/video10/device", "sys/devices/platform/codec")
    put(tmp_path, "dev/video10")
    for number, called in ((0, "PCH"), (1, "Video")):
        put(tmp_path, f"sys/class/sound/card{number}/id", called + "\n")
        for node in (f"controlC{number}", f"pcmC{number}D0c", f"pcmC{number}D0p"):
            put(tmp_path, f"dev/snd/{node}")
    return tmp_path


def outside() -> Outside:
    cards = {"video0": FakeCard(), "video1": FakeCard(caps=0x04A00000), "video10": FakeCard(caps=0x04208000)}
    return Devices(dict(cards)).outside()


@pytest.mark.parametrize(
    ("kept", "names"),
    [
        ({"video": CARD, "sound": None}, ["video0"]),
        ({"video": {**CARD, "index": 1}, "sound": None}, ["video1"]),
        ({"video": {**CARD, "port": "/sys/devices/elsewhere"}, "sound": None}, []),
        ({"video": {**CARD, "identity": "usb:345f:2130:0043:00"}, "sound": None}, []),
        ({"video": "any", "sound": None}, ["video0"]),
        ({"video": None, "sound": "Video"}, ["snd/controlC1", "snd/pcmC1D0c"]),
        ({"video": None, "sound": "0"}, ["snd/controlC0", "snd/pcmC0D0c"]),
        ({"video": None, "sound": "any"}, ["snd/controlC0", "snd/controlC1", "snd/pcmC0D0c", "snd/pcmC1D0c"]),
        ({"video": None, "sound": "Gone"}, []),
        ({}, []),
    ],
)
def test_only_what_the_plan_names_is_wanted(host: Path, kept: dict[str, Any], names: list[str]) -> None:
    assert sorted(wanted(host, kept, outside())) == names


def test_card_that_cannot_be_opened_is_no_capture_card(host: Path) -> None:
    gone = Devices({"video0": OSError(19, "No such device"), "video1": FakeCard(refuse={0x80685600: 25}),
                    "video10": FakeCard(driver="v4l2 loopback")}).outside()  # fmt: skip
    assert wanted(host, {"video": "any"}, gone) == {}


def device(number: int = 81 << 8) -> Device:
    """A node of the caller's own, so that no right is needed to make it."""
    return Device(number, 0o640, os.getuid(), os.getgid())


def names_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_folder_follows_the_cards(tmp_path: Path) -> None:
    folder = tmp_path / "streamkit"
    said = keep(folder, {"video0": device(), "snd/controlC1": device()}, make)
    assert said == [f"{folder}/video0 is there", f"{folder}/snd/controlC1 is there"]
    assert (folder / "video0").stat().st_mode & 0o777 == 0o640
    inode = folder.stat().st_ino
    assert keep(folder, {"video3": device()}, make) == [
        f"{folder}/video0 is gone",
        f"{folder}/snd/controlC1 is gone",
        f"{folder}/video3 is there",
    ]
    assert names_in(folder) == ["video3"]
    assert folder.stat().st_ino == inode, "a container holds this folder"


def test_nothing_is_done_twice_and_what_was_cut_off_is_cleared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "streamkit"
    keep(folder, {"video0": device()}, make)
    (folder / ".video7").write_text("half made")
    known = {folder / "video0": device()}
    monkeypatch.setattr(Device, "of", classmethod(lambda _, path: known[path]))
    assert keep(folder, {"video0": device()}, make) == [f"{folder}/.video7 is gone"]
    known[folder / "video0"] = Device(0, 0, 0, 0)
    assert keep(folder, {"video0": device()}, make) == [f"{folder}/video0 is there"], "other permissions, made anew"


def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plan: Path) -> tuple[int, list[Mapping[str, Any]]]:
    asked: list[Mapping[str, Any]] = []

    def remember(_root: Path, kept: Mapping[str, Any], _outside: Outside) -> dict[str, Device]:
        asked.append(kept)
        return {}

    monkeypatch.setattr(nodes, "wanted", remember)
    return nodes.main(["--plan", str(plan), "--folder", str(tmp_path / "nodes")]), asked


def test_plan_of_the_release_says_which(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({"kept_nodes": {"video": "any", "sound": None}}))
    assert run(tmp_path, monkeypatch, plan) == (0, [{"video": "any", "sound": None}])


def test_without_a_plan_nothing_is_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, monkeypatch, tmp_path / "none.json") == (1, [])
    assert capsys.readouterr().err.startswith(f"The nodes in {tmp_path}/nodes stay as they are: ")
    assert not (tmp_path / "nodes").exists()
