"""Machines that live as long as their module's tests, and the image that one of them builds for all."""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from streamkit.install.image import image_tag
from tests.conftest import REPOSITORY
from tests.machines.base_image import docker_binary, export_image
from tests.machines.errors import MachineError
from tests.machines.fresh import FreshMachine
from tests.machines.machine import VirtualMachine
from tests.machines.recipe import cache_directory
from tests.machines.shipped import image_archive_path
from tests.second_attempts import is_second
from tests.system.capture_machine import CaptureMachine, wait_for_stream
from tests.system.capture_machine import streamer_of as streamer_of_vm
from tests.system.streamer import Streamer

LOGS = REPOSITORY / "build" / "logs"
CHECKOUT = "/root/my streamer"
"""With a space: a path people have."""


@dataclass
class Installed:
    """A fresh machine after ./install.sh, with what was printed and how long it took."""

    machine: FreshMachine
    streamer: Streamer
    seconds: float
    output: str

    def install(self, *arguments: str, terminal: bool = False) -> tuple[str, float]:
        """Run ./install.sh again; return (what it printed, seconds)."""
        return install(self.machine, *arguments, terminal=terminal)


def install(machine: FreshMachine, *arguments: str, terminal: bool = False) -> tuple[str, float]:
    """Run ./install.sh in a machine, on a terminal (``script`` makes one) or into a pipe."""
    words = shlex.join(["./install.sh", *arguments])
    argv = ["script", "-qec", words, "/dev/null"] if terminal else ["bash", "-c", words]
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"{machine.container}.log"
    offset = log.stat().st_size if log.exists() else 0
    began = time.monotonic()
    done = machine.exec(argv, cwd=CHECKOUT, timeout_s=4500, check=False, log=log)
    seconds = time.monotonic() - began
    output = log.read_text(errors="replace")[offset:]
    if done.returncode:
        raise MachineError(f"./install.sh {words} failed ({done.returncode}); the end of {log}:\n{output[-6000:]}")
    return output, seconds


def streamer_of(machine: FreshMachine) -> Streamer:
    """Return the streamer that runs in a fresh machine."""
    return Streamer(run=lambda words: machine.exec(list(words)).stdout, panel=f"http://{machine.address}:8081")


@pytest.fixture(scope="module")
def debian13() -> Iterator[Installed]:
    """Debian 13, installed from nothing but the clone, after a power cut in the middle of the first try.

    Its Docker volume keeps BuildKit's cache between sessions; images and containers are removed from it.
    """
    name = "streamkit-test-fresh13"
    FreshMachine.clear(name)
    machine = FreshMachine(13, name=name, volume="streamkit-test-build-cache")
    try:
        machine.copy_tree(REPOSITORY, CHECKOUT)
        cut_power_while_installing(machine)
        output, seconds = install(machine, terminal=True)
        yield Installed(machine, streamer_of(machine), seconds, output)
        forget_images(machine)
    finally:
        machine.close()


def cut_power_while_installing(machine: FreshMachine) -> None:
    """Begin ./install.sh and end every process of the machine while pip writes the virtual environment."""
    words = "./install.sh >/root/first.log 2>&1 </dev/null & echo started"
    machine.exec(["bash", "-c", f"cd {shlex.quote(CHECKOUT)} && setsid {words}"])
    deadline = time.monotonic() + 900
    # The directory of something that is not there yet at the start, and long before the end.
    looking = ["bash", "-c", f"ls -d {shlex.quote(CHECKOUT)}/.venv/lib/python3*/site-packages/ansible"]
    while machine.exec(looking, check=False).returncode != 0:
        if time.monotonic() > deadline:
            raise MachineError("the first try did not come to pip: " + machine.exec(["cat", "/root/first.log"]).stdout)
        time.sleep(0.2)
    assert machine.exec(["test", "-e", f"{CHECKOUT}/.venv/.streamkit-stamp"], check=False).returncode != 0, "too late"
    machine.restart()


def forget_images(machine: FreshMachine) -> None:
    """Leave only the build cache and the base on the volume, so that the next session builds as a new machine does."""
    machine.exec(["docker", "rm", "--force", "gaming-streamer"])
    listed = machine.exec(["docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}", "gaming-streamer"]).stdout
    if listed.split():
        machine.exec(["docker", "image", "rm", *listed.split()])


@pytest.fixture(scope="module")
def image_archive(request: pytest.FixtureRequest) -> Path:
    """The image of this checkout as ``docker save`` writes it: built by Debian 13 where it is not kept already.

    It is named by the image's tag, which is a hash of all that it is made from.
    """
    archive, reference = image_archive_path(), f"gaming-streamer:{image_tag()}"
    if not archive.exists():
        debian13: Installed = request.getfixturevalue("debian13")
        for old in cache_directory().glob("gaming-streamer-*.tar"):
            old.unlink()
        partial = archive.with_suffix(".partial")
        export_image(debian13.machine, reference, partial)
        partial.replace(archive)
        # Whoever wants the image measures something else.
        debian13.streamer.inside("streamkit", "ctl", "stop")
    return archive


@pytest.fixture(scope="module")
def debian12(debian13: Installed, image_archive: Path) -> Iterator[Installed]:
    """Debian 12, installed with the image shipped to it; the other machine's stream rests meanwhile."""
    debian13.streamer.inside("streamkit", "ctl", "stop")
    name = "streamkit-test-fresh12"
    FreshMachine.clear(name)
    machine = FreshMachine(12, name=name)
    try:
        machine.copy_tree(REPOSITORY, CHECKOUT)
        shipped = "/root/image.tar"
        with image_archive.open("rb") as stream:
            put = [docker_binary(), "exec", "-i", machine.container, "dd", f"of={shipped}", "bs=1M", "status=none"]
            subprocess.run(put, stdin=stream, check=True)
        output, seconds = install(machine, "-e", f"streamkit_image_archive={shipped}")
        yield Installed(machine, streamer_of(machine), seconds, output)
    finally:
        machine.close()


MACHINES: list[CaptureMachine] = []
"""The virtual machine that is being made or up, where there is one."""


@pytest.fixture(scope="session")
def machines_up() -> Iterator[None]:
    """What is ended with the session: booting a virtual machine once is enough."""
    yield
    while MACHINES:
        forget(MACHINES[-1])


def forget(made: CaptureMachine) -> None:
    """End a machine, and see that nothing of it is left."""
    MACHINES.remove(made)
    made.end()
    machine = made.machine
    assert not machine.up and not machine.directory.exists(), f"{machine.name} left {machine.directory}"
    assert not Path("/run/netns", str(machine.network.namespace)).exists(), f"{machine.name} left its network"


def begun(archive: Path, folders: pytest.TempPathFactory) -> CaptureMachine:
    """Return the virtual machine, which may be still in the making; begun by whoever asks for it first."""
    if not MACHINES:
        MACHINES.append(CaptureMachine(archive, folders.mktemp("inventory")))
        MACHINES[-1].begin()
    return MACHINES[-1]


@pytest.fixture(scope="module")
def made_ahead(
    image_archive: Path, machines_up: None, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> None:
    """Begin to make the virtual machine beside tests that watch nothing in real time, where this run needs it at all."""
    if any(item.get_closest_marker("vm") for item in request.session.items):
        begun(image_archive, tmp_path_factory)


@pytest.fixture
def capture_machine(
    image_archive: Path, machines_up: None, tmp_path_factory: pytest.TempPathFactory, report: dict[str, object]
) -> CaptureMachine:
    """A virtual machine that the playbook has provisioned, the same one for every test."""
    made = begun(image_archive, tmp_path_factory)
    try:
        made.ready()
    except MachineError:
        forget(made)  # whoever asks next gets a new one
        raise
    report["provision_vm_s"] = round(made.provision_s)
    if made.machine.frozen:
        report["vm_frozen"] = made.machine.frozen
    return made


@pytest.fixture
def machine(capture_machine: CaptureMachine) -> VirtualMachine:
    """That machine as the tests log in to it."""
    return capture_machine.machine


@pytest.fixture
def capturing(machine: VirtualMachine, request: pytest.FixtureRequest) -> Streamer:
    """The streamer that runs in it; started anew for a second attempt."""
    streamer = streamer_of_vm(machine)
    if is_second(request.node):
        streamer.run(["docker", "restart", streamer.container])
        wait_for_stream(streamer)
    return streamer
