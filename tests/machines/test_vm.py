"""The pure parts of the virtual machine; tests/system boots one."""

from __future__ import annotations

import struct
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.machines.apt import choose_mirror, seen_from_guest
from tests.machines.errors import MachineError
from tests.machines.image import Image, tone
from tests.machines.machine import BOOTS, State, VirtualMachine
from tests.machines.network import MediaNetwork
from tests.machines.qemu import Launch, process_age
from tests.machines.recipe import Recipe

MAIN = "http://mirror.example/debian/|bookworm|bookworm|Debian"
SECURITY = "http://mirror.example/debian-security/|bookworm-security|bookworm-security|Debian-Security"
FOREIGN = "https://packages.example/tools|stable|stable|Tools"


@pytest.mark.parametrize(
    ("lines", "mirror"),
    [
        ([SECURITY, FOREIGN, MAIN], "http://mirror.example/debian/"),
        (["http://mirror.example/debian|||"], "http://mirror.example/debian/"),
        (["file:/srv/debian|trixie|trixie|Debian", MAIN], "http://mirror.example/debian/"),
    ],
)
def test_the_main_archive_is_chosen(lines: list[str], mirror: str) -> None:
    assert choose_mirror(lines) == mirror


@pytest.mark.parametrize("lines", [[], ["", "|"], [SECURITY], [FOREIGN]])
def test_no_debian_archive_is_said(lines: list[str]) -> None:
    with pytest.raises(MachineError, match="STREAMKIT_TEST_MIRROR"):
        choose_mirror(lines)


def test_a_mirror_on_this_machine_has_another_address_in_the_guest() -> None:
    assert seen_from_guest("http://localhost:3142/debian/") == "http://10.0.2.2:3142/debian/"
    assert seen_from_guest("http://mirror.example/debian/") == "http://mirror.example/debian/"


def test_the_image_is_named_by_all_that_makes_it() -> None:
    recipe = Recipe(mirror="http://mirror.example/debian/")
    others = [replace(recipe, docker=False), replace(recipe, disk_gib=8), replace(recipe, mirror="http://a/")]
    assert recipe.key == replace(recipe).key
    assert len({recipe.key, *(other.key for other in others)}) == 4


@pytest.mark.parametrize("name", ["", "UP", "a b", "../x", "-x", "x" * 32])
def test_a_bad_name_is_refused(name: str) -> None:
    with pytest.raises(MachineError, match="name"):
        VirtualMachine(name)


def test_interfaces_fit_the_kernel_and_differ() -> None:
    taps = {MediaNetwork(name).tap for name in ("vm", "dev", "x" * 31, "x" * 30)}
    assert len(taps) == 4
    assert all(len(tap) <= 15 for tap in taps)
    assert MediaNetwork("vm", "host").inside("curl") == ["curl"]
    assert MediaNetwork("vm").inside("curl") == ["ip", "netns", "exec", "streamkit-vm", "curl"]


def test_a_dead_process_has_no_age() -> None:
    with subprocess.Popen(["true"]) as child:
        child.wait()
        assert process_age(child.pid) is None


def test_the_tone_has_no_seam() -> None:
    samples = struct.unpack("<96000h", tone(seconds=1))
    assert max(samples) == 8000
    assert samples[0] == 0 == samples[1]
    assert abs(samples[-2] + samples[2]) <= 1


def test_no_media_network_means_no_tap(tmp_path: Path) -> None:
    recipe = Recipe(mirror="http://mirror.example/debian/")
    argv = Launch(Image(recipe.directory), tmp_path, "tcg", 1, 512, 2222, None).argv()
    assert not any("tap" in word for word in argv)
    assert "user,id=uplink,hostfwd=tcp:127.0.0.1:2222-:22" in argv


class Freezing(VirtualMachine):
    """A machine of which only the process is real, and which freezes so many times before somebody can log in."""

    def __init__(self, freezes: int) -> None:
        super().__init__("freezing", network="none")
        self.freezes = freezes
        self.processes: list[subprocess.Popen[bytes]] = []

    def _launch(self, image: Image) -> State:
        child = subprocess.Popen(["sleep", "60"])
        self.processes.append(child)
        return State(str(image.directory), "none", "tcg", child.pid, process_age(child.pid) or "", 2222)

    def _wait_for_login(self, deadline: float) -> None:
        if len(self.processes) <= self.freezes:
            raise MachineError("no login")

    def boot(self, image: Image) -> None:
        """Boot, as a start does."""
        self.directory.mkdir(parents=True)
        self._boot(image)


@pytest.mark.parametrize("freezes", [0, BOOTS - 1, BOOTS])
def test_machine_that_freezes_while_it_boots_is_started_again(
    freezes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREAMKIT_TEST_CACHE", str(tmp_path))
    machine = Freezing(freezes)
    try:
        if freezes < BOOTS:
            machine.boot(Image(tmp_path))
            assert machine.frozen == ["no login"] * freezes
            assert [child.poll() is None for child in machine.processes] == [False] * freezes + [True]
            assert machine.up
        else:
            with pytest.raises(MachineError, match="no login"):
                machine.boot(Image(tmp_path))
            assert len(machine.processes) == BOOTS
    finally:
        machine.stop()
        assert [child.wait(timeout=10) for child in machine.processes] == [-15] * len(machine.processes)
    assert not machine.directory.exists()
