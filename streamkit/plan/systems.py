"""The systems that streamkit is installed on, and where they differ: one table.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class System:
    """One release of a distribution, by its names in os-release(5), and the packages that are Docker there.

    ``docker``: daemon and client; ``compose``: what brings compose, ``compose_plugin``: as "docker compose" (2.x) and
    not as a program of its own (1.x); ``buildx``: what the client needs besides for building (Docker 23 and newer).
    ``tried``: the deployment has been run on it; False: written from the distribution's package lists.
    """

    id: str
    version: str
    title: str
    docker: tuple[str, ...]
    compose: tuple[str, ...]
    compose_plugin: bool
    buildx: tuple[str, ...]
    tried: bool

    def as_document(self) -> dict[str, Any]:
        """Return it as JSON shows it."""
        return asdict(self)


SYSTEMS = (
    System("debian", "12", "Debian 12", ("docker.io",), ("docker-compose",), False, (), True),
    System(
        "debian", "13", "Debian 13", ("docker.io", "docker-cli"), ("docker-compose",), True, ("docker-buildx",), True
    ),
    # The client is part of docker.io. Its docker-compose is still 1.29, and needs a module that Python 3.12 dropped.
    System("ubuntu", "24.04", "Ubuntu 24.04", ("docker.io",), ("docker-compose-v2",), True, ("docker-buildx",), False),
)

UNKNOWN = System("", "", "an unknown system", (), (), True, (), False)
"""What stands for any other: nothing is installed on it, and what was before it was upgraded can still be removed."""


def system_of(hardware: Mapping[str, Any]) -> System | None:
    """Return the system of a host description; None for one that streamkit is not installed on."""
    found = hardware["os"]
    return next((one for one in SYSTEMS if (one.id, one.version) == (found["id"], found["version"])), None)


def titles() -> str:
    """Return the supported systems as a sentence names them."""
    names = [one.title for one in SYSTEMS]
    return f"{', '.join(names[:-1])} or {names[-1]}"
