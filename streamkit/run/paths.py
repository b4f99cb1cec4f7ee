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
    ``state`` holds what was changed in the panel, ``secrets`` the stream key and the panel's token, ``devices`` the nodes of
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
    def state_file(self) -> Path:
        """The panel's overrides; there is none while there are none."""
        return self.state / "state.json"

    @property
    def panel_key_file(self) -> Path:
        """The key for the WHIP server that was set in the panel."""
        return self.state / "stream_key"

    @property
    def deployed_key_file(self) -> Path:
        """The key for the WHIP server that came with the deployment."""
        return self.secrets / "stream_key"

    @property
    def panel_token_file(self) -> Path:
        """What opens the panel."""
        return self.secrets / "panel_token"

    @property
    def stream_key_file(self) -> Path:
        """The key in force; it may come, go or change with each look."""
        return key_in_force(self.panel_key_file, self.deployed_key_file)


def key_in_force(panel: Path, deployed: Path) -> Path:
    """Return the file of the stream key that counts: the panel's where there is one, else the deployment's."""
    return panel if is_there(panel) else deployed


def is_there(path: Path) -> bool:
    """Whether the file can be found; one in a folder that may not be looked into is not there (and no error)."""
    try:
        path.stat()
    except OSError:
        return False
    return True


def stamp(path: Path) -> tuple[int, int, int] | None:
    """Return what differs after every change of a file; None where it is not there."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino, status.st_size


def read_secret(path: Path) -> str:
    """Return the one line of a secret's file, "" where there is none.

    The one that is not there is the usual case; one that cannot be read cannot have been used by anybody either.
    """
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""
