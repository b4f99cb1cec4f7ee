"""arecord's texts: each folder of tests/fixtures/parse/arecord holds one and what it says."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from streamkit.parse import parse
from tests.conftest import HERE

EXAMPLES = sorted((HERE / "fixtures/parse/arecord").iterdir())


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda folder: folder.name)
def test_example(folder: Path) -> None:
    facts = parse("arecord", (folder / "output.txt").read_bytes().decode())
    expected = json.loads((folder / "expect.json").read_text(encoding="utf-8"))
    assert {field: facts.get(field) for field in expected} == expected


def test_card_listed_twice_counts_once() -> None:
    line = "card 1: Link [Cam Link 4K], device 0: USB Audio [USB Audio]\n  Subdevices: 1/1\n"
    assert len(parse("arecord", line * 3)["cards"]) == 1


@pytest.mark.parametrize(
    ("line", "name", "device_name"),
    [
        ("card 1: A [USB, Rev 2], device 0: B [C]", "USB, Rev 2", "C"),
        ("card 1: A [x [y] z], device 0: B [[C]]", "x [y] z", "[C]"),
        ("card 1: A [], device 0:  []", "", ""),
        ("card 1: A [x], device 0: B [USB Au", "x", "USB Au"),
        ("card 1: A [x], device 0: USB", "x", None),
        ("card 1: A [x], device 0: B [C]   # the capture card", "x", "C"),
        ("\uff43ard 1\uff1a A [x]\uff0cdevice 0\uff1a B [C]", "x", "C"),
    ],
)
def test_names_in_brackets(line: str, name: str, device_name: str | None) -> None:
    (card,) = parse("arecord", line)["cards"]
    assert (card["name"], card["device_name"]) == (name, device_name)


def test_subdevices_in_use_are_told() -> None:
    text = "card 0: A [x], device 2: B [C]\n  Subdevices: 0/1\ncard 1: D [x], device 0: B [C]\n  Subdevices: 1/1\n"
    assert parse("arecord", text)["busy"] == [{"card": 0, "device": 2}]


def test_error_only_without_cards() -> None:
    line = "card 1: Link [Cam Link 4K], device 0: USB Audio [USB Audio]\n"
    assert "error" not in parse("arecord", line + "arecord: main:830: audio open error: Device or resource busy\n")
    assert parse("arecord", "")["error"] == "the text lists no recording devices"


@pytest.mark.parametrize("part", ["card 0: A [", "], ", "card 0: A [x], device 0: C [\n", "hw:CARD=A,DEV=0\n", "[m "])
def test_two_megabytes_are_read_in_linear_time(part: str) -> None:
    def seconds(length: int) -> float:
        begin = time.process_time()
        parse("arecord", part * (length // len(part)))
        return time.process_time() - begin

    seconds(10_000)
    assert seconds(2_000_000) < 30 * seconds(200_000) + 1
