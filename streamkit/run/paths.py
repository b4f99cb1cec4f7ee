"""Where the container keeps things: one object, so that tests can move them all."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Paths:
    """Directories of a running container.

    ``run`` (tmpfs) holds the socket and the state files, ``release`` is the current release (read-only),
    ``state`` holds the panel's overrides, ``secrets`` the stream key and the panel's token, ``devices`` the nodes of
    capture cards that the host keeps there.
    """

    run: Path
    release: Path
    state: Path
    secrets: Path
    devices: Path

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Paths:
        """Return the container's places; each can be moved by a STREAMKIT_* variable."""
        return cls(
            run=Path(environment.get("STREAMKIT_RUN_DIR", "/run/streamkit")),
            release=Path(environment.get("STREAMKIT_RELEASE_DIR", "/opt/streamkit/current")),
            state=Path(environment.get("STREAMKIT_STATE_DIR", "/var/lib/streamkit")),
            secrets=Path(environment.get("STREAMKIT_SECRETS_DIR", "/run/secrets")),
            devices=Path(environment.get("STREAMKIT_DEVICES_DIR", "/dev/streamkit")),
        )

    @property
    def control_socket(self) -> Path:
        """The supervisor's socket."""
        return self.run / "control.sock"

    @property
    def supervisor_file(self) -> Path:
        """What the supervisor says of its children, written on change."""
        return self.run / "supervisor.json"

    @property
    def launch_file(self) -> Path:
        """Live figures of the stream, written once a second by the launcher."""
        return self.run / "launch.json"

    @property
    def log_file(self) -> Path:
        """The bounded log of all children."""
        return self.run / "stream.log"

    @property
    def stream_key_file(self) -> Path:
        """The key for the WHIP server."""
        return self.secrets / "stream_key"
