"""The whole host description of miniature hosts, and of this machine."""

from __future__ import annotations

import errno
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from streamkit import v4l2_abi as abi
from streamkit.detect import hardware
from streamkit.detect.hardware import detect, lasting
from streamkit.detect.outside import CouldNotAskError, Outside
from streamkit.documents import dump_document
from tests.conftest import Host
from tests.streamkit.detect.fake_card import FakeCard
from tests.streamkit.detect.test_v4l2 import Devices, usb_host
from tests.streamkit.detect.test_va import IHD
from tests.streamkit.detect.trees import BARE, no_program, pci_gpu, put


def test_empty_host_has_nothing_and_no_failure(tmp_path: Path) -> None:
    found = detect(tmp_path, BARE)
    for name in ("gpus", "video_devices", "other_video_nodes", "audio_devices"):
        assert found[name] == []
    assert found["docker"]["reason"] == "docker is not installed"
    assert [entry["what"] for entry in found["unknown"]] == ["sound"]


def test_each_gpu_is_asked_for_its_own_encoders(tmp_path: Path) -> None:
    pci_gpu(tmp_path, "0000:00:02.0", "8086:46d1", "i915", ["card0", "renderD128"])
    pci_gpu(tmp_path, "0000:03:00.0", "1002:73df", "amdgpu", ["card1", "renderD129"])
    pci_gpu(tmp_path, "0000:04:00.0", "1a03:2000", "ast", ["card2"])

    def run(arguments: Sequence[str]) -> str:
        if arguments[-1].endswith("renderD129"):
            raise CouldNotAskError("vainfo did not answer within 0.8 s")
        return IHD

    found = detect(tmp_path, Outside(run=run))
    assert found["gpus"][0]["va"]["driver"] == "iHD"
    assert found["gpus"][1]["va"] is None and found["gpus"][2]["va"] is None
    asked = [entry for entry in found["unknown"] if entry["about"] == "gpu"]
    reason = "vainfo did not answer within 0.8 s"
    assert asked == [{"about": "gpu", "what": "VA-API of /dev/dri/renderD129", "reason": reason}]


def test_missing_vainfo_and_missing_rights_are_told_apart(tmp_path: Path) -> None:
    pci_gpu(tmp_path, "0000:00:02.0", "8086:46d1", "i915", ["card0", "renderD128"])
    reasons = [
        next(e["reason"] for e in detect(tmp_path, outside)["unknown"] if e["about"] == "gpu")
        for outside in (BARE, Outside(run=no_program, may_use=lambda node: False))
    ]
    assert reasons[0] == "vainfo is not installed"
    assert reasons[1].startswith("permission denied")


def test_vainfo_that_hangs_costs_only_its_own_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "VA_WAIT_S", 0.2)
    for index in range(3):
        pci_gpu(tmp_path, f"0000:0{index}:00.0", "1002:73df", "amdgpu", [f"renderD{128 + index}"])

    def run(arguments: Sequence[str]) -> str:
        if arguments[-1].endswith("renderD128"):
            time.sleep(2)
        return IHD

    begun = time.monotonic()
    found = detect(tmp_path, Outside(run=run))
    assert time.monotonic() - begun < 1.5
    assert [gpu["va"] is not None for gpu in found["gpus"]] == [False, True, True]


def test_card_without_its_node(tmp_path: Path) -> None:
    (tmp_path / "sys/class/video4linux/video0").mkdir(parents=True)
    put(tmp_path, "dev/null")

    def missing(node: Path) -> int:
        raise OSError(errno.ENOENT, "No such file or directory")

    found = detect(tmp_path, Outside(run=no_program, open_device=missing))
    assert found["unknown"][0]["what"] == "/dev/video0"
    assert "this container was not given the device" in found["unknown"][0]["reason"]


def test_this_machine_is_described_twice_the_same_within_a_second() -> None:
    first = detect()
    begun = time.monotonic()
    second = detect()
    took_s = time.monotonic() - begun
    assert dump_document(lasting(first)) == dump_document(lasting(second))
    assert took_s < 3, "one second on an ordinary host; this one may be busy with other tests"
    assert first["cpu"]["cpus"] >= 1


def test_what_a_release_keeps_does_not_change_when_docker_is_installed(tmp_path: Path) -> None:
    before = detect(tmp_path, BARE)
    put(tmp_path, "usr/bin/docker")
    (tmp_path / "usr/bin/docker").chmod(0o755)
    after = detect(tmp_path, BARE)
    assert before != after
    assert lasting(before) == lasting(after)
    assert "docker" not in lasting(after)


def test_release_does_not_change_because_the_stream_holds_the_card(tmp_path: Path) -> None:
    usb_host(tmp_path, ["video0"])
    busy = FakeCard(refuse={abi.ENUMINPUT: errno.EBUSY})
    idle, held = (detect(tmp_path, Devices({"video0": card}).outside()) for card in (FakeCard(), busy))
    assert held["unknown"][0]["reason"] == "busy: another program is using the card"
    assert lasting(idle)["unknown"] == lasting(held)["unknown"]


@pytest.mark.parametrize("name", ["no_card", "usb_card", "vivid_vm"])
def test_fixture_hosts_are_what_detect_writes(tmp_path: Path, host: Host, name: str) -> None:
    pci_gpu(tmp_path, "0000:00:02.0", "8086:46d1", "i915", ["card0", "renderD128"])
    written, fixture = detect(tmp_path, BARE), host(name)
    assert set(fixture) - {"schema_version"} == set(written)
    assert set(fixture["cpu"]) == set(written["cpu"])
    assert fixture["docker"] is None or set(fixture["docker"]) == set(written["docker"])
    for gpu in fixture["gpus"]:
        assert set(gpu) == set(written["gpus"][0])
