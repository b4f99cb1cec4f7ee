"""Logging in to a machine: one set of options for people, tests and Ansible."""

from __future__ import annotations

import contextlib
import shlex
import socket
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from .errors import MachineError, clean_environment
from .image import Image
from .recipe import HOST_NAME

_UNANSWERED = ("ConnectTimeout=60", "ServerAliveInterval=15", "ServerAliveCountMax=8")
"""An emulated guest on a busy host may need a while; one that is silent for two minutes is frozen, and ends the command."""
COMMAND_S = 300.0
"""For a command in a machine that may be emulated on a busy host; those that take longer say so."""
# Longer paths do not fit a UNIX socket; then each command simply opens its own connection.
_SOCKET_PATH_LIMIT = 85


@dataclass(frozen=True)
class Login:
    """How to reach one machine's root account. `port` is on 127.0.0.1; `directory` holds the control socket."""

    image: Image
    port: int
    directory: Path

    @property
    def trust(self) -> list[str]:
        """Options that check the guest against the host key made at build time, and nothing else."""
        options = ["StrictHostKeyChecking=yes", f"HostKeyAlias={HOST_NAME}", "UpdateHostKeys=no"]
        files = [f"UserKnownHostsFile={self.image.known_hosts}", "GlobalKnownHostsFile=/dev/null"]
        return [word for option in options + files for word in ("-o", option)]

    def argv(self, *command: str) -> list[str]:
        """Return the full ssh command line; without `command`, an interactive login."""
        quiet = ["-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "LogLevel=ERROR"]
        quiet += [word for option in _UNANSWERED for word in ("-o", option)]
        control = ["-o", f"ControlPath={self._socket}"] if self._socket else []
        login = ["-i", str(self.image.key), "-p", str(self.port), *quiet, *self.trust, *control]
        return ["ssh", "-F", "none", *login, "root@127.0.0.1", *command]

    @property
    def _socket(self) -> Path | None:
        path = self.directory / "ssh"
        return path if len(str(path)) <= _SOCKET_PATH_LIMIT else None

    def run(
        self,
        command: str | Sequence[str],
        *,
        check: bool = True,
        timeout: float = COMMAND_S,
        stdin: IO[bytes] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run `command` in the guest and return what it printed; a list is quoted, a string is for its shell.

        Raises MachineError when it fails (with `check`) or takes longer than `timeout` seconds.
        """
        text = command if isinstance(command, str) else shlex.join(command)
        argv = self.argv("--", text)
        try:
            done = subprocess.run(
                argv,
                stdin=subprocess.DEVNULL if stdin is None else stdin,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=timeout,
                env=clean_environment(),
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise MachineError(f"in the machine, {text[:200]!r} took longer than {timeout:g} s") from error
        if check and done.returncode != 0:
            tail = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
            raise MachineError(f"in the machine, {text[:200]!r} failed ({done.returncode}):\n{tail}")
        return done

    def answers(self, *, timeout: float = 3) -> bool:
        """Whether an ssh server greets within `timeout` seconds."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as probe:
                probe.settimeout(timeout)
                return probe.recv(4) == b"SSH-"
        except OSError:
            return False

    def open_shared(self) -> None:
        """Keep one connection open for later commands: a key exchange costs a second when emulated."""
        if self._socket:
            self._control("-M", "-N", "-f")

    def close_shared(self) -> None:
        """End the connection of `open_shared`; none open is no error."""
        if self._socket and self._socket.exists():
            self._control("-O", "exit")

    def _control(self, *flags: str) -> None:
        # No pipes: the connection outlives this call and would hold them open.
        null = subprocess.DEVNULL
        argv = [*self.argv()[:1], *flags, *self.argv()[1:]]
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(argv, stdin=null, stdout=null, stderr=null, timeout=60, check=False)

    def inventory(self) -> str:
        """Return an Ansible inventory (YAML) with this machine in the group "streamers"."""
        lines = ["streamers:", "  hosts:", f"    {HOST_NAME}:", "      ansible_host: 127.0.0.1"]
        lines += [f"      ansible_port: {self.port}", "      ansible_user: root"]
        lines += [f"      ansible_ssh_private_key_file: {self.image.key}"]
        lines += [f"      ansible_ssh_common_args: {shlex.join(self.trust)}"]
        lines += ["      ansible_python_interpreter: /usr/bin/python3"]
        return "\n".join(lines) + "\n"
