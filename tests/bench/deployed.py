"""A release run by hand: the rendered compose file as words of ``docker run``, with changes of the test's own."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from streamkit.config import Value, defaults
from streamkit.documents import read_document
from streamkit.plan.choose import make_plan
from streamkit.render.release import release_files, write_files
from tests.conftest import HERE
from tests.machines.base_image import docker_binary

TOKEN = "the-token-of-this-panel"
KEY = "the-key-of-this-stream"
IGNORED = {"image", "container_name", "pull_policy", "stop_grace_period"}
"""What compose does with its own commands."""
SIMPLE = {
    "user": "--user",
    "network_mode": "--network",
    "restart": "--restart",
    "cpus": "--cpus",
    "mem_limit": "--memory",
    "pids_limit": "--pids-limit",
}
LISTS = {
    "tmpfs": "--tmpfs",
    "cap_drop": "--cap-drop",
    "cap_add": "--cap-add",
    "security_opt": "--security-opt",
    "group_add": "--group-add",
    "device_cgroup_rules": "--device-cgroup-rule",
    "devices": "--device",
    "volumes": "--volume",
    "ports": "--publish",
}


def run_words(service: Mapping[str, Any]) -> list[str]:
    """Return the words of ``docker run`` for one service; a key that is not known here is an error."""
    words: list[str] = []
    for key, value in service.items():
        if key in SIMPLE:
            words += [SIMPLE[key], str(value)]
        elif key in LISTS:
            words += [word for entry in value for word in (LISTS[key], str(entry))]
        elif key in ("init", "read_only"):
            words += ["--" + key.replace("_", "-")] if value else []
        elif key == "environment":
            words += [word for name, text in value.items() for word in ("--env", f"{name}={text}")]
        elif key == "healthcheck":
            # Asked more often than by compose, so that the test need not wait.
            command = " ".join(value["test"][1:])
            words += ["--health-cmd", command, "--health-interval", "1s", "--health-start-period", "20s"]
        elif key == "logging":
            words += ["--log-driver", value["driver"]]
            words += [word for name, text in value["options"].items() for word in ("--log-opt", f"{name}={text}")]
        else:
            assert key in IGNORED, f"docker run has no word here for {key}"
    return words


def free_port() -> int:
    """Return a TCP port that nothing listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def write_release(folder: Path, image: str, **given: Value) -> dict[str, Any]:
    """Write release, secrets and state under ``folder`` as a deployment does; return the compose service."""
    name, _, tag = image.partition(":")
    places = {place: str(folder / place) for place in ("install_dir", "state_dir", "secrets_dir")}
    small = {"source": "test", "audio_source": "tone", "resolution": "160x90", "fps": "5"}
    ports = {"panel_port": free_port(), "whep_port": free_port()}
    own: dict[str, Value] = {**small, **places, **ports, "image_name": name, **given}
    hardware = read_document(HERE / "fixtures" / "hosts" / "no_card.json")
    hardware["cpu"]["cpus"] = os.cpu_count()
    files = release_files(hardware, make_plan(hardware, {**defaults(), **own}), own, tag or "latest")
    write_files(folder / "install_dir" / "releases" / "first", files)
    (folder / "install_dir" / "current").symlink_to("releases/first")
    (folder / "state_dir").mkdir()
    os.chown(folder / "state_dir", 1000, 1000)
    (folder / "secrets_dir").mkdir(mode=0o711)
    for file, text in (("panel_token", TOKEN), ("stream_key", KEY)):
        path = folder / "secrets_dir" / file
        path.write_text(text + "\n", encoding="utf-8")
        path.chmod(0o400)
        os.chown(path, 1000, 1000)
    service: dict[str, Any] = yaml.safe_load(files["docker-compose.yml"])["services"]["streamer"]
    return service


@contextlib.contextmanager
def deployed(service: Mapping[str, Any], *more: str) -> Iterator[str]:
    """Run a service until its panel is healthy, with ``more`` words of ``docker run``; yields the container's name."""
    name = f"sk-test-verify-{secrets.token_hex(4)}"
    label = ("--label", f"com.docker.compose.project={name}")
    words = [
        docker_binary(),
        "run",
        "--detach",
        "--name",
        name,
        *label,
        *run_words(service),
        *more,
        str(service["image"]),
    ]
    subprocess.run(words, check=True, capture_output=True)
    try:
        wait_for(lambda: _health(name) == "healthy", f"{name} is not healthy")
        yield name
    finally:
        subprocess.run([docker_binary(), "rm", "--force", "--volumes", name], check=True, capture_output=True)


def wait_for(holds: Callable[[], bool], otherwise: str, within_s: float = 120.0) -> None:
    """Wait until ``holds()``; fail with ``otherwise`` after ``within_s`` seconds."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.2)


def _health(name: str) -> str:
    asked = [docker_binary(), "container", "inspect", "--format", "{{.State.Health.Status}}", name]
    return subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
