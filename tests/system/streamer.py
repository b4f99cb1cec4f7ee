"""A provisioned machine as tests see it: what runs in its container, and the figures it writes."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Run = Callable[[Sequence[str]], str]


@dataclass
class Streamer:
    """One host that streams.  ``run`` executes words on the host and returns what they print."""

    run: Run
    panel: str
    container: str = "gaming-streamer"
    netns: str | None = None

    @property
    def token(self) -> str:
        """The panel's token, as the administrator of the host reads it."""
        return self.run(["cat", "/etc/streamkit/secrets/panel_token"]).strip()

    def inside(self, *words: str) -> str:
        """Run words in the container."""
        return self.run(["docker", "exec", self.container, *words])

    def document(self, name: str) -> dict[str, Any]:
        """Return one of the state files: supervisor or launch."""
        read: dict[str, Any] = json.loads(self.inside("cat", f"/run/streamkit/{name}.json"))
        return read

    def document_if_any(self, name: str) -> dict[str, Any]:
        """Return one of the state files, {} where a container that has just started has not written it yet."""
        path = f"/run/streamkit/{name}.json"
        read: dict[str, Any] = json.loads(self.inside("bash", "-c", f"if test -e {path}; then cat {path}; fi") or "{}")
        return read

    def inspect(self) -> dict[str, Any]:
        """Return what Docker says of the container."""
        read: dict[str, Any] = json.loads(self.run(["docker", "inspect", self.container]))[0]
        return read

    def image_size(self) -> int:
        """Return the image's size in bytes."""
        return int(self.run(["docker", "image", "inspect", "-f", "{{.Size}}", self.inspect()["Image"]]))
