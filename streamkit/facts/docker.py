"""What Docker says of one container: its own JSON, untouched."""

from __future__ import annotations

import json
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from streamkit.docker_command import NotAnsweredError

Run = Callable[[Sequence[str], str], str]
"""Runs ``docker`` with these words and this standard input, and returns what it printed.  Raises NotAnsweredError."""
PROJECT = "com.docker.compose.project"
LOG_LINES = 1000


def daemon(run: Run) -> dict[str, Any]:
    """Return the daemon's version, its processors and its security options.  Raises NotAnsweredError."""
    found = _object(run(["info", "--format", "{{json .}}"], ""))
    if not found.get("ServerVersion"):
        raise NotAnsweredError(" ".join(found.get("ServerErrors") or ["the Docker daemon does not answer"]))
    names = ("ServerVersion", "NCPU", "MemTotal", "SecurityOptions", "CgroupVersion", "OperatingSystem")
    return {name: found.get(name) for name in names}


def inspect(run: Run, kind: str, name: str) -> dict[str, Any]:
    """Return ``docker container|image inspect``.  Raises NotAnsweredError."""
    found: dict[str, Any] = json.loads(run([kind, "inspect", name], ""))[0]
    return found


def look_inside(run: Run, container: str) -> dict[str, Any]:
    """Return what ``inside.py`` prints in the container.  Raises NotAnsweredError."""
    program = pkgutil.get_data(__package__ or "streamkit.facts", "inside.py") or b""
    return _object(run(["exec", "--interactive", container, "python3", "-"], program.decode()))


def services(run: Run, project: str) -> list[dict[str, str]]:
    """Return the containers of a compose project, as ``docker compose ps --all`` would: name, state, status."""
    text = run(["ps", "--all", "--filter", f"label={PROJECT}={project}", "--format", "{{json .}}"], "")
    rows = [json.loads(line) for line in text.splitlines() if line.strip()]
    return [{"name": row["Names"], "state": row["State"], "status": row["Status"]} for row in rows]


def stats(run: Run, container: str) -> dict[str, str]:
    """Return one reading of ``docker stats``."""
    return _object(run(["stats", "--no-stream", "--format", "{{json .}}", container], ""))


def logs(run: Run, container: str) -> str:
    """Return the end of the container's log."""
    return run(["logs", "--tail", str(LOG_LINES), container], "")


def mount(inspected: Mapping[str, Any], destination: str) -> str | None:
    """Return the host's folder that is mounted at ``destination`` in the container, None where there is none."""
    mounts = inspected.get("Mounts") or []
    return next((str(entry["Source"]) for entry in mounts if entry.get("Destination") == destination), None)


def environment(inspected: Mapping[str, Any]) -> dict[str, str]:
    """Return {name: value} of the container's own environment."""
    return dict(entry.split("=", 1) for entry in inspected["Config"].get("Env") or [] if "=" in entry)


def panel_address(inspected: Mapping[str, Any]) -> str | None:
    """Return the panel's address as this host reaches it, ``http://host:port``; None where no network leads there."""
    variables = environment(inspected)
    port = variables.get("STREAMKIT_PANEL_PORT", "8081")
    if inspected["HostConfig"].get("NetworkMode") == "host":
        bound = variables.get("STREAMKIT_PANEL_HOST", "0.0.0.0")
        return f"http://{'127.0.0.1' if bound == '0.0.0.0' else bound}:{port}"
    settings = inspected.get("NetworkSettings") or {}
    for entry in (settings.get("Ports") or {}).get(f"{port}/tcp") or []:
        host = "127.0.0.1" if entry["HostIp"] in ("", "0.0.0.0", "::") else entry["HostIp"]
        return f"http://{host}:{entry['HostPort']}"
    networks = (settings.get("Networks") or {}).values()
    own = next((network["IPAddress"] for network in networks if network.get("IPAddress")), None)
    return f"http://{own}:{port}" if own else None


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        raise NotAnsweredError(f"docker answered with something else than JSON: {text[:80]!r}") from None
    if not isinstance(found, dict):
        raise NotAnsweredError("docker answered with something else than one object")
    return found
