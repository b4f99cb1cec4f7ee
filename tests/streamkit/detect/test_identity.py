"""A card is the same card in another port, and another one of its kind is not."""

from __future__ import annotations

from pathlib import Path

from streamkit.detect.identity import fits, identity, rule_for
from tests.streamkit.detect.trees import link, put

HUB = "sys/devices/pci0000:00/0000:00:14.0/usb2"


def usb(root: Path, node: str, port: str, serial: str | None) -> Path:
    for name, text in (("idVendor", "345f"), ("idProduct", "2130"), ("serial", serial)):
        if text is not None:
            put(root, f"{HUB}/{port}/{name}", text + "\n")
    put(root, f"{HUB}/{port}/{port}:1.0/bInterfaceNumber", "00\n")
    put(root, f"sys/class/video4linux/{node}/index", "0\n")
    link(root, f"sys/class/video4linux/{node}/device", f"{HUB}/{port}/{port}:1.0")
    return root / "sys/class/video4linux" / node


def test_usb_card_is_what_it_says_of_itself_in_any_port(tmp_path: Path) -> None:
    before = identity(usb(tmp_path, "video0", "2-1", "0042"), tmp_path)
    after = identity(usb(tmp_path, "video5", "2-4", "0042"), tmp_path)
    assert before == {"identity": "usb:345f:2130:0042:00", "port": f"/{HUB}/2-1/2-1:1.0", "index": 0}
    rule = rule_for(before, [before])
    assert rule is not None and fits(rule, after)
    assert not fits(rule, identity(usb(tmp_path, "video6", "2-5", "0043"), tmp_path))


def test_two_that_say_the_same_are_told_apart_by_their_ports(tmp_path: Path) -> None:
    first = identity(usb(tmp_path, "video0", "2-1", None), tmp_path)
    second = identity(usb(tmp_path, "video2", "2-2", None), tmp_path)
    rule = rule_for(first, [first, second])
    assert rule is not None and fits(rule, first) and not fits(rule, second)


def test_other_buses_go_by_their_place(tmp_path: Path) -> None:
    link(tmp_path, "sys/class/video4linux/video0/device", "sys/devices/platform/vivid.0")
    found = identity(tmp_path / "sys/class/video4linux/video0", tmp_path)
    assert found == {"identity": "/sys/devices/platform/vivid.0", "port": "/sys/devices/platform/vivid.0", "index": 0}
    metadata = {**found, "index": 1}
    rule = rule_for(found, [found, metadata])
    assert rule == {"identity": found["identity"], "index": 0, "port": None}
    assert not fits(rule, metadata)


def test_nobody_knows_a_card_from_a_pasted_text() -> None:
    assert rule_for({"identity": None, "port": None, "index": 0}, []) is None
