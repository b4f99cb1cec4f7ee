"""Deployments that fail, are taken back, are killed, and are removed: on a host of its own, over ssh."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from streamkit.install.image import image_tag
from tests.conftest import REPOSITORY
from tests.fleet.machines import FleetHost, fleet
from tests.machines.base_image import docker_binary
from tests.playbook import PLAYBOOK, environment, recap, run_playbook
from tests.second_attempts import is_second

pytestmark = [pytest.mark.machine, pytest.mark.timeout(5400)]

SMALL: dict[str, Any] = {"streamkit_resolution": "160x90", "streamkit_fps": "5"}
"""A stream that costs nothing."""
ENDS = 'ENTRYPOINT ["bash", "-c", "echo ImportError: no module named gevent >&2; exit 1"]'
"""A line of a Dockerfile: an image whose container ends at once."""
NO_PLUGINS = "ENV GST_PLUGIN_SYSTEM_PATH_1_0=/nowhere"
"""An image that lost GStreamer's elements: its container is healthy, and the stream ends at once."""
KILLS = int(os.environ.get("STREAMKIT_TEST_KILLS", "2"))
"""How many runs are killed; each costs itself and the run that follows."""
SEED = 5


@dataclass
class Played:
    """A finished run of a playbook."""

    code: int
    said: str
    seconds: float

    @property
    def changed(self) -> int:
        """What the recap counts as changed."""
        return recap(self.said)["box"]["changed"]

    @property
    def tasks(self) -> list[str]:
        """The tasks' headings in their order."""
        return re.findall(r"^TASK \[(.*?)\] \*", self.said, re.MULTILINE)


def own_modules(checkout: Path) -> dict[str, str]:
    """Variables with which a run finds the modules of its own checkout, whichever one is installed here."""
    return {"PYTHONPATH": str(checkout), "ANSIBLE_NOCOLOR": "1"}


@dataclass
class Box:
    """One host and the checkouts it is provisioned from; ``notes`` keeps what the preparation said."""

    host: FleetHost
    folder: Path
    checkout: Path = REPOSITORY
    notes: dict[str, Played] = field(default_factory=dict)

    def words(self, playbook: str, *arguments: str, **variables: Any) -> list[str]:
        given = [word for item in variables.items() for word in ("-e", json.dumps(dict([item])))]
        return ["-i", str(self.folder / "hosts.json"), f"playbooks/{playbook}.yml", *given, *arguments]

    def play(self, playbook: str, *arguments: str, checkout: Path = REPOSITORY, **variables: Any) -> Played:
        """Run a playbook to its end."""
        began = time.monotonic()
        words = self.words(playbook, *arguments, **variables)
        done = run_playbook(*words, within_s=1500, checkout=checkout, **own_modules(checkout))
        return Played(done.returncode, done.stdout + done.stderr, time.monotonic() - began)

    def deploy(self, **variables: Any) -> Played:
        """Run site.yml, which must succeed."""
        done = self.play("site", **variables)
        assert done.code == 0, done.said[-4000:]
        self.notes["last"] = done
        return done

    def killed(self, at_task: int, **variables: Any) -> str:
        """Start site.yml and end it, with all it started, when it begins its task number ``at_task``; return that task."""
        process = subprocess.Popen(
            [PLAYBOOK, *self.words("site", **variables)],
            cwd=REPOSITORY,
            env=environment(REPOSITORY, **own_modules(REPOSITORY)),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        assert process.stdout is not None
        seen, task = 0, "its end"
        for line in process.stdout:
            seen += line.startswith("TASK [")
            if seen == at_task:
                task = line.strip(" *\n")
                # A moment into the task: what it does on the host has begun, or is done and not yet told.
                time.sleep(0.3)
                break
        os.killpg(process.pid, signal.SIGKILL)
        process.stdout.close()
        process.wait()
        return task

    def read(self, path: str) -> str:
        """Return a file of the installation."""
        return self.host.machine.exec(["cat", f"/opt/streamkit/{path}"]).stdout.strip()

    @property
    def current(self) -> str:
        """The name of the release in force."""
        return self.host.machine.exec(["readlink", "/opt/streamkit/current"]).stdout.strip().removeprefix("releases/")

    def running(self) -> tuple[str, int]:
        """Return what changes when the stream was interrupted: when its container started, and its process."""
        stream = self.host.streamer.document("supervisor")["stream"]
        assert stream["state"] == "running", stream
        return self.host.streamer.inspect()["State"]["StartedAt"], stream["pid"]

    def bitrate(self) -> int:
        """The bitrate in force, in kbit/s."""
        return int(self.host.streamer.document("supervisor")["settings"]["bitrate_kbps"]["value"])

    def listing(self) -> list[str]:
        """Every path on the host but what Ansible, Python and the machine keep for themselves."""
        skipped = ("/proc", "/sys", "/run", "/tmp", "/var/lib/docker", "/var/log", "/root/.ansible", "/root/.docker")
        pruned = " -o ".join(f"-path {path}" for path in skipped)
        find = f"find / \\( {pruned} -o -name __pycache__ -o -path '/dev/pts/*' \\) -prune -o -print | sort"
        return self.host.machine.exec(["bash", "-c", find]).stdout.splitlines()


def newer_checkout(box: Box, name: str, flaw: str) -> Path:
    """Return a checkout that needs another image than this one's, which lies on the host already and has a flaw."""
    folder = box.folder / name
    for part in ("playbooks", "roles", "templates", "streamkit", "inventory"):
        shutil.copytree(REPOSITORY / part, folder / part, ignore=shutil.ignore_patterns("__pycache__", "target"))
    shutil.copy(REPOSITORY / "ansible.cfg", folder)
    with (folder / "streamkit/poll.py").open("a") as module:
        module.write(f"# {name}\n")
    asked = [sys.executable, "-m", "streamkit", "image"]
    tag = subprocess.run(asked, cwd=folder, capture_output=True, text=True, check=True).stdout.strip()
    build = ["docker", "build", "--quiet", "--tag", f"gaming-streamer:{tag}", "-"]
    words = [docker_binary(), "exec", "-i", "--env", "DOCKER_BUILDKIT=1", box.host.machine.container, *build]
    lines = f"FROM gaming-streamer:{image_tag()}\n{flaw}\n"
    subprocess.run(words, input=lines, text=True, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def box(image_archive: Path, made_ahead: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """A host on which a first deployment was killed, a second one failed, and release A streams at 600 kbit/s."""
    folder = tmp_path_factory.mktemp("releases")
    with fleet(folder, "streamkit-test-releases") as made:
        made.add(["box"])
        values = {**SMALL, "streamkit_probe": "never", "streamkit_bitrate_kbps": 600}
        values["streamkit_image_archive"] = str(image_archive)
        inventory = {"streamers": {"hosts": made.inventory(), "vars": values}}
        (folder / "hosts.json").write_text(json.dumps(inventory))
        ready = Box(made.hosts["box"], folder)
        before = ready.listing()
        ready.notes["look"] = ready.play("site", "--check", "--diff")
        assert ready.listing() == before, "--check changed something"
        (folder / "before").write_text("\n".join(before))
        ready.killed(random.Random(SEED).randint(30, 60))
        with image_archive.open("rb") as archive:
            load = [docker_binary(), "exec", "-i", ready.host.machine.container, "docker", "load", "--quiet"]
            subprocess.run(load, stdin=archive, check=True, capture_output=True)
        ready.notes["failed"] = ready.play("site", checkout=newer_checkout(ready, "first", NO_PLUGINS))
        ready.deploy()
        yield ready


@pytest.fixture(autouse=True)
def as_it_was(box: Box, request: pytest.FixtureRequest) -> None:
    """For a second attempt, the release that the host began with is in force again."""
    if is_second(request.node):
        box.deploy()


def test_look_at_a_host_that_has_nothing_ends_well(box: Box) -> None:
    assert box.notes["look"].code == 0, box.notes["look"].said[-3000:]


def test_first_deployment_that_fails_has_nothing_to_return_to(box: Box) -> None:
    said = box.notes["failed"].said
    assert box.notes["failed"].code != 0
    assert "did not come up on box: the stream ends again and again" in said
    assert "The end of the container's log:" in said
    assert "There is no way back: no release has come up on this host yet." in said


def test_second_run_changes_nothing_and_the_stream_goes_on(box: Box) -> None:
    before = box.running()
    again = box.deploy()
    look = box.play("site", "--check", "--diff", streamkit_bitrate_kbps=650)
    assert (again.changed, look.code) == (0, 0), look.said[-3000:]
    assert "Would make" in look.said and box.running() == before
    assert box.read("last_good") == box.current


def test_rollback_lists_the_releases_and_returns_to_the_one_before(box: Box, report: dict[str, object]) -> None:
    first = box.current
    box.deploy(streamkit_bitrate_kbps=700)
    second = box.current
    assert first != second and box.bitrate() == 700
    done = box.play("rollback")
    report["rollback_s"] = round(done.seconds, 1)
    assert done.code == 0, done.said[-3000:]
    assert re.search(rf"{second} .* 700 kbit/s +in force, last good", done.said)
    assert f"Returning to {first}, the release before." in done.said
    assert (box.current, box.read("last_good"), box.bitrate()) == (first, first, 600)
    box.running()
    named = box.play("rollback", release=second[:6])
    assert named.code == 0 and box.bitrate() == 700
    unknown = box.play("rollback", release="0123")
    assert unknown.code != 0 and "release is '0123', which is no release on this host" in unknown.said
    assert box.current == second


@pytest.mark.parametrize(
    ("flaw", "words"),
    [
        (NO_PLUGINS, ["the stream ends again and again", "no element"]),
        (ENDS, ["the container ends again and again", "ImportError"]),
    ],
    ids=["stream", "container"],
)
def test_upgrade_that_does_not_come_up_is_taken_back(
    box: Box, flaw: str, words: list[str], request: pytest.FixtureRequest
) -> None:
    """A newer checkout brings an image that fails; the older release, with its own image, streams again."""
    good, image = box.current, box.host.streamer.inspect()["Config"]["Image"]
    done = box.play("site", checkout=newer_checkout(box, request.node.callspec.id, flaw))
    said = " ".join(done.said.split())
    assert done.code != 0 and [word for word in words if word not in said] == [], done.said[-5000:]
    assert f"Release {good}, the last good one, is in force again:" in said and "frames were sent in" in said
    assert (box.current, box.read("last_good")) == (good, good)
    assert box.host.streamer.inspect()["Config"]["Image"] == image
    box.running()
    tags = box.host.machine.exec(["docker", "image", "inspect", "-f", "{{.Id}}", "gaming-streamer:current", image])
    assert len(set(tags.stdout.split())) == 1, "the tag follows the release in force"


def test_killed_run_leaves_a_stream_and_the_next_one_converges(box: Box, report: dict[str, object]) -> None:
    """Each kill is at another task, drawn from a seed; every second run had nothing to change."""
    draw = random.Random(SEED)
    killed = []
    count = len(box.notes["last"].tasks)
    for number in range(KILLS):
        changes = number % 2 == 0
        bitrate = 800 + number if changes else box.bitrate()
        before = box.running()
        # What only looks comes first and is of less interest: two thirds of the tasks.
        at_task = draw.randint(count // 2, count - 1)
        killed.append(box.killed(at_task, streamkit_bitrate_kbps=bitrate))
        if not changes:
            assert box.running() == before, killed[-1]
        box.deploy(streamkit_bitrate_kbps=bitrate)
        if not changes:
            assert box.running() == before, killed[-1]
        assert box.read("last_good") == box.current and box.bitrate() == bitrate, killed[-1]
        box.running()
    report["killed_at"] = killed


def test_remove_leaves_nothing_and_a_second_time_changes_nothing(box: Box) -> None:
    done = box.play("remove")
    assert done.code == 0, done.said[-3000:]
    assert "Docker stays" in done.said
    before = (box.folder / "before").read_text().splitlines()
    after = box.listing()
    assert (sorted(set(after) - set(before)), sorted(set(before) - set(after))) == ([], [])
    run = box.host.machine.exec
    assert run(["docker", "container", "ls", "--all", "--quiet"]).stdout == ""
    assert run(["docker", "image", "ls", "--quiet", "gaming-streamer"]).stdout == ""
    assert run(["docker", "network", "ls", "--format", "{{.Name}}"]).stdout.split() == ["bridge", "host", "none"]
    again = box.play("remove")
    assert (again.code, again.changed) == (0, 0), again.said[-3000:]
