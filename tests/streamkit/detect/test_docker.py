"""Docker, from a daemon that answers, is down, forbidden, silent or not Docker at all."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from streamkit.detect import docker
from streamkit.detect.outside import CouldNotAskError
from tests.streamkit.detect.trees import no_program, put

HTTP = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}"


@contextlib.contextmanager
def daemon(path: Path, answer: str | None) -> Iterator[None]:
    """Listen on a socket and answer one request; None: accept and say nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        done = threading.Event()

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                if answer is None:
                    done.wait(5)
                else:
                    connection.sendall(answer.encode())

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


def program(root: Path, path: str) -> None:
    put(root, path)
    (root / path).chmod(0o755)


def test_running_daemon_and_compose_plugin(tmp_path: Path) -> None:
    program(tmp_path, "usr/bin/docker")
    program(tmp_path, "usr/libexec/docker/cli-plugins/docker-compose")
    asked = []

    def run(arguments: Sequence[str]) -> str:
        asked.append(list(arguments))
        return "2.26.1-4\n"

    body = '{"Version": "26.1.5+dfsg1", "ApiVersion": "1.45"}'
    with daemon(tmp_path / docker.SOCKET, HTTP.format(len(body), body)):
        facts, unknown = docker.describe(tmp_path, run)
    assert (facts["installed"], facts["running"], facts["version"]) == (True, True, "26.1.5+dfsg1")
    assert (facts["compose"], facts["rootless"], facts["reason"]) == ("2.26.1-4", False, None)
    assert asked == [[str(tmp_path / "usr/libexec/docker/cli-plugins/docker-compose"), "version", "--short"]]
    assert unknown == []


def test_not_installed(tmp_path: Path) -> None:
    facts, unknown = docker.describe(tmp_path, no_program)
    assert (facts["installed"], facts["running"], facts["reason"]) == (False, False, "docker is not installed")
    assert (facts["compose"], unknown) == (None, [])


def test_installed_but_not_running(tmp_path: Path) -> None:
    program(tmp_path, "usr/bin/docker")
    facts, unknown = docker.describe(tmp_path, no_program)
    assert (facts["running"], unknown) == (False, [])
    assert facts["reason"] == "docker is installed but its daemon does not run: there is no /run/docker.sock"
    with socket.socket(socket.AF_UNIX) as left_behind:
        (tmp_path / "run").mkdir()
        left_behind.bind(str(tmp_path / docker.SOCKET))
    assert "nobody answers on /run/docker.sock" in docker.describe(tmp_path, no_program)[0]["reason"]


def test_daemon_that_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker, "ANSWER_S", 0.1)
    with daemon(tmp_path / docker.SOCKET, None):
        facts, _ = docker.describe(tmp_path, no_program)
    assert (facts["running"], facts["version"]) == (False, None)
    assert facts["reason"] == "Docker's daemon did not answer on /run/docker.sock within 0.1 s"


@pytest.mark.parametrize("answer", [HTTP.format(2, "[]"), HTTP.format(1, "{"), "hello\r\n", ""])
def test_something_else_on_the_socket(tmp_path: Path, answer: str) -> None:
    with daemon(tmp_path / docker.SOCKET, answer):
        facts, _ = docker.describe(tmp_path, no_program)
    assert facts["running"] is False
    assert "/run/docker.sock" in facts["reason"]


def test_socket_that_this_user_may_not_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, docker.SOCKET)

    def denied(path: Path) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(docker, "_version", denied)
    facts, (entry,) = docker.describe(tmp_path, no_program)
    assert (facts["installed"], facts["running"]) == (True, None)
    assert entry["what"] == "Docker at /run/docker.sock"
    assert entry["reason"].startswith("permission denied")


def test_rootless_daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.getuid", lambda: 1000)
    body = '{"Version": "28.0.1"}'
    with daemon(tmp_path / "run/user/1000/docker.sock", HTTP.format(len(body), body)):
        facts, _ = docker.describe(tmp_path, no_program)
    assert (facts["rootless"], facts["version"]) == (True, "28.0.1")


def test_compose_of_debian_12_is_not_run(tmp_path: Path) -> None:
    program(tmp_path, "usr/bin/docker-compose")
    (tmp_path / "usr/lib/python3/dist-packages/docker_compose-1.29.2.egg-info").mkdir(parents=True)
    assert docker.describe(tmp_path, no_program)[0]["compose"] == "1.29.2"


def test_compose_that_does_not_answer(tmp_path: Path) -> None:
    program(tmp_path, "usr/local/bin/docker-compose")

    def hangs(arguments: Sequence[str]) -> str:
        raise CouldNotAskError("docker-compose did not answer within 0.8 s")

    facts, (entry,) = docker.describe(tmp_path, hangs)
    assert facts["compose"] is None
    assert (entry["about"], entry["what"]) == ("docker", "the version of docker compose")
    assert docker.describe(tmp_path, lambda arguments: "usage\n")[1][0]["reason"].endswith("prints no version")
