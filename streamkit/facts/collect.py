"""Everything about one deployed container, in one document.  What cannot be asked is None, and ``problems`` says why."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from streamkit.docker_command import NotAnsweredError, run_docker
from streamkit.documents import Document
from streamkit.facts import docker
from streamkit.facts.docker import Run
from streamkit.facts.release import read_release
from streamkit.facts.secrets import PANEL_KEY, found_in, named_like_secrets, read_secret, read_secrets, without
from streamkit.facts.watch import watch

Asked = TypeVar("Asked")
WINDOW_S = 15.0
"""Long enough for seven updates and for a CPU figure that one busy moment does not decide."""


def collect(container: str, window_s: float = WINDOW_S, run: Run = run_docker) -> Document:
    """Look at ``container`` for ``window_s`` seconds.  Changes nothing, raises nothing, passes on no secret."""
    facts: Document = {
        "container": container,
        "host": platform.node(),
        "collected_at": round(time.time(), 3),
        "window_s": window_s,
        "problems": {},
    }

    def ask(what: str, question: Callable[[], Asked]) -> Asked | None:
        try:
            return question()
        except NotAnsweredError as problem:
            facts["problems"][what] = str(problem)
            return None

    facts["docker"] = ask("docker", lambda: docker.daemon(run))
    inspected = ask("inspect", lambda: docker.inspect(run, "container", container)) if facts["docker"] else None
    facts["inspect"] = inspected
    for name in ("image", "id", "before", "panel", "stats", "after", "services", "release", "secrets", "logs"):
        facts[name] = None
    if inspected is None:
        return facts
    facts["image"] = ask("image", lambda: docker.inspect(run, "image", inspected["Image"]))
    project = (inspected["Config"].get("Labels") or {}).get(docker.PROJECT)
    facts["services"] = ask("services", lambda: docker.services(run, project)) if project else None
    installed = docker.mount(inspected, "/opt/streamkit")
    facts["release"] = read_release(Path(installed) / "current") if installed else None
    folder = secrets_folder(inspected)
    values, told = read_secrets(folder) if folder else ({}, [])
    state = docker.mount(inspected, "/var/lib/streamkit")
    if state and (Path(state) / "stream_key").exists():
        key, entry = read_secret(Path(state) / "stream_key", PANEL_KEY)
        told.append(entry)
        values |= {PANEL_KEY: key} if key is not None else {}
    if inspected["State"].get("Running"):
        facts["id"] = ask("id", lambda: run(["exec", container, "id"], "").strip())
        facts["before"] = ask("processes", lambda: docker.look_inside(run, container))
        address = docker.panel_address(inspected)
        facts["panel"] = watch(address, values.get("panel_token"), window_s) if address else None
        facts["after"] = ask("processes", lambda: docker.look_inside(run, container))
        facts["stats"] = ask("stats", lambda: docker.stats(run, container))
        # The health may have changed while we looked.
        facts["inspect"] = ask("inspect", lambda: docker.inspect(run, "container", container)) or inspected
    log = ask("logs", lambda: docker.logs(run, container))
    facts["logs"] = None if log is None else {"lines": len(log.splitlines())}
    facts["secrets"] = {
        "files": told,
        "found": found_in(_places(facts, log or "", installed), values),
        "variables": named_like_secrets(docker.environment(inspected)),
    }
    for look in (facts["before"], facts["after"]):
        for process in look["processes"] if look else []:
            process.pop("environment")
    hidden: Document = without(facts, values)
    return hidden


def secrets_folder(inspected: dict[str, Any]) -> Path | None:
    """Return the host's folder of secrets that the container is given, None where it is given none."""
    found = docker.mount(inspected, "/run/secrets")
    return Path(found) if found else None


def _places(facts: Document, log: str, installed: str | None) -> dict[str, str]:
    """Return {where: text} of everything that others can read and that must not hold a secret."""
    places = {"docker inspect": json.dumps([facts["inspect"], facts["image"]]), "docker logs": log}
    for process in facts["after"]["processes"] if facts["after"] else []:
        number = process["pid"]
        places[f"the command line of process {number}"] = " ".join(process["words"])
        places[f"the environment of process {number}"] = "\n".join(process["environment"] or [])
    release = Path(installed) / "current" if installed else None
    for path in sorted(release.rglob("*")) if release and release.is_dir() else []:
        if path.is_file():
            places[f"the release's {path.name}"] = path.read_text(encoding="utf-8", errors="replace")
    return places
