"""The virtual machine with a capture card: booted and provisioned once, ahead of its tests where others do not mind.

Emulated, that takes six minutes of one processor.  The tests of deployments watch nothing in real time and keep the
other one busy, so it is made beside them; then it rests until its own tests.

An emulated guest can also freeze as a whole, for reasons of the emulator's (one of them is told in
``tests/machines/guest/etc/systemd/system/ssh.service.d/quota.conf``).  That says nothing of the product, and is no reason
to lose the tests behind it: the machine is switched off and on, as a person would, and what its console said is reported.
"""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

from tests.machines.claim import claim
from tests.machines.errors import MachineError
from tests.machines.machine import VirtualMachine
from tests.machines.making import made_beside
from tests.playbook import run_playbook
from tests.system.streamer import Streamer

NAME = "streamkit-test"
CURRENT = "/opt/streamkit/current"
"""The link to the release in force."""
VM_FPS = 15
VM_SETTINGS = {
    "streamkit_audio_device": "hw:Loopback,1",
    # What two emulated processors hold. The machine's HDMI source delivers 720p15; the card's scaler makes it small.
    "streamkit_capture_mode": f"YUYV 320x240@{VM_FPS}",
    "streamkit_resolution": "320x240",
    "streamkit_fps": VM_FPS,
    "streamkit_bitrate_kbps": 500,
    # Trials of emulated processors say nothing, and cost minutes; the fresh machines make them.
    "streamkit_probe": "never",
}
WITHIN_S = 2400
"""Alone it takes five minutes; it is not alone, and nobody waits for it meanwhile."""
STARTS_WITHIN_S = 120.0
"""An emulated processor takes seconds where a real one takes tenths."""


def streamer_of(machine: VirtualMachine) -> Streamer:
    """Return the streamer that runs in it."""
    return Streamer(
        run=lambda argv: machine.ssh(list(argv)).stdout,
        panel=f"http://{machine.address}:8081",
        netns=machine.network.namespace,
    )


class CaptureMachine:
    """One machine: :meth:`begin`, then :meth:`ready` as often as somebody wants it, and :meth:`end` in any case."""

    def __init__(self, archive: Path, folder: Path) -> None:
        self.archive, self.folder = archive, folder
        self.machine = VirtualMachine(NAME)
        self.provision_s = 0.0
        self._release = ""
        self._problem: BaseException | None = None
        self._rests = self._ended = False
        self._thread = threading.Thread(target=self._make, name=NAME)

    def begin(self) -> None:
        """Start to make it, and return at once."""
        claim()
        self.machine.stop()  # what a run that was killed left
        made_beside(self._thread)

    def _make(self) -> None:
        try:
            try:
                self._make_once()
            except MachineError:
                # One that still answers has a reason of its own, and so has one that was ended.
                if self._ended or self.machine.alive():
                    raise
                self._note_frozen()
                self.machine.stop()
                self._make_once()
        except BaseException as problem:
            self._problem = problem

    def _make_once(self) -> None:
        self.machine.start()
        self.machine.wait_for_boot()
        self._provision()
        self._release = self.machine.ssh(["readlink", CURRENT]).stdout.strip()
        self.rest()

    def _provision(self) -> None:
        inventory = self.folder / "hosts.yml"
        inventory.write_text(self.machine.login.inventory())
        given = json.dumps({**VM_SETTINGS, "streamkit_image_archive": str(self.archive)})
        began = time.monotonic()
        done = run_playbook("-i", inventory, "playbooks/site.yml", "-e", given, within_s=WITHIN_S)
        self.provision_s = time.monotonic() - began
        if done.returncode:
            console = self.machine.console_tail()
            said = f"{done.stdout[-6000:]}{done.stderr[-2000:]}"
            raise MachineError(f"the machine was not provisioned; its console ends with {console!r}: {said}")

    def rest(self) -> None:
        """Take its load off this machine until it is wanted again: an emulated stream keeps a processor busy."""
        self.machine.ssh(["docker", "stop", streamer_of(self.machine).container])
        self.machine.ssh(["systemctl", "stop", "hdmi-sound"])
        self._rests = True

    def ready(self) -> VirtualMachine:
        """Wait for it, and for its stream; one that is frozen is switched off and on.

        Raises what went wrong while it was made.
        """
        self._thread.join()
        if self._problem:
            raise MachineError(f"the virtual machine could not be made: {self._problem}") from self._problem
        if not self.machine.alive():
            self._power_cycle()
        if self._rests:
            streamer = streamer_of(self.machine)
            self.machine.ssh(["systemctl", "start", "hdmi-sound"])
            # Not "start": after a power cut Docker has started it already, with whatever release was in force then.
            self.machine.ssh(["docker", "restart", streamer.container])
            wait_for_stream(streamer)
            self._rests = False
        return self.machine

    def _power_cycle(self) -> None:
        """Switch it off and on, and take back what a test that did not come to its end may have left on its disk."""
        self._note_frozen()
        self.machine.power_cycle()
        self.machine.wait_for_boot()
        self.machine.ssh(["ln", "-sfn", self._release, CURRENT])
        self._rests = True

    def _note_frozen(self) -> None:
        self.machine.frozen.append(f"it answers nobody; its console ends with\n{self.machine.console_tail()}")

    def end(self) -> None:
        """Remove it; one that is still being made loses its machine, and gives up."""
        self._ended = True
        while self._thread.is_alive():
            self.machine.stop()
            self._thread.join(timeout=1)
        self.machine.stop()


def wait_for_stream(streamer: Streamer) -> None:
    """Wait until the supervisor of a container that has just been started says that it streams.

    Raises MachineError where it does not.
    """
    deadline = time.monotonic() + STARTS_WITHIN_S
    while True:
        status = streamer.document_if_any("supervisor")
        if status and status["stream"]["state"] == "running":
            return
        if time.monotonic() > deadline:
            raise MachineError(f"no stream within {STARTS_WITHIN_S:g} s: {status}")
        time.sleep(0.5)
