"""The folder of nodes as the supervisor sees it: looked at often, asked once."""

from __future__ import annotations

import errno
import os
import threading
import time
from pathlib import Path

import pytest

from streamkit import v4l2_abi as abi
from streamkit.detect.outside import Outside
from streamkit.run.cards import ASK_AGAIN_S, Cards
from tests.streamkit.detect.fake_card import FakeCard
from tests.streamkit.detect.test_v4l2 import Devices
from tests.streamkit.detect.trees import put

FOLDER = "dev/streamkit"


def plug(root: Path, name: str = "video0") -> None:
    (root / f"sys/class/video4linux/{name}").mkdir(parents=True, exist_ok=True)
    put(root, f"{FOLDER}/{name}")


def cards_of(root: Path, *cards: tuple[str, FakeCard | OSError]) -> tuple[Cards, Devices]:
    devices = Devices(dict(cards))
    return Cards(root / FOLDER, root, devices.outside()), devices


def test_card_is_found_with_its_modes_and_asked_once(tmp_path: Path) -> None:
    card = FakeCard()
    cards, devices = cards_of(tmp_path, ("video3", card))
    assert cards.find() is None and not cards.changed()
    assert cards.waiting(None) == "No capture card: none is plugged in. The stream starts when it comes."
    plug(tmp_path, "video3")
    assert cards.changed()
    found = cards.find()
    assert found is not None
    assert (found["node"], found["card"]) == ("/dev/streamkit/video3", card.card)
    assert found["modes"] and not cards.changed()
    calls = len(card.calls)
    assert cards.find() == found and len(card.calls) == calls, "one that streams cannot answer everything"
    devices.cards["video3"] = OSError(errno.ENODEV, "No such device")
    assert cards.find() is None, "the node outlives its card by a moment"
    (tmp_path / FOLDER / "video3").unlink()
    assert cards.changed() and cards.find() is None
    assert len(card.calls) == calls


def test_card_that_returns_under_its_old_name_is_a_change(tmp_path: Path) -> None:
    plug(tmp_path)
    cards, _ = cards_of(tmp_path, ("video0", FakeCard()))
    assert cards.node() == f"{tmp_path}/{FOLDER}/video0"
    beside = tmp_path / FOLDER / ".video0"
    beside.touch()
    assert not cards.changed(), "a node that is being made is none yet"
    beside.replace(tmp_path / FOLDER / "video0")
    assert cards.changed()


@pytest.mark.parametrize("number", [errno.ENODEV, errno.ENXIO])
def test_node_that_outlives_its_card_is_no_card(tmp_path: Path, number: int) -> None:
    plug(tmp_path)
    plug(tmp_path, "video3")
    cards, _ = cards_of(tmp_path, ("video0", OSError(number, os.strerror(number))), ("video3", FakeCard()))
    assert cards.node() == f"{tmp_path}/{FOLDER}/video3"
    (tmp_path / FOLDER / "video3").unlink()
    assert cards.node() is None
    assert cards.waiting("vivid") == (
        f"No capture card: vivid is not there ({tmp_path}/{FOLDER}/video0: the device is gone: unplugged, or its driver "
        "was unloaded). The stream starts when it comes."
    )


def test_busy_card_is_there(tmp_path: Path) -> None:
    plug(tmp_path)
    cards, _ = cards_of(tmp_path, ("video0", OSError(errno.EBUSY, "busy")))
    assert cards.node() == f"{tmp_path}/{FOLDER}/video0", "our own stream may be the one that holds it"


def test_node_that_gives_no_pictures_is_said(tmp_path: Path) -> None:
    plug(tmp_path)
    cards, _ = cards_of(tmp_path, ("video0", FakeCard(caps=0x04208000)))
    assert cards.find() is None
    assert cards.waiting(None).startswith("No capture card: none can be used (/dev/streamkit/video0: a codec")
    assert not cards.changed(), "it is asked again, but not at once"


def test_useless_card_is_asked_again_after_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plug(tmp_path)
    cards, devices = cards_of(tmp_path, ("video0", OSError(errno.EBUSY, "busy")))
    assert cards.find() is None
    assert "another program holds it" in cards.waiting(None)
    devices.cards["video0"] = FakeCard()
    assert cards.find() is None
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + ASK_AGAIN_S)
    assert cards.changed()
    found = cards.find()
    assert found is not None and not cards.changed()


def test_card_that_takes_its_time_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plug(tmp_path)
    card = FakeCard()
    devices = Devices({"video0": card})
    told = threading.Event()

    def slow_open(node: Path) -> int:
        told.wait(30)
        return devices.open(node)

    monkeypatch.setattr("streamkit.run.cards.FIRST_ANSWER_S", 0.05)
    cards = Cards(tmp_path / FOLDER, tmp_path, Outside(open_device=slow_open, ioctl=devices.ioctl))
    assert cards.find() is None and cards.find() is None
    assert "none can be used (it is being asked what it can do)" in cards.waiting(None)
    assert not cards.changed()
    told.set()
    while not cards.changed():
        time.sleep(0.01)
    assert cards.find() is not None
    assert not cards.changed() and devices.cards["video0"] is card and card.calls.count(abi.QUERYCAP) == 1


def test_card_that_goes_while_it_is_asked_is_no_crash(tmp_path: Path) -> None:
    plug(tmp_path)
    devices = Devices({"video0": FakeCard()})

    def open_and_pull(node: Path) -> int:
        node.unlink()
        return devices.open(node)

    cards = Cards(tmp_path / FOLDER, tmp_path, Outside(open_device=open_and_pull, ioctl=devices.ioctl))
    assert cards.find() is None
    assert "No such file or directory" in cards.waiting(None)


def test_folder_that_is_not_there_has_no_cards(tmp_path: Path) -> None:
    cards = Cards(tmp_path / "none", tmp_path, Outside())
    assert cards.find() is None and cards.node() is None and not cards.changed()
