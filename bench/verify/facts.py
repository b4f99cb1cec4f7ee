"""The collected document with names: each property gives one fact or says why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streamkit.config import Value, defaults
from streamkit.documents import Document
from streamkit.facts.docker import environment


class NotSeenError(Exception):
    """A fact is missing; the text says why, and the check that wanted it ends as "unknown"."""


class Facts:
    """What ``streamkit.facts`` collected of one container, and what a browser saw where one watched."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.container = str(document["container"])

    def problem(self, what: str, otherwise: str) -> str:
        """Return why something could not be asked."""
        return str(self.document["problems"].get(what, otherwise))

    def _part(self, name: str, problem: str, otherwise: str) -> dict[str, Any]:
        found: dict[str, Any] | None = self.document.get(name)
        if not found:
            raise NotSeenError(self.problem(problem, otherwise))
        return found

    @property
    def docker(self) -> dict[str, Any]:
        """The daemon: NCPU, ServerVersion, SecurityOptions."""
        return self._part("docker", "docker", "Docker was not asked")

    @property
    def inspect(self) -> dict[str, Any]:
        """``docker container inspect``."""
        return self._part("inspect", "docker" if self.document.get("docker") is None else "inspect", "no container")

    @property
    def host_config(self) -> dict[str, Any]:
        """The part of it that says what the container may do."""
        found: dict[str, Any] = self.inspect["HostConfig"]
        return found

    @property
    def environment(self) -> dict[str, str]:
        """The container's own environment."""
        return environment(self.inspect)

    @property
    def image(self) -> dict[str, Any]:
        """``docker image inspect`` of the image that the container was made from."""
        if self.inspect and self.document.get("image") is None:
            raise NotSeenError(self.problem("image", "the image was not asked"))
        return self._part("image", "image", "no image")

    @property
    def labels(self) -> dict[str, str]:
        """The image's labels."""
        return self.image["Config"].get("Labels") or {}

    def look(self, name: str) -> dict[str, Any]:
        """Return what was seen inside the container, ``before`` or ``after`` the watch."""
        self._running()
        return self._part(name, "processes", "nothing was seen inside the container")

    def _running(self) -> None:
        if not self.inspect["State"].get("Running"):
            raise NotSeenError(f"the container is {self.inspect['State'].get('Status', 'not running')}")

    @property
    def processes(self) -> list[dict[str, Any]]:
        """The container's first process and what comes of it; a health check or a shell enters from outside."""
        every: list[dict[str, Any]] = self.look("after")["processes"]
        parents = {process["pid"]: process["ppid"] for process in every}
        return [process for process in every if _first_ancestor(process["pid"], parents) == 1]

    @property
    def supervisor(self) -> dict[str, Any]:
        """``supervisor.json`` as it was at the end."""
        found: dict[str, Any] | None = self.look("after")["supervisor"]
        if not found:
            raise NotSeenError("the supervisor has written nothing")
        return found

    @property
    def panel(self) -> dict[str, Any]:
        """What the check's own viewer saw of the panel."""
        self._running()
        found = self._part("panel", "panel", "the panel has no address that this host reaches")
        if found["problem"]:
            raise NotSeenError(str(found["problem"]))
        return found

    @property
    def release(self) -> dict[str, Any]:
        """The release whose folder the container is given."""
        if self.inspect and not self.document.get("release"):
            raise NotSeenError("the container is given no release (nothing is mounted at /opt/streamkit)")
        return self._part("release", "release", "no release")

    @property
    def plan(self) -> dict[str, Any]:
        """The release's plan; empty where there is none."""
        found: dict[str, Any] | None = (self.document.get("release") or {}).get("plan")
        return found or {}

    @property
    def values(self) -> Mapping[str, Value]:
        """Every setting as this release was given it; the schema's defaults where it was not."""
        given: dict[str, Value] = (self.document.get("release") or {}).get("settings") or {}
        return {**defaults(), **given}

    @property
    def secrets(self) -> dict[str, Any]:
        """What is told of the secrets: files, where their text was found, variables named like secrets."""
        return self._part("secrets", "inspect", "no secrets")


def _first_ancestor(pid: int, parents: Mapping[int, int]) -> int:
    """Return the oldest known ancestor; what enters from outside has no parent in the container."""
    while parents.get(pid, 0):
        pid = parents[pid]
    return pid
