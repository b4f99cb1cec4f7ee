"""Where the panel finds the outside: every path and address, taken from the environment once."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path

from streamkit.errors import BadInputError
from streamkit.panel.hosts import machine_names
from streamkit.run.paths import Paths, key_in_force, stamp


@dataclass(frozen=True)
class Context:
    """Paths and addresses the panel works with; tests hand in their own.

    ``interval_s`` is the pace of ``combined_update``.  ``hosts`` are the names that may stand in a request's Host header;
    with ``open_view`` everybody may look without a login.
    """

    token: str
    run_dir: Path
    whep_upstream: str
    stream_key_file: Path
    panel_key_file: Path | None = None
    release_dir: Path = Path("/opt/streamkit/current")
    cgroup_root: Path = Path("/sys/fs/cgroup")
    interval_s: float = 2.0
    upstream_timeout_s: float = 10.0
    hosts: frozenset[str] = frozenset({"localhost"})
    open_view: bool = False

    @property
    def log_file(self) -> Path:
        """The supervisor's log of all children."""
        return self.run_dir / "stream.log"

    @property
    def supervisor_file(self) -> Path:
        """What the supervisor says.

        It follows the launcher's word itself: a stream that plays, or ends, is its state, so this file alone is watched.
        """
        return self.run_dir / "supervisor.json"

    def state_mark(self) -> Hashable:
        """Return a value that differs from the last one when the supervisor wrote; looked at often, so it is cheap."""
        return stamp(self.supervisor_file)

    @property
    def control_socket(self) -> Path:
        """The supervisor's socket."""
        return self.run_dir / "control.sock"

    @property
    def key_in_force(self) -> Path:
        """The file of the stream key that counts now: one set in the panel wins over the deployment's."""
        return key_in_force(self.panel_key_file or self.stream_key_file, self.stream_key_file)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Context:
        """Read paths and the token.  Raises BadInputError when the token's file gives no token."""
        paths = Paths.from_environment(environment)
        token_file = Path(environment.get("STREAMKIT_PANEL_TOKEN_FILE", paths.secrets / "panel_token"))
        return cls(
            token=read_token(token_file),
            run_dir=paths.run,
            whep_upstream=environment.get("STREAMKIT_WHEP_UPSTREAM", "http://127.0.0.1:8189/whep/endpoint"),
            stream_key_file=paths.deployed_key_file,
            panel_key_file=paths.panel_key_file,
            release_dir=paths.release,
            hosts=machine_names(environment.get("STREAMKIT_PANEL_HOSTS", "").split(",")),
            open_view=environment.get("STREAMKIT_PANEL_OPEN_VIEW") == "1",
        )


def read_token(path: Path) -> str:
    """Return the panel's token.  Raises BadInputError when the file is missing, unreadable or empty."""
    cure = "name a file with one line of text in STREAMKIT_PANEL_TOKEN_FILE."
    try:
        token = path.read_text(encoding="utf-8").strip()
    except OSError as problem:
        raise BadInputError(f"The panel's token file {path} cannot be read ({problem.strerror}); {cure}") from None
    except UnicodeDecodeError:
        raise BadInputError(f"The panel's token file {path} is not UTF-8 text; {cure}") from None
    if not token:
        raise BadInputError(f"The panel's token file {path} is empty; {cure}")
    return token
