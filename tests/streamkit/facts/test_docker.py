"""What Docker says, and how a program in its place is told apart from one that is not there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from streamkit.docker_command import NotAnsweredError, run_docker
from streamkit.facts import docker


def container(network: str = "host", ports: Any = None, **variables: str) -> dict[str, Any]:
    """Return as much of an inspect document as leads to the panel."""
    return {
        "Config": {"Env": [f"{name}={value}" for name, value in variables.items()]},
        "HostConfig": {"NetworkMode": network},
        "NetworkSettings": {"Ports": ports, "Networks": {"bridge": {"IPAddress": "172.17.0.9"}}},
    }


@pytest.mark.parametrize(
    ("inspected", "address"),
    [
        (container(), "http://127.0.0.1:8081"),
        (container(STREAMKIT_PANEL_PORT="9000", STREAMKIT_PANEL_HOST="0.0.0.0"), "http://127.0.0.1:9000"),
        (container(STREAMKIT_PANEL_HOST="192.168.1.50"), "http://192.168.1.50:8081"),
        (container("bridge", {"8081/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8081"}]}), "http://127.0.0.1:8081"),
        (container("bridge", {"8081/tcp": [{"HostIp": "10.0.0.1", "HostPort": "80"}]}), "http://10.0.0.1:80"),
        (container("bridge"), "http://172.17.0.9:8081"),
        (container("bridge", {"8081/tcp": None}), "http://172.17.0.9:8081"),
        ({**container("none"), "NetworkSettings": {}}, None),
    ],
)
def test_the_way_to_the_panel(inspected: dict[str, Any], address: str | None) -> None:
    assert docker.panel_address(inspected) == address


def play_docker(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Put a program called docker first on the PATH."""
    program = folder / "docker"
    program.write_text("#!/bin/sh\n" + text)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")


def test_answers_of_docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    play_docker(tmp_path, monkeypatch, 'echo "[{\\"Id\\": \\"1\\"}]"; echo warning >&2')
    assert docker.inspect(run_docker, "container", "box") == {"Id": "1"}
    play_docker(
        tmp_path, monkeypatch, 'echo "{\\"ServerVersion\\": \\"\\", \\"ServerErrors\\": [\\"Cannot connect\\"]}"'
    )
    with pytest.raises(NotAnsweredError, match="Cannot connect"):
        docker.daemon(run_docker)
    play_docker(tmp_path, monkeypatch, "echo out")
    with pytest.raises(NotAnsweredError, match="something else than JSON"):
        docker.stats(run_docker, "box")
