"""A running virtual machine, as a context manager for tests and as the state behind the command line."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from .errors import MachineError
from .image import Image, build
from .network import GUEST_ADDRESS, MediaNetwork, Mode
from .qemu import Launch, accelerator, create_overlay, end_process, free_port, process_age
from .recipe import Recipe, cache_directory
from .ssh import COMMAND_S, Login

BOOTS = 3
"""How often it is tried: an emulated machine can freeze as a whole at any moment, while it boots too."""
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")


@dataclass(frozen=True)
class State:
    """What is remembered of a started machine. `boot_seconds` run from QEMU's start to a working login."""

    image: str
    network: Mode
    accel: str
    pid: int
    pid_age: str
    ssh_port: int
    boot_seconds: float = 0.0


class VirtualMachine:
    """One machine: `with VirtualMachine() as vm: vm.ssh("uname -a")`.

    `name` keeps several apart. `memory_mib` is in MiB, `boot_timeout` in seconds. The disk starts
    fresh unless `keep_disk`, which continues with the one the last machine of that name left.
    """

    def __init__(
        self,
        name: str = "vm",
        *,
        recipe: Recipe | None = None,
        network: Mode = "namespace",
        cpus: int = 2,
        memory_mib: int = 2048,
        keep_disk: bool = False,
        boot_timeout: float = 240,
    ) -> None:
        if not _NAME.fullmatch(name):
            raise MachineError(f"machine name {name!r}: use up to 31 of a-z, 0-9 and -")
        self.name = name
        self.recipe = recipe
        self.network = MediaNetwork(name, network)
        self.cpus, self.memory_mib = cpus, memory_mib
        self.keep_disk = keep_disk
        self.boot_timeout = boot_timeout
        self.frozen: list[str] = []
        """What was seen each time it had to be started again because nothing answered."""
        self.directory = cache_directory() / "machines" / name
        self.state: State | None = self._remembered()
        if self.state and self.up:
            self.network = MediaNetwork(name, self.state.network)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def up(self) -> bool:
        """Whether its QEMU runs, started by this process or an earlier one."""
        return self.state is not None and process_age(self.state.pid) == self.state.pid_age

    @property
    def login(self) -> Login:
        """How to log in. Raises MachineError when the machine is not up."""
        if self.state is None or not self.up:
            raise MachineError(f"no machine named {self.name!r} is up")
        return Login(Image(Path(self.state.image)), self.state.ssh_port, self.directory)

    @property
    def address(self) -> str:
        """The guest's address on the media network, reachable by commands from `inside`."""
        return GUEST_ADDRESS

    @property
    def serial_log(self) -> Path:
        """What the guest printed on its console."""
        return self.directory / "serial.log"

    def inside(self, *argv: str) -> list[str]:
        """Return `argv` as a command that runs where `address` is reachable (a browser, curl)."""
        return self.network.inside(*argv)

    def ssh(
        self,
        command: str | Sequence[str],
        *,
        check: bool = True,
        timeout: float = COMMAND_S,
        stdin: IO[bytes] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run `command` in the guest as root; see `Login.run` for arguments and errors."""
        return self.login.run(command, check=check, timeout=timeout, stdin=stdin)

    def wait_for_boot(self, *, timeout: float = 600) -> None:
        """Wait up to `timeout` seconds until every unit, Docker's too, has started or failed."""
        self.ssh("systemctl is-system-running --wait", check=False, timeout=timeout)

    def alive(self, *, timeout: float = 60) -> bool:
        """Whether it runs, and its ssh server greets within `timeout` seconds: a frozen guest does not."""
        return self.up and self.login.answers(timeout=timeout)

    def power_cycle(self) -> None:
        """Cut its power and switch it on again, with the disk that it has; it gets another ssh port.

        Raises MachineError where it does not come up; then nothing of it is left.
        """
        self.stop(keep_disk=True)
        self.start(keep_disk=True)

    def start(self, *, keep_disk: bool | None = None) -> None:
        """Build the image if needed, start the machine and wait until it accepts a login.

        Raises MachineError without root, when the name is taken, or when it does not answer in time.
        """
        if os.geteuid() != 0:
            raise MachineError("starting the machine needs root (tap device, network namespace)")
        if self.up:
            raise MachineError(f"a machine named {self.name!r} is up already")
        image = self._prepare_disk(self.keep_disk if keep_disk is None else keep_disk)
        try:
            self._boot(image)
            self.login.open_shared()
            card = "systemctl start hdmi-source.service || { journalctl -u hdmi-source.service >&2; false; }"
            self.ssh(card)
        except BaseException:
            self.stop()
            raise

    def stop(self, *, keep_disk: bool | None = None) -> None:
        """End the machine and remove its network; the disk too, unless it is to be kept."""
        if self.state and self.up:
            self.login.close_shared()
            end_process(self.state.pid, self.state.pid_age)
        self.network.remove()
        if not (self.keep_disk if keep_disk is None else keep_disk):
            shutil.rmtree(self.directory, ignore_errors=True)
            self.state = None

    def _prepare_disk(self, keep_disk: bool) -> Image:
        overlay = self.directory / "overlay.qcow2"
        if keep_disk and self.state and overlay.exists():
            # A kept disk only fits the image, and the kernel, it was started from.
            return Image(Path(self.state.image))
        image = build(self.recipe or Recipe())
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        create_overlay(image, self.directory)
        return image

    def _boot(self, image: Image) -> None:
        """Start it until it accepts a login; one that freezes on the way is started again."""
        for attempt in range(1, BOOTS + 1):
            self.network.create_tap()
            begun = time.monotonic()
            state = self._launch(image)
            self._remember(state)
            self.network.attach()
            try:
                self._wait_for_login(begun + self.boot_timeout)
            except MachineError as problem:
                if attempt == BOOTS or not self.up:
                    raise
                self.frozen.append(str(problem))
                end_process(state.pid, state.pid_age)
                continue
            self._remember(replace(state, boot_seconds=round(time.monotonic() - begun, 1)))
            return

    def _launch(self, image: Image) -> State:
        tap = None if self.network.mode == "none" else self.network.tap
        accel, attempts = accelerator(), 3
        while True:
            launch = Launch(image, self.directory, accel, self.cpus, self.memory_mib, free_port(), tap)
            try:
                pid = launch.start()
                break
            except MachineError as error:
                # Somebody took the port between our look and QEMU's.
                attempts -= 1
                if not attempts or "host forwarding" not in str(error):
                    raise
        age = process_age(pid) or ""
        return State(str(image.directory), self.network.mode, accel, pid, age, launch.ssh_port)

    def _wait_for_login(self, deadline: float) -> None:
        while time.monotonic() < deadline:
            if not self.up:
                raise MachineError(f"the machine ended while booting:\n{self.console_tail()}")
            login = self.login
            # One that answers but takes minutes to let somebody in is still starting.
            with suppress(MachineError):
                if login.answers() and login.run("true", check=False, timeout=60).returncode == 0:
                    return
            time.sleep(0.5)
        raise MachineError(f"no login within {self.boot_timeout:g} s; console:\n{self.console_tail()}")

    def console_tail(self) -> str:
        """Return the last lines of what the guest printed on its console."""
        try:
            return "\n".join(self.serial_log.read_text(errors="replace").splitlines()[-15:])
        except OSError:
            return "(no console output)"

    def _remembered(self) -> State | None:
        try:
            return State(**json.loads((self.directory / "state.json").read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def _remember(self, state: State) -> None:
        self.state = state
        (self.directory / "state.json").write_text(json.dumps(asdict(state), indent=1) + "\n")
