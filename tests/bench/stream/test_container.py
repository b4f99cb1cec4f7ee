"""Starting and ending a measured container: what is refused, and what Docker says."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from bench.scenario import find_scenario
from bench.stream import container
from bench.stream.container import CrashedError, Running, last_words, refusal_in
from bench.stream.prepare import Images, prepare
from bench.stream.prepared import Prepared
from streamkit.docker_command import NotAnsweredError
from streamkit.documents import write_document
from streamkit.errors import UnavailableError
from tests.conftest import Host


@pytest.fixture
def prepared(host: Host, tmp_path: Path) -> Prepared:
    """A container that is not started; its folder is below the test's."""
    made = prepare(find_scenario("before"), Images("product:1", "before:1"), host("no_card"))
    return dataclasses.replace(made, folder=str(tmp_path / "folder"))


def test_docker_s_own_sentence_is_kept() -> None:
    said = "docker: Error response from daemon: invalid CapAdd: unknown capability: \"CAP_BPF\".\nSee 'docker run --help'.\n"
    assert refusal_in(said) == 'invalid CapAdd: unknown capability: "CAP_BPF"'
    newer = "docker: Error response from daemon: unable to apply caps: operation not permitted\n\nRun 'docker run --help' for more information\n"
    assert refusal_in(newer) == "unable to apply caps: operation not permitted"
    assert refusal_in("") == ""


def test_missing_image_is_said_with_its_cure(prepared: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_image(words: object) -> str:
        raise NotAnsweredError("Error: No such image: before:1")

    monkeypatch.setattr(container, "run_docker", no_image)
    with pytest.raises(UnavailableError, match=r"before:1 of the scenario before is not on this machine; build it by"):
        container.check_image(prepared)


def test_no_docker_is_said(prepared: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_docker(words: object) -> str:
        raise NotAnsweredError("docker is not installed here")

    monkeypatch.setattr(container, "run_docker", no_docker)
    with pytest.raises(UnavailableError, match="cannot be asked for images: docker is not installed here"):
        container.check_image(prepared)


def test_stream_that_ended_is_a_crash(prepared: Prepared) -> None:
    running = Running(prepared, "id", 1, "", "token")
    running.run_dir.mkdir(parents=True)
    with pytest.raises(CrashedError, match="The stream of before is gone: it said nothing"):
        running.check()
    stream = {"state": "running", "reason": "", "restarts": 0}
    write_document(running.run_dir / "supervisor.json", {"stream": stream})
    running.check()
    (running.run_dir / "stream.log").write_text("1 info a: first\n2 error stream: no space\n")
    assert last_words(running.run_dir) == "2 error stream: no space"
    # It runs again, but what was measured was cut.
    write_document(running.run_dir / "supervisor.json", {"stream": {**stream, "restarts": 1, "reason": "it ended"}})
    with pytest.raises(CrashedError, match="is running: it ended"):
        running.check()
    assert running.launch() is None
