"""A fresh Debian server in a container of the host's Docker daemon, for trying ``./install.sh`` the way a user does.

    python3 -m tests.machines.fresh up --debian 13 --name fresh13
    python3 -m tests.machines.fresh copy-in fresh13 . /root/streamkit
    python3 -m tests.machines.fresh exec fresh13 -- /root/streamkit/install.sh
    python3 -m tests.machines.fresh down fresh13

The machine runs a Docker daemon of its own (once something installs and starts one): every capability the host has but
CAP_SYS_RESOURCE, no seccomp or AppArmor filter, the cgroup tree writable, /var/lib/docker on a volume so that overlay2
works there. It is not ``--privileged``, so it also works where the host itself may not raise resource limits. It has
no systemd; ``service docker start`` works as on any Debian. It sits on the daemon's default bridge, whose containers
get the host's own name servers: a user-defined network would put 127.0.0.11 into resolv.conf, which no build or
container on the inner daemon's host network can use.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from . import base_image
from .base_image import LABEL, docker
from .claim import claim
from .errors import MachineError

RESERVED = "gaming-streamer"
CGROUPS = Path("/sys/fs/cgroup")
STARTS_WITHIN_S = 180
REMOVALS = 10
"""Attempts, a second apart: what a killed container still holds is let go by and by."""

# By bit number, as far as the oldest Docker we use knows them.
CAPABILITIES = [
    *("chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap"),
    *("linux_immutable", "net_bind_service", "net_broadcast", "net_admin", "net_raw", "ipc_lock", "ipc_owner"),
    *("sys_module", "sys_rawio", "sys_chroot", "sys_ptrace", "sys_pacct", "sys_admin", "sys_boot", "sys_nice"),
    *("sys_resource", "sys_time", "sys_tty_config", "mknod", "lease", "audit_write", "audit_control", "setfcap"),
    *("mac_override", "mac_admin", "syslog", "wake_alarm", "block_suspend", "audit_read"),
]

# A real machine may set its network's parameters; a container's /proc/sys is read-only, and Docker 26 then fails to set
# up IPv6 on its own bridge. Only what belongs to this machine's network namespace is opened, never the host's.
# The daemon's settings keep the cgroups of inner containers in one place, for close() to remove. Services that are
# enabled start with the machine, as an init system would have it.
START = """\
set -e
mkdir -p /run/lock /run/proc /etc/docker
mount -t proc proc /run/proc
mount --bind /run/proc/sys/net /proc/sys/net
umount /run/proc
rmdir /run/proc
[ -e /etc/docker/daemon.json ] || printf '{"cgroup-parent": "/%s"}\\n' "$1" >/etc/docker/daemon.json
for script in /etc/rc2.d/S*; do
  [ ! -x "$script" ] || "$script" start </dev/null || echo "$script did not start" >&2
done
touch /run/machine-started
exec sleep infinity
"""


def granted(status: str) -> list[str]:
    """The capabilities to add, from the text of /proc/self/status: all in the bounding set but sys_resource."""
    found = re.search(r"^CapBnd:\s*([0-9a-f]+)$", status, re.MULTILINE)
    bits = int(found[1], 16) if found else 0
    return [name for bit, name in enumerate(CAPABILITIES) if bits >> bit & 1 and name != "sys_resource"]


class FreshMachine:
    """One fresh machine, made on construction and removed by :meth:`close` (or at the end of a ``with`` block)."""

    def __init__(
        self,
        debian: int = 13,
        *,
        name: str | None = None,
        volume: str | None = None,
        image: str | None = None,
        options: Sequence[str] = (),
    ) -> None:
        """Start the machine. A ``volume`` of the caller's own keeps the inner daemon's images after :meth:`close`.

        Another ``image`` than a plain Debian's, and further ``options`` of ``docker run``, for machines that are not
        quite fresh.
        """
        self.container = checked_name(name or f"streamkit-fresh{debian}-{secrets.token_hex(4)}")
        image = image or base_image.build(debian)
        if self._exists():
            raise MachineError(f"a container named {self.container} exists: take it down first")
        kept = volume or self._own_volume
        if not docker("volume", "ls", "--quiet", "--filter", f"name=^{re.escape(kept)}$").strip():
            docker("volume", "create", "--label", f"{LABEL}=1", kept)
        capabilities = granted(Path("/proc/self/status").read_text())
        words = [
            *("run", "--detach", "--init", "--name", self.container, "--hostname", self.container),
            *("--label", f"{LABEL}=1", "--cgroupns", "host", "--volume", f"{CGROUPS}:{CGROUPS}:rw"),
            *("--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined"),
            *(word for name in capabilities for word in ("--cap-add", name)),
            *("--volume", f"{kept}:/var/lib/docker", "--tmpfs", "/run:rw,nosuid,nodev,mode=755"),
            *options,
            *(image, "sh", "-c", START, "sh", self._cgroup),
        ]
        try:
            docker(*words)
            self._wait_until_started()
        except BaseException:
            self.close()
            raise

    @classmethod
    def attach(cls, name: str) -> Self:
        """Take hold of a machine started earlier; only of one made here."""
        machine = cls.__new__(cls)
        machine.container = checked_name(name)
        labels = json.loads(docker("inspect", "--type", "container", "--format", "{{json .Config.Labels}}", name))
        if not labels or labels.get(LABEL) != "1":
            raise MachineError(f"the container {name} is not a test machine")
        return machine

    @classmethod
    def clear(cls, name: str) -> None:
        """Remove what a run of the tests that was killed left under a machine's name.

        Raises MachineError where a run goes on, and where the container of that name is not a test machine.
        """
        claim()
        left = cls.__new__(cls)
        left.container = checked_name(name)
        if left._exists():
            cls.attach(name)
        left.close()

    @property
    def _own_volume(self) -> str:
        return f"{self.container}-docker"

    @property
    def _cgroup(self) -> str:
        return f"streamkit-test-{self.container}"

    def _wait_until_started(self) -> None:
        deadline = time.monotonic() + STARTS_WITHIN_S
        while self.exec(["test", "-e", "/run/machine-started"], check=False, timeout_s=60).returncode != 0:
            if time.monotonic() > deadline:
                raise MachineError(f"{self.container} did not start: {docker('logs', self.container)[-1000:]}")
            time.sleep(0.2)

    @property
    def address(self) -> str:
        """The machine's address; everything it listens on can be reached there from this host."""
        shown = docker("inspect", "--format", "{{.NetworkSettings.IPAddress}}", self.container).strip()
        if not shown:
            raise MachineError(f"{self.container} has no address: is it running?")
        return shown

    def exec(
        self,
        argv: Sequence[str],
        *,
        timeout_s: float = 600,
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
        check: bool = True,
        log: Path | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command inside as root. With ``log``, both outputs also go there while it runs (and none is returned).

        The time limit is kept inside the machine, so that what is late really ends.
        """
        words = [base_image.docker_binary(), "exec"]
        words += [word for name, value in (env or {}).items() for word in ("--env", f"{name}={value}")]
        words += ["--workdir", cwd] if cwd else []
        words += [self.container, "timeout", "--kill-after=10", f"{timeout_s:g}", *argv]
        try:
            if log:
                with log.open("a") as file:
                    code = subprocess.run(words, stdout=file, stderr=file, timeout=timeout_s + 30).returncode
                done = subprocess.CompletedProcess(words, code, "", f"see {log}")
            else:
                done = subprocess.run(words, capture_output=True, text=True, errors="replace", timeout=timeout_s + 30)
        except subprocess.TimeoutExpired as late:
            raise MachineError(f"{self.container}: {argv[0]} left something that holds its output open") from late
        if done.returncode in (124, 137) and check:
            raise MachineError(f"{self.container}: {' '.join(argv)[:200]} took longer than {timeout_s:g} s")
        if done.returncode != 0 and check:
            said = (done.stderr or done.stdout).strip()[-2000:]
            raise MachineError(f"{self.container}: {' '.join(argv)[:200]} failed ({done.returncode}): {said}")
        return done

    def copy_tree(self, source: Path, target: str, *, commit: str | None = None) -> None:
        """Put a folder's content at ``target``, owned by root.

        Of a Git checkout: what a commit holds, or (without one) the files as they are now, less the ignored ones.
        """
        git = ["git", "-C", str(source)]
        owner = ["--owner=0", "--group=0", "--numeric-owner"]
        files: bytes | None = None
        if commit:
            pack = [*git, "archive", commit]
        elif (source / ".git").exists():
            listing = [*git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
            names = set(subprocess.run(listing, capture_output=True, check=True).stdout.split(b"\0"))
            there = sorted(name for name in names if name and os.path.lexists(os.fsencode(source) + b"/" + name))
            files = b"\0".join(there)
            pack = ["tar", "-C", str(source), *owner, "-c", "--null", "--no-recursion", "-T", "-"]
        else:
            pack = ["tar", "-C", str(source), *owner, "-c", "."]
        packed = subprocess.run(pack, input=files, stdout=subprocess.PIPE, check=True).stdout
        self.exec(["mkdir", "-p", target])
        unpack = [base_image.docker_binary(), "exec", "-i", self.container, "tar", "-C", target, "-xf", "-"]
        subprocess.run(unpack, input=packed, check=True)

    def restart(self) -> None:
        """What a power cut and a boot do: every process ends, /run is empty, the disk stays."""
        docker("restart", "--time", "0", self.container)
        self._wait_until_started()

    def close(self) -> None:
        """Remove the machine, its own volume and the cgroups its daemon made. Doing it twice does no harm."""
        _remove(self._exists, "rm", "--force", "--volumes", self.container)
        _remove(self._has_volume, "volume", "rm", self._own_volume)
        remove_cgroups(self._cgroup)

    def _has_volume(self) -> bool:
        return bool(docker("volume", "ls", "--quiet", "--filter", f"name=^{re.escape(self._own_volume)}$").strip())

    def _exists(self) -> bool:
        return bool(docker("ps", "--all", "--quiet", "--filter", f"name=^/{self.container}$").strip())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def checked_name(name: str) -> str:
    """A name Docker takes, and never one a user's own streamer may have."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{1,50}", name) or name.startswith(RESERVED):
        raise MachineError(f"{name!r} cannot be a test machine's name")
    return name


def _remove(is_there: Callable[[], bool], *words: str) -> None:
    """Run a command of Docker's that removes something, until it is gone."""
    for attempt in range(REMOVALS):
        if not is_there():
            return
        try:
            docker(*words)
        except MachineError:
            if attempt == REMOVALS - 1:
                raise
            time.sleep(1)


def remove_cgroups(name: str, root: Path = CGROUPS) -> None:
    """Remove the empty groups of that name, children first, in every hierarchy (one on v2, one each on v1)."""
    for top in [root / name, *root.glob(f"*/{name}")]:
        # os.walk passes over groups that go meanwhile.
        for group, _, _ in os.walk(top, topdown=False):
            for attempt in range(20):
                try:
                    Path(group).rmdir()
                    break
                except FileNotFoundError:
                    break
                except OSError:  # its processes are still ending
                    time.sleep(0.05 if attempt < 19 else 0)


def main(argv: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.machines.fresh", description="Fresh Debian test machines.")
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="make and start a machine")
    up.add_argument("--debian", type=int, default=13, choices=sorted(base_image.SUITES))
    up.add_argument("--name")
    up.add_argument("--volume", help="keep the inner daemon's images on this volume")
    inside = commands.add_parser("exec", help="run a command inside (a shell without one)")
    inside.add_argument("name")
    inside.add_argument("words", nargs=argparse.REMAINDER)
    copy = commands.add_parser("copy-in", help="put a folder's content inside")
    copy.add_argument("name")
    copy.add_argument("source", type=Path)
    copy.add_argument("target")
    copy.add_argument("--commit", help="what this commit holds, rather than the files as they are")
    for command, said in (("down", "remove a machine"), ("restart", "power it off and on")):
        commands.add_parser(command, help=said).add_argument("name")
    chosen = parser.parse_args(argv)
    try:
        if chosen.command == "up":
            machine = FreshMachine(chosen.debian, name=chosen.name, volume=chosen.volume)
            print(f"{machine.container} {machine.address}")
        elif chosen.command == "exec":
            FreshMachine.attach(chosen.name)
            words = chosen.words[1:] if chosen.words[:1] == ["--"] else chosen.words
            client = base_image.docker_binary()
            terminal = "-it" if sys.stdin.isatty() else "-i"
            os.execv(client, [client, "exec", terminal, chosen.name, *(words or ["bash", "-l"])])
        elif chosen.command == "copy-in":
            FreshMachine.attach(chosen.name).copy_tree(chosen.source, chosen.target, commit=chosen.commit)
        elif chosen.command == "restart":
            FreshMachine.attach(chosen.name).restart()
        else:
            FreshMachine.attach(chosen.name).close()
    except MachineError as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
