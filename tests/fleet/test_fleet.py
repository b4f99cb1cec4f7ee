"""Several hosts in one run: the image travels once, broken hosts stop nobody, keys are seen nowhere."""

from __future__ import annotations

import io
import json
import secrets
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from streamkit.install.image import image_tag
from tests.fleet.machines import Fleet, fleet
from tests.fleet.playing import Play, holding, play, vaulted
from tests.machines.base_image import import_image
from tests.machines.shipped import image_archive_path

pytestmark = [pytest.mark.machine, pytest.mark.timeout(3600)]

NAMES = ("cam-01", "cam-02", "cam-03")
REFERENCE = f"gaming-streamer:{image_tag()}"


def old_archive(path: Path) -> Path:
    """Write what ``docker save`` of an older image would begin with."""
    manifest = json.dumps([{"Config": "aa.json", "RepoTags": ["gaming-streamer:0123456789ab"], "Layers": []}]).encode()
    with tarfile.open(path, "w") as tar:
        entry = tarfile.TarInfo("manifest.json")
        entry.size = len(manifest)
        tar.addfile(entry, io.BytesIO(manifest))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fleet")


@pytest.fixture(scope="module")
def three(folder: Path) -> Iterator[Fleet]:
    """Three hosts, the first of which has the image already."""
    with fleet(folder, "streamkit-test-fleet") as made:
        made.add(NAMES)
        import_image(made.hosts["cam-01"].machine, image_archive_path())
        yield made


@pytest.fixture(scope="module")
def key() -> str:
    return f"key-{secrets.token_hex(8)}"


@pytest.fixture(scope="module")
def hosts(three: Fleet, folder: Path, key: str) -> dict[str, dict[str, Any]]:
    """The three, and three names for hosts with something wrong, which are refused before anything is changed."""
    found = three.inventory()
    elsewhere = {**found["cam-02"], "streamkit_container_name": "elsewhere", "streamkit_project_name": "elsewhere"}
    found["attic"] = {**found["cam-01"], "ansible_port": 9}
    found["no-card"] = {**elsewhere, "streamkit_source": "v4l2", "streamkit_video_device": "/dev/video7"}
    found["old-image"] = {
        **elsewhere,
        "streamkit_image_name": "elsewhere",
        "streamkit_image_archive": str(old_archive(folder / "old.tar")),
    }
    found["wrong"] = {**found["cam-03"], "streamkit_bitrate_kbps": -5}
    found["cam-01"]["streamkit_stream_key"] = vaulted(folder, key)[0]
    return found


@pytest.fixture(scope="module")
def first(three: Fleet, hosts: dict[str, dict[str, Any]], folder: Path, key: str, report: dict[str, object]) -> Play:
    """The first run, as wordy as a person would ask for when something is wrong."""
    done = play(folder, hosts, "-vvv", *vaulted(folder, key)[1])
    report["fleet_of_3_s"], report["fleet_of_3_controller_mb"] = round(done.seconds), round(done.peak_mb)
    return done


def test_good_hosts_stream_whatever_happens_to_the_others(first: Play, three: Fleet) -> None:
    assert first.code != 0, "a failed host is a failed run"
    assert {name for name, counts in first.recap.items() if counts["failed"] == 0} == set(NAMES), first.output[-6000:]
    for name in NAMES:
        document = three.hosts[name].streamer.document("supervisor")
        assert document["stream"]["state"] == "running", (name, document)


def test_summary_names_every_host_with_cause_and_cure(first: Play, three: Fleet, folder: Path) -> None:
    said = " ".join(first.summary.split())
    assert "3 of 7 hosts are in order" in said
    for name in NAMES:
        assert f"{name} changed http://{three.hosts[name].machine.address}:8081" in said
    assert "attic FAILED attic cannot be reached at 127.0.0.1 port 9 as root" in said
    assert "no-card FAILED streamkit_video_device is '/dev/video7', which does not exist on the host" in said
    assert f"which holds gaming-streamer:0123456789ab and not elsewhere:{image_tag()}" in said
    assert "wrong FAILED streamkit_bitrate_kbps is -5, which is not allowed" in said


def test_image_is_neither_built_nor_sent_to_a_host_that_has_it(first: Play, three: Fleet, folder: Path) -> None:
    assert "Build the image" not in first.output
    assert [path.name for path in (folder / "images").iterdir() if path.suffix == ".gz"] == [f"{image_tag()}.tar.gz"]
    marks = {
        host.machine.exec(["docker", "image", "inspect", "-f", "{{.Id}}", REFERENCE]).stdout
        for host in three.hosts.values()
    }
    assert len(marks) == 1, "the same image everywhere"
    for host in three.hosts.values():
        left = host.machine.exec(["sh", "-c", "ls /var/cache/streamkit"], check=False).stdout.split()
        assert left == [], "what travelled is removed"


def test_key_is_on_its_host_and_nowhere_else(first: Play, three: Fleet, folder: Path, key: str) -> None:
    machine = three.hosts["cam-01"].machine
    assert machine.exec(["cat", "/etc/streamkit/secrets/stream_key"]).stdout.strip() == key
    assert machine.exec(["stat", "-c", "%a %u", "/etc/streamkit/secrets/stream_key"]).stdout.split() == ["400", "1000"]
    assert three.hosts["cam-02"].machine.exec(["ls", "/etc/streamkit/secrets"]).stdout.split() == ["panel_token"]
    # On this machine: what the run printed with -vvv, what it stored, and every process list meanwhile.
    assert holding(folder, key) == []
    assert len(first.command_lines) > 20 and [line for line in first.command_lines if key in line] == []
    look = "docker inspect $(docker ps -aq) | grep -c -e $0; docker logs gaming-streamer 2>&1 | grep -c -e $0; grep -rl -e $0 /opt /var/lib/streamkit /var/log /root /tmp"
    shown = machine.exec(["sh", "-c", look, key], check=False).stdout.split()
    assert shown == ["0", "0"], shown


def test_second_run_changes_nothing_and_copies_nothing(
    first: Play, three: Fleet, folder: Path, key: str, hosts: dict[str, dict[str, Any]], report: dict[str, object]
) -> None:
    # The one that had the image, and one of those that received it.
    again = play(folder, {name: hosts[name] for name in NAMES[:2]}, *vaulted(folder, key)[1])
    report["fleet_of_2_again_s"] = round(again.seconds)
    assert again.code == 0, again.output[-4000:]
    assert [counts["changed"] for counts in again.recap.values()] == [0, 0], again.output
    assert "All 2 hosts are in order" in again.summary
    assert "Copy the image" not in again.output
