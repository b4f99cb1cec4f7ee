"""What a host keeps for its container: the chosen cards and no other."""

from __future__ import annotations

import pytest

from streamkit.plan.nodes import kept_nodes, node_gids
from tests.conftest import Host, MakeSettings


@pytest.mark.parametrize(
    ("device", "card"),
    [
        ("hw:Video,0", "Video"),
        ("plughw:1,0", "1"),
        ("hw:CARD=Video,DEV=0", "Video"),
        ("hw:Loopback", "Loopback"),
        (None, "any"),
    ],
)
def test_sound_card_is_read_from_the_alsa_name(
    host: Host, settings: MakeSettings, device: str | None, card: str
) -> None:
    hardware = host("usb_card")
    kept = kept_nodes(hardware, settings(), hardware["video_devices"][0], "alsa", device)
    assert kept["sound"] == card


def test_two_cards_of_a_kind_are_told_apart_by_their_port(host: Host, settings: MakeSettings) -> None:
    hardware = host("usb_card")
    card = hardware["video_devices"][0]
    hardware["video_devices"].append({**card, "node": "/dev/video2", "port": "/sys/devices/elsewhere"})
    kept = kept_nodes(hardware, settings(), card, "none", None)
    assert kept["video"] == {"identity": card["identity"], "index": 0, "port": card["port"]}


def test_card_of_a_pasted_description_may_be_any(host: Host, settings: MakeSettings) -> None:
    hardware = host("usb_card")
    pasted = {**hardware["video_devices"][0], "identity": None, "port": None, "gid": None}
    hardware |= {"video_devices": [pasted], "groups": {}, "audio_devices": []}
    kept = kept_nodes(hardware, settings(), pasted, "none", None)
    assert kept == {"video": "any", "sound": None}
    assert node_gids(hardware, kept, pasted, None) == []


def test_groups_of_cards_that_are_away_are_the_hosts_own(host: Host) -> None:
    hardware = host("no_card")
    assert node_gids(hardware, {"video": "any", "sound": "1"}, None, {"gid": 105}) == [29, 44, 105]
    assert node_gids(hardware, {"video": None, "sound": None}, None, None) == []
