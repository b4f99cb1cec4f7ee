"""A capture card that goes, comes back under another number, and was not there when the container started."""

from __future__ import annotations

import io
import json
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from streamkit.config import Value, defaults, parse_inventory
from streamkit.plan.choose import make_plan
from streamkit.render.release import release_files
from tests.machines.machine import VirtualMachine
from tests.system.capture_machine import VM_FPS, VM_SETTINGS
from tests.system.streamer import Streamer

pytestmark = [pytest.mark.vm, pytest.mark.timeout(3600)]

WITHIN_S = 120.0
"""An emulated processor takes seconds where a real one takes tenths; what was really needed goes into the report."""
SLOW_SOURCE = ["--set-dv-bt-timings", "cvt,width=1280,height=720,fps=15,reduced-blanking=2"]
WEBCAM = ("num_inputs=1", "input_types=0x0")
"""Options of vivid for a card that lists sizes and rates instead of following its input."""


UNLOAD = """
for try in $(seq 200); do
  for node in /dev/video*; do test ! -e "$node" || v4l2-ctl -d "$node" -c disconnect=1 >/dev/null; done
  modprobe -r vivid 2>/dev/null && exit 0
  sleep 0.2
done
exit 1
"""
"""The driver plays that its device is gone, which ends a stream; unloaded it can only be while nobody has it open.

Unbinding it under a stream looks simpler, and left the kernel of this machine with damaged memory.
"""


class Card:
    """The machine's capture card: a driver that is unloaded, as a cable is pulled."""

    def __init__(self, machine: VirtualMachine, streamer: Streamer) -> None:
        self._machine, self._streamer = machine, streamer

    def pull(self) -> None:
        """Take the card away under whoever uses it."""
        self._machine.ssh(UNLOAD, timeout=WITHIN_S)

    def plug(self, number: int, *options: str) -> None:
        """Put the card in as /dev/video``number``; an HDMI input receives the slow source of this machine."""
        self._machine.ssh(["modprobe", "vivid", f"vid_cap_nr={number}", *options])
        if not options:
            self._machine.ssh(["v4l2-ctl", "-d", f"/dev/video{number}", *SLOW_SOURCE])

    def wait_for_nodes(self, *names: str) -> None:
        """Wait until the container sees just these: the host's keeper makes and removes them by and by."""
        deadline = time.monotonic() + WITHIN_S
        while (seen := sorted(self._streamer.inside("ls", "/dev/streamkit").split())) != [*names]:
            assert time.monotonic() < deadline, seen
            time.sleep(0.2)


@pytest.fixture
def card(machine: VirtualMachine, capturing: Streamer) -> Iterator[Card]:
    """The card, put back as it was at the end."""
    made = Card(machine, capturing)
    yield made
    made.pull()
    made.plug(0)


def wait(streamer: Streamer, condition: Callable[[dict[str, Any]], bool]) -> tuple[dict[str, Any], float]:
    """Wait for a state of the supervisor, which may have just been started; return (it, seconds)."""
    began = time.monotonic()
    while True:
        status = streamer.document_if_any("supervisor")
        if status and condition(status):
            return status, round(time.monotonic() - began, 1)
        assert time.monotonic() - began < WITHIN_S, status
        time.sleep(0.2)


def streams_from(source: str) -> Callable[[dict[str, Any]], bool]:
    return lambda status: status["stream"]["state"] == "running" and status["source"]["video"] == source


def is_waiting(status: dict[str, Any]) -> bool:
    return bool(status["stream"]["state"] == "waiting")


def frames_sent(streamer: Streamer) -> int:
    """Frames sent so far; 0 while the launcher has not counted any."""
    row = (streamer.document_if_any("launch").get("ledger") or {}).get("video") or {}
    return int(row.get("sent", 0))


def assert_frames_flow(streamer: Streamer) -> None:
    before = frames_sent(streamer)
    deadline = time.monotonic() + WITHIN_S
    while frames_sent(streamer) < before + VM_FPS:
        assert time.monotonic() < deadline, streamer.document("launch")
        time.sleep(0.5)


def test_card_that_went_is_streamed_again_under_another_number(
    card: Card, capturing: Streamer, report: dict[str, object]
) -> None:
    wait(capturing, streams_from("v4l2"))
    card.wait_for_nodes("snd", "video0")
    card.pull()
    # The supervisor sees that the device is gone before the host has removed its node, or after.
    said = "No capture card: vivid is not there. The stream starts when it comes."
    status, _ = wait(capturing, lambda status: is_waiting(status) and status["stream"]["reason"] == said)
    assert status["desired"] == "running"
    card.wait_for_nodes("snd")
    card.plug(5)
    _, seconds = wait(capturing, streams_from("v4l2"))
    card.wait_for_nodes("snd", "video5")
    assert_frames_flow(capturing)
    report["vm_card_back_under_another_number_s"] = seconds


def test_container_starts_without_a_card_and_finds_it(
    card: Card, capturing: Streamer, report: dict[str, object]
) -> None:
    card.pull()
    capturing.run(["docker", "restart", "--time", "10", capturing.container])
    wait(capturing, is_waiting)
    # The panel starts beside the stream, and takes its time on this processor.
    patient = ("--retry", "60", "--retry-delay", "1", "--retry-connrefused")
    capturing.inside("curl", "-fsS", *patient, "-o", "/dev/null", "http://localhost:8081/")
    assert capturing.inspect()["State"]["Running"]
    card.plug(2)
    _, seconds = wait(capturing, streams_from("v4l2"))
    assert_frames_flow(capturing)
    report["vm_card_found_by_running_container_s"] = seconds


@pytest.fixture
def planned_without_a_card(machine: VirtualMachine, card: Card, capturing: Streamer) -> Iterator[None]:
    """The release that this host would have had without its card, in force instead of its own."""
    card.pull()
    own = capturing.run(["readlink", "/opt/streamkit/current"]).strip()
    hardware = {**json.loads(capturing.run(["cat", "/opt/streamkit/current/hardware.json"])), "video_devices": []}
    named = {name: value for name, value in VM_SETTINGS.items() if "capture" not in name and "audio" not in name}
    given: dict[str, Value] = parse_inventory(named)
    tag = capturing.inspect()["Config"]["Image"].rpartition(":")[2]
    files = release_files(hardware, make_plan(hardware, {**defaults(), **given}), given, tag)
    switch_to(machine, capturing, "releases/without-card", packed(files))
    yield
    switch_to(machine, capturing, own, packed({}))
    capturing.run(["rm", "-r", "/opt/streamkit/releases/without-card"])


def packed(files: dict[str, str]) -> bytes:
    """Return files as a tar archive, scripts executable."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, text in files.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(text.encode()), 0o755 if path.endswith(".sh") else 0o644
            archive.addfile(entry, io.BytesIO(text.encode()))
    return buffer.getvalue()


def switch_to(machine: VirtualMachine, streamer: Streamer, release: str, archive: bytes) -> None:
    """Put a release in force as the roles do: its files, the link, the nodes, and a word to the supervisor."""
    there = f"/opt/streamkit/{release}"
    with tempfile.TemporaryFile() as stream:
        stream.write(archive)
        stream.seek(0)
        machine.ssh(
            f"mkdir -p {there} && tar -xf - -C {there} && ln -sfn {release} /opt/streamkit/current", stdin=stream
        )
    keeper = "/usr/local/lib/streamkit/streamkit-nodes.pyz"
    streamer.run(["python3", "-I", keeper, "--plan", "/opt/streamkit/current/plan.json"])
    streamer.inside("streamkit", "ctl", "apply")


def test_release_planned_without_a_card_streams_from_one_that_comes(
    planned_without_a_card: None, card: Card, capturing: Streamer, report: dict[str, object]
) -> None:
    status, _ = wait(capturing, streams_from("test"))
    assert status["source"]["reason"].startswith("No capture card was found")
    card.plug(7, *WEBCAM)
    status, seconds = wait(capturing, streams_from("v4l2"))
    assert status["source"]["card"] == "vivid"
    assert "which came after the deployment" in status["source"]["reason"]
    chosen = {name: status["settings"][name]["value"] for name in ("video_device", "capture_mode", "resolution", "fps")}
    assert (chosen["video_device"], chosen["resolution"], chosen["fps"]) == ("/dev/streamkit/video7", "320x240", "15")
    assert chosen["capture_mode"].endswith("@15"), chosen
    assert_frames_flow(capturing)
    report["vm_late_card"] = {"seconds": seconds, **chosen}
    card.pull()
    wait(capturing, streams_from("test"))
