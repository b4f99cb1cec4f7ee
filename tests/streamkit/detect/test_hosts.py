"""Detection on miniature hosts: folders that look like /proc, /sys and /etc."""

from __future__ import annotations

import socket
from pathlib import Path

from streamkit.config import defaults
from streamkit.detect import machine, sound
from streamkit.detect.hardware import detect
from streamkit.detect.state import free_mb, listening, state

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


def put(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def test_sound_cards_that_record(tmp_path: Path) -> None:
    put(tmp_path, "proc/asound/cards", CARDS)
    put(tmp_path, "proc/asound/pcm", PCM)
    found = sound.scan(tmp_path)
    assert [entry["alsa"] for entry in found] == ["hw:PCH,0", "hw:Loopback,0", "hw:Loopback,1"]
    assert found[0]["name"] == "HDA Intel PCH"


def test_gpu_with_its_render_node(tmp_path: Path) -> None:
    put(tmp_path, "sys/class/drm/renderD128/device/vendor", "0x8086\n")
    put(tmp_path, "sys/class/drm/renderD128/device/device", "0x46d1\n")
    (found,) = machine.gpus(tmp_path)
    assert (found["vendor"], found["pci_id"], found["render_node"]) == ("intel", "8086:46d1", "/dev/dri/renderD128")
    assert found["driver"] is None, "a GPU without a driver is said, not guessed"


def test_card_that_cannot_be_opened_is_listed_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "sys/class/video4linux/video0").mkdir(parents=True)
    hardware = detect(tmp_path)
    assert hardware["video_devices"] == []
    assert hardware["unknown"] == [{"what": "/dev/video0", "reason": "No such file or directory"}]


def test_empty_host_has_nothing_and_no_failure(tmp_path: Path) -> None:
    hardware = detect(tmp_path)
    assert hardware["gpus"] == hardware["audio_devices"] == hardware["unknown"] == []
    assert hardware["os"] == {"id": "", "version": "", "name": ""}


def test_listening_port_names_the_process() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        (entry,) = [entry for entry in listening(Path("/")) if entry["port"] == port]
    assert entry["process"]


def test_free_space_of_a_path_that_does_not_exist_yet(tmp_path: Path) -> None:
    assert free_mb(tmp_path / "a/b/c") == free_mb(tmp_path)


def test_state_says_whether_a_named_device_is_there() -> None:
    values = defaults()
    assert state(Path("/"), {**values, "video_device": "/dev/null"})["devices"] == {"video_device": True}
    assert state(Path("/"), {**values, "video_device": "/dev/video77"})["devices"] == {"video_device": False}
