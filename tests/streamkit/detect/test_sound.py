"""ALSA cards from what the kernel prints in /proc/asound."""

from __future__ import annotations

from pathlib import Path

from streamkit.detect import sound
from tests.streamkit.detect.trees import link, put

CARDS = """ 0 [PCH            ]: HDA-Intel - HDA Intel PCH
                      HDA Intel PCH at 0x6001118000 irq 146
 1 [Loopback       ]: Loopback - Loopback
                      Loopback 1
"""
PCM = """00-00: ALC897 Analog : ALC897 Analog : playback 1 : capture 1
00-03: HDMI 0 : HDMI 0 : playback 1
01-00: Loopback PCM : Loopback PCM : playback 8 : capture 8
01-01: Loopback PCM : Loopback PCM : playback 8 : capture 8
"""
ODD_CARDS = """ 2 [U0x534d0x2109  ]: USB-Audio - USB Device 0x534d:0x2109
                      USB Device 0x534d:0x2109 at usb-0000:00:14.0-2, high speed
 3 [C, [b] - c     ]: USB-Audio - broken id, from no driver
10 [Video          ]: USB-Audio -\x20
                      at usb-0000:00:14.0-1, super speed
11 [Ultra          ]: USB-Audio - Live - Gamer [4K], "Ultra" \xe9
                      AVerMedia
"""
ODD_PCM = """02-00: USB Audio : USB Audio : capture 1
10-00:  :  : capture 1
11-00: in : out : in : out : playback 1 : capture 2
11-01: Multi : capture 3 of them : capture 0
"""


def test_sound_cards_that_record(tmp_path: Path) -> None:
    put(tmp_path, "proc/asound/cards", CARDS)
    put(tmp_path, "proc/asound/pcm", PCM)
    found, unknown = sound.scan(tmp_path)
    assert [entry["alsa"] for entry in found] == ["hw:PCH,0", "hw:Loopback,0", "hw:Loopback,1"]
    assert (found[0]["name"], found[0]["device_name"]) == ("HDA Intel PCH", "ALC897 Analog")
    assert unknown == []


def test_odd_names(tmp_path: Path) -> None:
    put(tmp_path, "proc/asound/cards")
    (tmp_path / "proc/asound/cards").write_bytes(ODD_CARDS.encode("latin-1"))
    put(tmp_path, "proc/asound/pcm", ODD_PCM)
    found, _ = sound.scan(tmp_path)
    assert [(entry["alsa"], entry["name"], entry["device_name"]) for entry in found] == [
        ("hw:U0x534d0x2109,0", "USB Device 0x534d:0x2109", "USB Audio"),
        ("hw:Video,0", "Video", ""),
        ("hw:Ultra,0", 'Live - Gamer [4K], "Ultra" \ufffd', "in : out"),
    ]


def test_card_of_the_usb_device(tmp_path: Path) -> None:
    put(tmp_path, "proc/asound/cards", CARDS)
    put(tmp_path, "proc/asound/pcm", PCM)
    usb = "sys/devices/pci0000:00/0000:00:14.0/usb2/2-1"
    put(tmp_path, f"{usb}/idVendor", "345f\n")
    link(tmp_path, "sys/class/sound/card1/device", f"{usb}/2-1:1.2")
    found, _ = sound.scan(tmp_path)
    assert [entry["usb"] for entry in found] == [None, f"/{usb}", f"/{usb}"]


def test_card_somebody_records_from_is_listed_and_one_without_node_is_said(tmp_path: Path) -> None:
    put(tmp_path, "proc/asound/cards", CARDS)
    put(tmp_path, "proc/asound/pcm", PCM.splitlines()[0] + "\n")
    put(tmp_path, "proc/asound/card0/pcm0c/sub0/status", "state: RUNNING\nowner_pid   : 4242\n")
    put(tmp_path, "dev/snd/pcmC0D0c")
    (card,), unknown = sound.scan(tmp_path)
    assert card["gid"] is not None and unknown == []
    (tmp_path / "dev/snd/pcmC0D0c").unlink()
    (card,), (entry,) = sound.scan(tmp_path)
    assert card["gid"] is None
    assert entry["what"] == "hw:PCH,0" and "this container was not given the device" in entry["reason"]


def test_no_alsa_is_not_the_same_as_no_card(tmp_path: Path) -> None:
    reason = "/proc/asound does not exist: no ALSA in this kernel or container"
    assert sound.scan(tmp_path) == ([], [{"about": "sound", "what": "sound", "reason": reason}])
    put(tmp_path, "proc/asound/cards", "--- no soundcards ---\n")
    assert "/proc/asound/pcm does not exist" in sound.scan(tmp_path)[1][0]["reason"]
    put(tmp_path, "proc/asound/pcm", "")
    assert sound.scan(tmp_path) == ([], [])
