"""Hosts for a fleet: containers of the fresh-machine kind with sshd on a loopback port and a Docker of their own.

They share one image in which Debian's Docker, sshd and python3 are installed already, so that a fleet starts in seconds
and what is measured is the playbook.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.machines import base_image
from tests.machines.base_image import LABEL, RECIPE_LABEL, docker
from tests.machines.errors import run_tool
from tests.machines.fresh import FreshMachine
from tests.system.streamer import Streamer

IMAGE = "streamkit-test-fleet:13"
PACKAGES = "docker.io docker-cli docker-buildx docker-compose ca-certificates iptables openssh-server python3 procps"
INSTALL = f"""\
RUN apt-get -qq update \\
 && DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends {PACKAGES} >/dev/null \\
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/archives/*.deb /etc/ssh/ssh_host_* \\
 && mkdir -p -m 0700 /root/.ssh
"""
STARTING_AT_ONCE = 4
"""Daemons that start side by side: they want the disk, not a processor each."""


def fleet_image() -> str:
    """Return the name of the image fleet hosts start from, making it first when its recipe is new (a minute)."""
    base = base_image.build(13)
    parent = docker("image", "inspect", "--format", "{{.Id}}", base).strip()
    mark = hashlib.sha256(f"{parent}{INSTALL}".encode()).hexdigest()[:16]
    if not docker("image", "ls", "--quiet", "--filter", f"label={RECIPE_LABEL}={mark}", IMAGE).strip():
        words = ["build", "--quiet", "--network", "host", "--label", f"{LABEL}=1", "--label", f"{RECIPE_LABEL}={mark}"]
        subprocess.run(
            [base_image.docker_binary(), *words, "--tag", IMAGE, "-"],
            input=f"FROM {base}\n{INSTALL}",
            text=True,
            check=True,
            capture_output=True,
            env={**os.environ, "DOCKER_BUILDKIT": "1"},
        )
    return IMAGE


@dataclass
class FleetHost:
    """One host: its machine, its name in the inventory, and the loopback port that leads to its sshd."""

    name: str
    machine: FreshMachine
    port: int

    @property
    def streamer(self) -> Streamer:
        """What was provisioned on it."""
        return Streamer(lambda words: self.machine.exec(list(words)).stdout, f"http://{self.machine.address}:8081")


class Fleet:
    """Hosts made together and removed together; ``folder`` holds the login's key."""

    def __init__(self, folder: Path, prefix: str) -> None:
        self.folder, self.prefix = folder, prefix
        self.hosts: dict[str, FleetHost] = {}
        self.key = folder / "id_ed25519"
        if not self.key.exists():
            run_tool(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.key)])

    def add(self, names: Sequence[str], options: Sequence[str] = (), disk_mb: int | None = None) -> None:
        """Start a host for each name; sshd and Docker answer at the end.

        ``options`` are further ones of ``docker run``; ``disk_mb`` is the size of a small disk below /var/lib/docker.
        """
        image = fleet_image()
        with ThreadPoolExecutor(STARTING_AT_ONCE) as pool:
            # Kept as each is there, so that close() removes what a failure leaves.
            list(pool.map(lambda name: self._start(name, image, options, disk_mb), names))

    def _start(self, name: str, image: str, options: Sequence[str], disk_mb: int | None) -> None:
        words = ["--publish", "127.0.0.1::22", "--memory", "1g", "--pids-limit", "1000", *options]
        container = f"{self.prefix}-{name}"
        FreshMachine.clear(container)
        if disk_mb:
            # In memory, under the name the machine would give its own volume, and removes.
            size = ("type=tmpfs", "device=tmpfs", f"o=size={disk_mb}m")
            words_of_volume = [word for option in size for word in ("--opt", option)]
            docker("volume", "create", "--label", f"{LABEL}=1", *words_of_volume, f"{container}-docker")
        machine = FreshMachine(13, name=container, image=image, options=words)
        self.hosts[name] = FleetHost(name, machine, 0)
        public = self.key.with_suffix(".pub").read_text().strip()
        script = (
            f"echo '{public}' >/root/.ssh/authorized_keys && ssh-keygen -A >/dev/null && mkdir -p /run/sshd"
            " && { pgrep -x sshd >/dev/null || /usr/sbin/sshd; }"
        )
        machine.exec(["sh", "-c", script])
        shown = docker("port", machine.container, "22/tcp").split()[0]
        self.hosts[name].port = int(shown.rsplit(":", 1)[1])
        wait_for(lambda: machine.exec(["docker", "version"], check=False).returncode == 0, 300, f"Docker in {name}")

    def inventory(self, names: Sequence[str] | None = None) -> dict[str, dict[str, Any]]:
        """Return {host: how to reach it}, of the names asked for or of all."""
        options = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", "IdentitiesOnly=yes")
        return {
            name: {
                "ansible_host": "127.0.0.1",
                "ansible_port": self.hosts[name].port,
                "ansible_user": "root",
                "ansible_ssh_private_key_file": str(self.key),
                "ansible_ssh_common_args": " ".join(f"-o {option}" for option in options),
                "ansible_python_interpreter": "/usr/bin/python3",
            }
            for name in (self.hosts if names is None else names)
        }

    def close(self) -> None:
        """Remove every host; the first failure is raised once all were tried."""
        with contextlib.ExitStack() as stack:
            for host in self.hosts.values():
                stack.callback(host.machine.close)
        self.hosts.clear()


@contextlib.contextmanager
def fleet(folder: Path, prefix: str) -> Iterator[Fleet]:
    """A fleet that is removed also where a test fails."""
    made = Fleet(folder, prefix)
    try:
        yield made
    finally:
        made.close()


def wait_for(done: Callable[[], bool], within_s: float, what: str) -> None:
    """Wait until something holds; fail with ``what`` after ``within_s`` seconds."""
    deadline = time.monotonic() + within_s
    while not done():
        assert time.monotonic() < deadline, f"{what}: not within {within_s:g} s"
        time.sleep(0.3)
