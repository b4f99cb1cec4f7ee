"""What comes of asking ``docker``: its words, its reason for failing, or that it is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from streamkit.docker_command import NotAnsweredError, answer_or_none, docker, run_docker


@pytest.fixture
def play_docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program called docker, the only one on the PATH; the test writes it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path / "docker"


def write(program: Path, text: str) -> None:
    program.write_text("#!/bin/sh\n" + text)
    program.chmod(0o755)


def test_answer_and_its_standard_error(play_docker: Path) -> None:
    write(play_docker, 'echo "$@"; echo warning >&2')
    assert run_docker(["info", "--format", "x"]) == "info --format x\n"
    assert run_docker(["logs", "box"]) == "logs box\nwarning\n"


def test_failure_gives_its_last_line_as_the_reason(play_docker: Path) -> None:
    write(play_docker, 'echo first >&2; echo "Error response from daemon: No such container: box" >&2; exit 1')
    with pytest.raises(NotAnsweredError, match=r"^No such container: box$"):
        run_docker(["container", "inspect", "box"])
    assert answer_or_none("container", "inspect", "box") is None
    assert docker(["container", "inspect", "box"]).returncode == 1


def test_silent_failure_is_named(play_docker: Path) -> None:
    write(play_docker, "exit 7")
    with pytest.raises(NotAnsweredError, match=r"^docker version ended with 7$"):
        run_docker(["version"])


def test_without_docker(play_docker: Path) -> None:
    assert answer_or_none("version") is None
    with pytest.raises(NotAnsweredError, match="docker is not installed here"):
        docker(["version"])
    play_docker.write_text("not a program")
    with pytest.raises(NotAnsweredError, match="docker cannot be run: Permission denied"):
        docker(["version"])
