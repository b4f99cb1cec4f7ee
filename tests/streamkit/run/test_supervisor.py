"""The supervisor with real processes: a shell script plays the launcher, a sleeping process the panel."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from streamkit.documents import write_document
from streamkit.errors import UnavailableError
from streamkit.plan.choose import make_plan
from streamkit.render.release import release_files, write_files
from streamkit.run.control import request
from tests.conftest import Host, MakeSettings

LAUNCHER = """#!/bin/bash
# Says that it plays, as streamkit-launch does, and waits. The file "crash" makes it fail at once.
[[ -e {run}/crash ]] && {{ echo "no such card" >&2; exit 1; }}
printf '%s ' "$@" > {run}/words
env > {run}/environment
printf '{{"schema_version": 1, "state": "playing", "pid": %d}}' $$ > "$STREAMKIT_LAUNCH_FILE"
trap 'exit 0' TERM
while :; do sleep 0.05; done
"""
RUNNER = "import sys, json; from streamkit.run import cards; cards.scan = lambda root, outside, folder, seconds: (json.loads((root / folder.lstrip('/') / 'card.json').read_text()), [], []); from pathlib import Path; from streamkit.run.paths import Paths; from streamkit.run.supervisor import Supervisor; sys.exit(Supervisor(Paths.from_environment(), ['sleep', '600'], ['sleep', '600'], launcher=sys.argv[1]).run())"


class Box:
    """A running supervisor in temporary directories."""

    def __init__(
        self, root: Path, hardware: dict[str, Any], plan: dict[str, Any], given: dict[str, Any], network: str = "host"
    ) -> None:
        self.run, self.release, self.state, secrets = (root / name for name in ("run", "release", "state", "secrets"))
        self.devices = root / "devices"
        for folder in (self.run, self.release, self.state, secrets, self.devices):
            folder.mkdir()
        (secrets / "stream_key").write_text("s3cret")
        self.hardware, self.plan = hardware, plan
        self.deploy(given)
        launcher = root / "streamkit-launch"
        launcher.write_text(LAUNCHER.format(run=self.run))
        launcher.chmod(0o755)
        places = {"RUN": self.run, "RELEASE": self.release, "STATE": self.state, "SECRETS": secrets}
        places["DEVICES"] = self.devices
        environment = {**os.environ, **{f"STREAMKIT_{name}_DIR": str(path) for name, path in places.items()}}
        environment["STREAMKIT_NETWORK"] = network
        self.log = (root / "log").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-c", RUNNER, str(launcher)], env=environment, stdout=self.log, stderr=self.log
        )

    def deploy(self, given: dict[str, Any]) -> None:
        write_files(self.release, release_files(self.hardware, self.plan, given, "tag"))

    def status(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.run / "supervisor.json").read_text())
        return document

    def wait(self, condition: Callable[[dict[str, Any]], bool], within_s: float = 10.0) -> dict[str, Any]:
        deadline = time.monotonic() + within_s
        status: dict[str, Any] = {}
        while time.monotonic() < deadline:
            if (self.run / "supervisor.json").exists():
                status = self.status()
                if condition(status):
                    return status
            time.sleep(0.02)
        self.log.seek(0)
        raise AssertionError(f"not reached in {within_s} s: {json.dumps(status, indent=1)}\n{self.log.read()}")

    def wait_running(self) -> dict[str, Any]:
        return self.wait(lambda status: status["stream"]["state"] == "running")

    def end(self) -> None:
        self.process.terminate()
        assert self.process.wait(15) == 0
        self.log.close()

    def plug(self, name: str) -> None:
        """A card's node appears, as the host's udev makes it."""
        (self.devices / f".{name}").touch()
        (self.devices / f".{name}").replace(self.devices / name)

    def ask(self, command: str) -> dict[str, Any]:
        return request(self.run / "control.sock", {"command": command})


@pytest.fixture
def make_box(tmp_path: Path, host: Host, settings: MakeSettings) -> Iterator[Callable[..., Box]]:
    """Make a supervisor that runs the release of a fixture host with some settings given."""
    made: list[Box] = []

    def make(name: str, network: str = "host", **given: Any) -> Box:
        hardware = host(name)
        made.append(Box(tmp_path, hardware, make_plan(hardware, settings(**given)), given, network))
        return made[-1]

    yield make
    for box in made:
        box.end()


@pytest.fixture
def box(make_box: Callable[..., Box]) -> Box:
    return make_box("no_card")


def test_stream_runs_with_its_settings_and_the_key_only_as_a_file(box: Box) -> None:
    status = box.wait_running()
    assert status["stream"]["script"] == "stream-x264.sh"
    assert status["source"]["reason"].startswith("No capture card was found")
    assert status["settings"]["bitrate_kbps"]["origin"] == "plan"
    environment = (box.run / "environment").read_text()
    assert "STREAM_KEY_FILE=" in environment and "STREAM_KEY=" not in environment
    shown = environment + (box.run / "words").read_text() + (box.run / "supervisor.json").read_text()
    assert "s3cret" not in shown


def test_stop_start_restart_over_the_socket(box: Box) -> None:
    first = box.wait_running()["stream"]["pid"]
    assert box.ask("stop")["ok"]
    stopped = box.wait(lambda status: status["stream"]["state"] == "stopped")
    assert stopped["desired"] == "stopped" and stopped["stream"]["pid"] is None
    assert box.ask("start")["ok"]
    second = box.wait_running()["stream"]["pid"]
    assert box.ask("restart")["ok"]
    third = box.wait(lambda s: s["stream"]["state"] == "running" and s["stream"]["pid"] != second)["stream"]["pid"]
    assert len({first, second, third}) == 3
    assert box.status()["stream"]["restarts"] == 0, "what was asked for is no failure"


def test_killed_stream_comes_back_with_the_cause_said(box: Box) -> None:
    pid = box.wait_running()["stream"]["pid"]
    began = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    back = box.wait(lambda status: status["stream"]["state"] == "running" and status["stream"]["pid"] != pid)
    assert time.monotonic() - began < 3
    assert back["stream"]["last_exit"]["signal"] == "SIGKILL"
    assert back["stream"]["restarts"] == 1


def test_failing_stream_backs_off_with_the_reason_and_start_ends_the_pause(box: Box) -> None:
    pid = box.wait_running()["stream"]["pid"]
    (box.run / "crash").touch()
    os.kill(pid, signal.SIGKILL)
    status = box.wait(lambda status: status["stream"]["restarts"] >= 3)
    assert status["stream"]["state"] == "backoff"
    assert status["stream"]["reason"] == "The stream ended with exit code 1: no such card"
    assert status["stream"]["next_start_at"] - time.time() > 0.5
    (box.run / "crash").unlink()
    box.ask("start")
    box.wait_running()


def test_killed_panel_comes_back_and_the_stream_is_not_touched(box: Box) -> None:
    before = box.wait_running()
    os.kill(before["panel"]["pid"], signal.SIGKILL)
    after = box.wait(lambda s: s["panel"]["state"] == "running" and s["panel"]["pid"] != before["panel"]["pid"])
    assert after["stream"]["pid"] == before["stream"]["pid"]
    assert after["stream"]["since"] == before["stream"]["since"]


def test_apply_restarts_only_when_something_changed(box: Box) -> None:
    pid = box.wait_running()["stream"]["pid"]
    reply = box.ask("apply")
    assert reply["ok"] and reply["changed"] is False
    time.sleep(0.3)
    assert box.status()["stream"]["pid"] == pid
    box.deploy({"bitrate_kbps": 4000})
    assert box.ask("apply")["changed"] is True
    status = box.wait(lambda s: s["stream"]["state"] == "running" and s["stream"]["pid"] != pid)
    assert status["settings"]["bitrate_kbps"] == {"value": 4000, "origin": "inventory"}
    assert "bitrate=4000" in (box.run / "words").read_text()


def test_override_wins_and_a_broken_one_is_said_and_ignored(box: Box) -> None:
    box.wait_running()
    write_document(box.state / "state.json", {"settings": {"bitrate_kbps": 6000}})
    box.ask("restart")
    box.wait(lambda s: s["settings"]["bitrate_kbps"] == {"value": 6000, "origin": "override"})
    box.wait_running()
    (box.state / "state.json").write_text("{")
    box.ask("restart")
    status = box.wait(lambda s: s["stream"]["state"] == "running" and s["settings"]["bitrate_kbps"]["origin"] == "plan")
    assert "are not in force" in status["stream"]["reason"]


def test_missing_release_is_said_and_the_panel_runs(box: Box) -> None:
    box.wait_running()
    (box.release / "plan.json").unlink()
    reply = box.ask("apply")
    assert not reply["ok"]
    assert box.status()["stream"]["state"] == "running", "a broken release must not end a running stream"
    box.ask("restart")
    status = box.wait(lambda s: s["stream"]["state"] == "failed")
    assert "There is no release" in status["stream"]["reason"]
    assert status["panel"]["state"] == "running"


def test_script_that_is_missing_is_said_and_the_next_deployment_heals_it(box: Box) -> None:
    box.wait_running()
    (box.release / "scripts" / "stream-x264.sh").unlink()
    box.ask("restart")
    status = box.wait(lambda s: s["stream"]["state"] == "failed")
    assert (
        "stream-x264.sh cannot be read: No such file or directory; deploy the release again."
        in status["stream"]["reason"]
    )
    box.deploy({})
    assert box.ask("apply")["changed"] is True
    box.wait_running()


def test_unknown_command_and_rubbish_are_answered(box: Box) -> None:
    box.wait_running()
    assert box.ask("reboot")["error"].startswith("Unknown command 'reboot'; allowed: start")
    assert (box.run / "control.sock").stat().st_mode & 0o777 == 0o600


def test_socket_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="The supervisor does not answer on"):
        request(tmp_path / "none.sock", {"command": "stop"})


@pytest.fixture
def capturing(make_box: Callable[..., Box]) -> Box:
    """A release that was planned for a card; the card is not there."""
    return make_box("usb_card")


def test_card_that_is_away_is_waited_for_without_a_failure(capturing: Box) -> None:
    status = capturing.wait(lambda status: status["stream"]["state"] == "waiting")
    assert status["stream"]["reason"] == (
        "No capture card: USB3.0 Video: USB3.0 Video is not there. The stream starts when it comes."
    )
    assert status["desired"] == "running" and status["stream"]["next_start_at"] is None
    assert status["panel"]["state"] == "running"
    time.sleep(1.5)
    later = capturing.status()
    assert later["updated_at"] == status["updated_at"], "nothing is written while nothing changes"
    assert later["stream"]["restarts"] == 0
    reply = capturing.ask("apply")
    assert reply["ok"] and reply["changed"] is False


def test_card_that_comes_is_streamed_within_two_seconds_under_any_number(capturing: Box) -> None:
    capturing.wait(lambda status: status["stream"]["state"] == "waiting")
    began = time.monotonic()
    capturing.plug("video3")
    first = capturing.wait_running()
    assert time.monotonic() - began < 2.5
    assert f"device={capturing.devices}/video3" in (capturing.run / "words").read_text()
    (capturing.devices / "video3").unlink()
    os.kill(first["stream"]["pid"], signal.SIGKILL)
    status = capturing.wait(lambda status: status["stream"]["state"] == "waiting")
    assert status["stream"]["restarts"] == 1
    capturing.plug("video7")
    capturing.wait_running()
    assert f"device={capturing.devices}/video7" in (capturing.run / "words").read_text()


def test_stop_ends_the_waiting_and_start_begins_it(capturing: Box) -> None:
    capturing.wait(lambda status: status["stream"]["state"] == "waiting")
    capturing.ask("stop")
    capturing.plug("video0")
    time.sleep(1.5)
    assert capturing.status()["stream"]["state"] == "stopped"
    capturing.ask("start")
    capturing.wait_running()


def test_late_card_takes_the_place_of_the_test_picture_and_gives_it_back(box: Box, host: Host) -> None:
    before = box.wait_running()
    assert "videotestsrc" in (box.run / "words").read_text()
    card = {**host("usb_card")["video_devices"][0], "node": "/dev/streamkit/video5"}
    (box.devices / "card.json").write_text(json.dumps([card]))
    box.plug("video5")
    status = box.wait(lambda s: s["stream"]["state"] == "running" and s["stream"]["pid"] != before["stream"]["pid"])
    assert status["source"]["video"] == "v4l2" and status["source"]["card"] == card["card"]
    assert "which came after the deployment" in status["source"]["reason"]
    assert status["settings"]["capture_mode"] == {"value": "YUYV 1280x720@30", "origin": "plan"}
    assert status["stream"]["restarts"] == 0, "a change of source is no failure"
    words = (box.run / "words").read_text()
    assert f"device={box.devices}/video5" in words and "audiotestsrc" not in words
    (box.devices / "video5").unlink()
    os.kill(status["stream"]["pid"], signal.SIGKILL)
    box.wait(lambda s: s["source"]["video"] == "test" and s["stream"]["state"] == "running")


def test_test_picture_that_was_asked_for_stays(make_box: Callable[..., Box]) -> None:
    box = make_box("no_card", source="test")
    pid = box.wait_running()["stream"]["pid"]
    box.plug("video0")
    time.sleep(1.5)
    assert box.status()["stream"]["pid"] == pid


def test_card_that_was_asked_for_and_never_there_is_planned_for_when_it_comes(
    make_box: Callable[..., Box], host: Host
) -> None:
    box = make_box("no_card", source="v4l2")
    status = box.wait(lambda status: status["stream"]["state"] == "waiting")
    assert status["stream"]["reason"].startswith("No capture card: none is plugged in.")
    card = {**host("usb_card")["video_devices"][0], "node": "/dev/streamkit/video0"}
    (box.devices / "card.json").write_text(json.dumps([card]))
    box.plug("video0")
    box.wait_running()
    assert f"device={box.devices}/video0" in (box.run / "words").read_text()


def test_container_on_a_bridge_cannot_be_switched_to_serving_viewers(make_box: Callable[..., Box]) -> None:
    box = make_box("no_card", network="bridge", publish="whip", server_url="http://server:8080/api/whip")
    box.wait(lambda s: s["publish"] == "whip" and s["stream"]["state"] == "running")
    write_document(box.state / "state.json", {"settings": {"publish": "whep"}})
    box.ask("restart")
    status = box.wait(lambda s: "are not in force" in s["stream"]["reason"])
    assert "streamkit_publish cannot become 'whep'" in status["stream"]["reason"]
    assert status["publish"] == "whip"
