"""Bad input of the commands that look at an image or a container: one sentence each, and the right exit code."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench.measure.cli import app
from streamkit.errors import ExitCode, StreamkitError
from tests.machines.base_image import docker_binary

Refused = Callable[..., StreamkitError]
COMMANDS = ("build", "image", "startup", "security")


@pytest.fixture
def refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Refused:
    """Run a command that must end in one sentence, and return it; the lock of other benches here is not taken."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def run(*words: str, **environment: str) -> StreamkitError:
        result = CliRunner().invoke(app, [*words, "--out", str(tmp_path / "out")], env=environment)
        assert isinstance(result.exception, StreamkitError), (result.output, result.exception)
        assert "\n" not in str(result.exception)
        return result.exception

    return run


@pytest.mark.parametrize("command", COMMANDS)
def test_an_unknown_scenario_is_named_with_the_known_ones(command: str, refused: Refused, tmp_path: Path) -> None:
    problem = refused(command, "--scenario", "befor")
    assert problem.exit_code == ExitCode.BAD_INPUT
    assert "There is no scenario 'befor'; known are after, before," in str(problem)
    assert not (tmp_path / "out").exists()


@pytest.fixture
def docker_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Debian's own client before a stand-in of this machine's."""
    monkeypatch.setenv("PATH", f"{Path(docker_binary()).parent}:{os.environ['PATH']}")


# Of the image's part, since they need a Docker client or daemon: the unit tests run before there is one.
@pytest.mark.image
@pytest.mark.usefixtures("docker_first")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_docker_that_does_not_run_is_one_sentence(command: str, refused: Refused) -> None:
    problem = refused(command, DOCKER_HOST="unix:///nowhere/docker.sock")
    assert problem.exit_code == ExitCode.UNAVAILABLE
    assert re.search(r"[Cc]annot connect|does not answer|cannot be asked", str(problem)), problem


@pytest.mark.image
@pytest.mark.usefixtures("docker_first")
@pytest.mark.parametrize("command", ["image", "startup", "security"])
def test_an_image_that_is_not_there_is_named_with_its_cure(command: str, refused: Refused) -> None:
    problem = refused(command, "--scenario", "before", BENCH_SINGLE_STAGE_IMAGE="none:never")
    assert problem.exit_code == ExitCode.UNAVAILABLE
    assert "The image none:never" in str(problem) and "BENCH_SINGLE_STAGE_IMAGE" in str(problem)
