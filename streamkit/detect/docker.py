"""Docker: is it installed, does its daemon answer, and which compose is there.  Asked over its socket, nothing run.

The Engine API answers ``GET /version`` without a body or a login (docs: Engine API, SystemVersion).
"""

from __future__ import annotations

import errno
import http.client
import json
import os
import re
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from streamkit.detect.outside import CouldNotAskError, group_name, no_right

SOCKET = "run/docker.sock"
PROGRAMS = ("usr/bin", "usr/local/bin", "usr/sbin", "bin", "snap/bin")
PLUGINS = (
    "usr/libexec/docker/cli-plugins",
    "usr/lib/docker/cli-plugins",
    "usr/local/libexec/docker/cli-plugins",
    "usr/local/lib/docker/cli-plugins",
)
"""Where the docker command looks for ``docker compose`` (docker/cli: cli-plugins/manager)."""
ANSWER_S = 0.7


class _SocketConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("docker", timeout=ANSWER_S)
        self._path = path

    def connect(self) -> None:
        """Connect to the Unix socket instead of a host."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(ANSWER_S)
        self.sock.connect(str(self._path))


def describe(root: Path, run: Callable[[Sequence[str]], str]) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """Return (facts, what could not be asked).

    ``installed``; ``running`` (None: could not be asked) and ``reason`` why not; the daemon's ``version``;
    ``rootless``: the daemon is this user's own; ``compose``: version of ``docker compose`` (2.x), else of
    ``docker-compose`` (1.x); ``group``: whose members may use the socket, and ``in_group``: whether this user is one
    (root needs no group).
    """
    program = _program(root, "docker")
    rootful, own = root / SOCKET, root / f"run/user/{os.getuid()}/docker.sock"
    rootless = not rootful.exists() and own.exists()
    path = own if rootless else rootful
    status = path.stat() if path.exists() else None
    facts: dict[str, Any] = {
        "installed": program is not None or status is not None,
        "running": False,
        "reason": None,
        "version": None,
        "rootless": rootless,
        "group": group_name(root, status.st_gid) if status else None,
        "in_group": status.st_gid in (os.getegid(), *os.getgroups()) if status else None,
    }
    unknown: list[dict[str, str]] = []
    facts["compose"], problem = _compose(root, run)
    if problem:
        unknown.append({"about": "docker", "what": "the version of docker compose", "reason": problem})
    if not facts["installed"]:
        return {**facts, "reason": "docker is not installed"}, unknown
    try:
        facts |= {"running": True, "version": _version(path)}
    except PermissionError:
        facts |= {"running": None, "reason": no_right(path, root)}
        unknown.append({"about": "docker", "what": f"Docker at /{path.relative_to(root)}", "reason": facts["reason"]})
    except OSError as failure:
        facts |= {"running": False, "reason": _why(failure, f"/{path.relative_to(root)}")}
    except (ValueError, http.client.HTTPException):
        reason = f"/{path.relative_to(root)} answers, but not like Docker's daemon"
        facts |= {"running": False, "reason": reason}
    return facts, unknown


def _why(problem: OSError, path: str) -> str:
    if isinstance(problem, TimeoutError):
        return f"Docker's daemon did not answer on {path} within {ANSWER_S} s"
    if problem.errno == errno.ENOENT:
        return f"docker is installed but its daemon does not run: there is no {path}"
    if problem.errno == errno.ECONNREFUSED:
        return f"docker is installed but its daemon does not run: nobody answers on {path}"
    return f"Docker's daemon does not answer on {path}: {problem.strerror or problem}"


def _version(path: Path) -> str:
    connection = _SocketConnection(path)
    try:
        connection.request("GET", "/version")
        answer = json.loads(connection.getresponse().read(65536))
    finally:
        connection.close()
    if not isinstance(answer, dict) or not isinstance(answer.get("Version"), str):
        raise ValueError(answer)
    return str(answer["Version"])


def _program(root: Path, name: str) -> Path | None:
    return next((root / place / name for place in PROGRAMS if os.access(root / place / name, os.X_OK)), None)


def _compose(root: Path, run: Callable[[Sequence[str]], str]) -> tuple[str | None, str | None]:
    """Return (version, why it could not be told); both None where there is no compose."""
    plugins = [root / place / "docker-compose" for place in PLUGINS]
    own = Path(os.environ.get("HOME", "/root")).relative_to("/") / ".docker/cli-plugins/docker-compose"
    found = next(
        (path for path in (*plugins, root / own) if os.access(path, os.X_OK)), _program(root, "docker-compose")
    )
    if found is None:
        return None, None
    # Compose 1.x is a Python program that takes half a second to start; its package's name has the version.
    for package in (root / "usr/lib/python3/dist-packages").glob("docker_compose-*"):
        version = re.match(r"docker_compose-(\d+(?:\.\d+)+)", package.name)
        if version and found.parent.name == "bin":
            return version[1], None
    try:
        version = re.search(r"\d+\.\d+(?:\.\d+)*\S*", run([str(found), "version", "--short"]))
    except CouldNotAskError as problem:
        return None, str(problem)
    return (version[0], None) if version else (None, f"/{found.relative_to(root)} version prints no version")
