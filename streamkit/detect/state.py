"""What changes from minute to minute on a host: listening ports, free space, our container.

Kept apart from the hardware facts, so that a release does not change because a disk filled a little.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

from streamkit.detect.address import outward_address
from streamkit.docker_command import answer_or_none

CONTAINER_ID = re.compile(r"[0-9a-f]{64}")
LISTEN = "0A"
"""TCP_LISTEN in /proc/net/tcp (kernel: include/net/tcp_states.h)."""


def _owners(root: Path) -> dict[str, tuple[str, str | None]]:
    """Return {socket inode: (process name, container id)} for every process that may be read."""
    owners: dict[str, tuple[str, str | None]] = {}
    for process in (root / "proc").glob("[0-9]*"):
        try:
            name = (process / "comm").read_text().strip()
            container = CONTAINER_ID.search((process / "cgroup").read_text())
            links = list((process / "fd").iterdir())
        except OSError:
            continue  # ended meanwhile, or not ours to read
        for link in links:
            # A file that was closed meanwhile is no listener.
            with contextlib.suppress(OSError):
                target = os.readlink(link)  # noqa: PTH115 - "socket:[123]" is no path
                if target.startswith("socket:["):
                    owners[target[8:-1]] = (name, container[0] if container else None)
    return owners


def listening(root: Path) -> list[dict[str, Any]]:
    """Return TCP listeners: ``port``, ``process`` and ``container`` (id) where they can be told, else None."""
    owners = _owners(root)
    found: dict[tuple[int, str], dict[str, Any]] = {}
    for table in ("tcp", "tcp6"):
        try:
            lines = (root / "proc/net" / table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] != LISTEN:
                continue
            port, inode = int(fields[1].rsplit(":", 1)[1], 16), fields[9]
            process, container = owners.get(inode, (None, None))
            found[(port, inode)] = {"port": port, "process": process, "container": container}
    return sorted(found.values(), key=lambda entry: entry["port"])


def free_mb(path: Path) -> int:
    """Return free MiB of the file system that will hold ``path`` (its nearest existing parent)."""
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free // 2**20


def published(inspected: dict[str, Any]) -> list[int]:
    """Return the host's ports that lead into a container, as ``docker container inspect`` describes it."""
    bindings = inspected["HostConfig"].get("PortBindings") or {}
    return sorted(int(entry["HostPort"]) for ends in bindings.values() for entry in ends or [] if entry["HostPort"])


def docker_state(container: str, image: str) -> dict[str, Any]:
    """Return the daemon's ``version`` (None: no daemon answers), our ``container`` and the ``image`` tags there."""
    version = answer_or_none("version", "--format", "{{.Server.Version}}")
    text = answer_or_none("container", "inspect", container) if version else None
    tags = answer_or_none("image", "ls", "--format", "{{.Tag}}", image) if version else None
    inspected = json.loads(text)[0] if text else None
    labels = (inspected["Config"]["Labels"] or {}) if inspected else {}
    return {
        "version": version.strip() if version else None,
        "container": {
            "id": inspected["Id"],
            "project": labels.get("com.docker.compose.project"),
            "running": inspected["State"]["Running"],
            # On a bridge the host's end of a port is held by Docker's proxy, which no container owns.
            "published": published(inspected),
        }
        if inspected
        else None,
        "image_tags": tags.split() if tags else [],
    }


def stored_probes(root: Path, install_dir: str) -> dict[str, Any] | None:
    """Return the trial encodes that the release in force was planned with; None where there are none."""
    try:
        found = json.loads((root / install_dir.lstrip("/") / "current/probes.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def panel_changes(root: Path, state_dir: str) -> list[str] | None:
    """Return the names of what was changed in the panel; None where that cannot be read."""
    folder = root / state_dir.lstrip("/")
    try:
        settings = json.loads((folder / "state.json").read_text(encoding="utf-8"))["settings"]
    except FileNotFoundError:
        settings = {}
    except (OSError, ValueError, TypeError, KeyError):
        return None
    if not isinstance(settings, dict):
        return None
    return [*sorted(settings), *(["stream_key"] if (folder / "stream_key").exists() else [])]


def state(root: Path, settings: dict[str, Any]) -> dict[str, Any]:
    """Return the host's state for the effective ``settings`` (their names as in the schema)."""
    devices = {
        name: (root / str(settings[name]).lstrip("/")).exists()
        for name in ("video_device",)
        if str(settings[name]).startswith("/")
    }
    return {
        "uid": os.getuid(),
        "address": outward_address(),
        "listening": listening(root),
        "free_mb": {place: free_mb(Path(place)) for place in ("/var/lib/docker", str(settings["install_dir"]), "/tmp")},
        "devices": devices,
        "probes": stored_probes(root, str(settings["install_dir"])),
        "panel_changes": panel_changes(root, str(settings["state_dir"])),
        "docker": docker_state(str(settings["container_name"]), str(settings["image_name"])),
    }
