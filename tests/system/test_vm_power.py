"""A machine that loses its power streams again by itself, as it was set up."""

from __future__ import annotations

import os
import signal
import time

import pytest

from tests.system.capture_machine import VM_SETTINGS, CaptureMachine, wait_for_stream
from tests.system.streamer import Streamer
from tests.system.test_vm_card import assert_frames_flow

pytestmark = [pytest.mark.vm, pytest.mark.timeout(3600)]


def in_force(streamer: Streamer) -> dict[str, object]:
    """Return the values of the settings that this machine was given."""
    settings = streamer.document("supervisor")["settings"]
    return {name: row["value"] for name, row in settings.items() if f"streamkit_{name}" in VM_SETTINGS}


def test_machine_streams_again_after_a_power_cut(
    capture_machine: CaptureMachine, capturing: Streamer, report: dict[str, object]
) -> None:
    machine = capture_machine.machine
    before, release = in_force(capturing), capturing.run(["readlink", "/opt/streamkit/current"])
    assert before["resolution"] == VM_SETTINGS["streamkit_resolution"], before
    assert machine.state is not None
    # First it freezes, as an emulated machine can: who uses it must see that, and the power ends it in any state.
    os.kill(machine.state.pid, signal.SIGSTOP)
    assert not machine.alive(timeout=5)
    began = time.monotonic()
    machine.power_cycle()
    login_s = time.monotonic() - began
    # Looked at only from here on: nothing is started by hand.
    machine.wait_for_boot()
    wait_for_stream(capturing)
    stream_s = time.monotonic() - began
    assert_frames_flow(capturing)
    assert in_force(capturing) == before
    assert capturing.run(["readlink", "/opt/streamkit/current"]) == release
    report["vm_power_cut_s"] = {"login": round(login_s, 1), "stream": round(stream_s, 1)}
