"""Where the panel finds the outside: every path and address, taken from the environment once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from streamkit.errors import BadInputError
from streamkit.run.paths import Paths


@dataclass(frozen=True)
class Context:
    """Paths and addresses the panel works with; tests hand in their own.

    ``interval_s`` is the pace of ``combined_update``; ``watch_s`` is how often the state files are looked at
    in between, so that a change of state is shown at once.
    """

    token: str
    run_dir: Path
    whep_upstream: str
    stream_key_file: Path
    cgroup_root: Path = Path("/sys/fs/cgroup")
    interval_s: float = 2.0
    watch_s: float = 0.2
    upstream_timeout_s: float = 10.0

    @property
    def control_socket(self) -> Path:
        """The supervisor's socket."""
        return self.run_dir / "control.sock"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Context:
        """Read paths and the token.  Raises BadInputError when the token's file gives no token."""
        paths = Paths.from_environment(environment)
        token_file = Path(environment.get("STREAMKIT_PANEL_TOKEN_FILE", paths.secrets / "panel_token"))
        return cls(
            token=read_token(token_file),
            run_dir=paths.run,
            whep_upstream=environment.get("STREAMKIT_WHEP_UPSTREAM", "http://127.0.0.1:8189/whep/endpoint"),
            stream_key_file=paths.stream_key_file,
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
