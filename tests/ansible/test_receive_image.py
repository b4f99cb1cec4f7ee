"""An image file is loaded only when it is what was sent, and only the right image counts."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

PROGRAM = REPOSITORY / "roles/image/files/receive.py"
DOCKER = """\
#!/bin/sh
echo "$*" >>"$0.asked"
case "$1 $2" in
  "load --input") cat "$0.loaded" ;;
  "image inspect") echo sha256:abc ;;
esac
[ ! -e "$0.complaint" ] || { cat "$0.complaint" >&2; exit 1; }
"""


@pytest.fixture
def docker(tmp_path: Path) -> Path:
    """A client that says it loaded streamer:1, whose id is sha256:abc."""
    client = tmp_path / "docker"
    client.write_text(DOCKER)
    client.chmod(0o755)
    client.with_name("docker.loaded").write_text("Loaded image: streamer:1\n")
    (tmp_path / "image.tar").write_bytes(b"an image")
    return client


def receive(docker: Path, digest: str | None, *words: str) -> subprocess.CompletedProcess[str]:
    file = docker.with_name("image.tar")
    sent = digest or hashlib.sha256(file.read_bytes()).hexdigest()
    path = {**os.environ, "PATH": f"{docker.parent}:{os.environ['PATH']}"}
    argv = [sys.executable, str(PROGRAM), str(file), sent, *words]
    return subprocess.run(argv, env=path, capture_output=True, text=True, check=False)


def asked(docker: Path) -> list[str]:
    told = docker.with_name("docker.asked")
    return [line.split()[0] for line in told.read_text().splitlines()] if told.exists() else []


def test_right_image_is_loaded(docker: Path) -> None:
    done = receive(docker, None, "streamer:1", "sha256:other", "sha256:abc")
    assert (done.returncode, done.stderr) == (0, "")
    assert asked(docker) == ["load", "image"]


def test_it_gets_this_hosts_name(docker: Path) -> None:
    assert receive(docker, None, "other-name:1", "sha256:abc").returncode == 0
    said = docker.with_name("docker.asked").read_text()
    assert "tag streamer:1 other-name:1" in said and "image rm streamer:1" in said


def test_damaged_file_is_not_loaded(docker: Path) -> None:
    done = receive(docker, "0" * 64, "streamer:1", "sha256:abc")
    assert done.returncode == 1 and "arrived damaged" in done.stderr and asked(docker) == []


def test_another_image_is_told(docker: Path) -> None:
    done = receive(docker, None, "streamer:1", "sha256:wanted")
    assert done.returncode == 1
    assert "streamer:1 is sha256:abc, expected sha256:wanted" in done.stderr


def test_full_disk_is_told_with_its_cure(docker: Path) -> None:
    docker.with_name("docker.complaint").write_text("write /x: no space left on device\n")
    done = receive(docker, None, "streamer:1", "sha256:abc")
    assert done.returncode == 1
    assert done.stderr.strip() == (
        "The image could not be loaded: write /x: no space left on device; free some space, then run the same command again."
    )
