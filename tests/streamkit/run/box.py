"""A supervisor in temporary directories: a shell script plays the launcher, a sleeping process the panel."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from streamkit.render.release import release_files, write_files
from streamkit.run.control import request

LAUNCHER = """#!/bin/bash
# Says that it plays, as streamkit-launch does, and waits. The file "crash" makes it fail at once.
[[ -e {run}/crash ]] && {{ echo "no such card" >&2; exit 1; }}
printf '%s ' "$@" > {run}/words
env > {run}/environment
printf '{{"schema_version": 1, "state": "playing", "pid": %d}}' $$ > "$STREAMKIT_LAUNCH_FILE"
trap 'exit 0' TERM
while :; do sleep 0.05; done
"""
RUNNER = "import sys, json; from streamkit.run import cards; cards.scan = lambda root, outside, folder, seconds: (json.loads((root / folder.lstrip('/') / 'card.json').read_text()), [], []); from pathlib import Path; from streamkit.run.paths import Paths; from streamkit.run.supervisor import Supervisor; sys.exit(Supervisor(Paths.from_environment(), ['sleep', '600'], ['sleep', '600'], launcher=sys.argv[1]).run())"
DEPLOYED_KEY = "s3cret-of-the-deployment"


class Box:
    """A running supervisor in temporary directories."""

    def __init__(
        self, root: Path, hardware: dict[str, Any], plan: dict[str, Any], given: dict[str, Any], network: str = "host"
    ) -> None:
        self.run, self.release, self.state, secrets = (root / name for name in ("run", "release", "state", "secrets"))
        self.devices = root / "devices"
        for folder in (self.run, self.release, self.state, secrets, self.devices):
            folder.mkdir()
        self.secrets = secrets
        (secrets / "stream_key").write_text(DEPLOYED_KEY)
        self.hardware, self.plan = hardware, plan
        self.deploy(given)
        launcher = root / "streamkit-launch"
        launcher.write_text(LAUNCHER.format(run=self.run))
        launcher.chmod(0o755)
        places = {"RUN": self.run, "RELEASE": self.release, "STATE": self.state, "SECRETS": secrets}
        places["DEVICES"] = self.devices
        environment = {**os.environ, **{f"STREAMKIT_{name}_DIR": str(path) for name, path in places.items()}}
        environment["STREAMKIT_NETWORK"] = network
        self.log = (root / "log").open("w+")
        self._argv, self._environment = [sys.executable, "-c", RUNNER, str(launcher)], environment
        self.start()

    def start(self) -> None:
        """Start the supervisor, as Docker starts the container again."""
        self.process = subprocess.Popen(self._argv, env=self._environment, stdout=self.log, stderr=self.log)

    def deploy(self, given: dict[str, Any]) -> None:
        write_files(self.release, release_files(self.hardware, self.plan, given, "tag"))

    def status(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.run / "supervisor.json").read_text())
        return document

    def wait(self, condition: Callable[[dict[str, Any]], bool], within_s: float = 60.0) -> dict[str, Any]:
        deadline = time.monotonic() + within_s
        status: dict[str, Any] = {}
        while time.monotonic() < deadline:
            if (self.run / "supervisor.json").exists():
                status = self.status()
                if condition(status):
                    return status
            time.sleep(0.02)
        self.log.seek(0)
        raise AssertionError(f"not reached in {within_s} s: {json.dumps(status, indent=1)}\n{self.log.read()}")

    def wait_running(self) -> dict[str, Any]:
        return self.wait(lambda status: status["stream"]["state"] == "running")

    def restart(self) -> None:
        """End the supervisor and start it again with an empty run directory, as tmpfs is after a restart."""
        self.process.terminate()
        assert self.process.wait(15) == 0
        for path in self.run.iterdir():
            path.unlink()
        self.start()

    def end(self) -> None:
        self.process.terminate()
        code = self.process.wait(60)
        said = self.said()
        self.log.close()
        assert code == 0, said

    def plug(self, name: str) -> None:
        """A card's node appears, as the host's udev makes it."""
        (self.devices / f".{name}").touch()
        (self.devices / f".{name}").replace(self.devices / name)

    def ask(self, command: str) -> dict[str, Any]:
        return request(self.run / "control.sock", {"command": command})

    def configure(self, changes: Any = None, version: str | None = None, **more: Any) -> dict[str, Any]:
        """Ask for changes as the panel does; ``version`` is by default what a page that was just loaded has."""
        asked = {"version": self.status()["config_version"] if version is None else version, **more}
        if changes is not None:
            asked["changes"] = changes
        return request(self.run / "control.sock", {"command": "configure", **asked})

    def value(self, name: str) -> tuple[Any, str]:
        """(value, origin) of a setting as the supervisor tells it."""
        entry = self.status()["settings"][name]
        return entry["value"], entry["origin"]

    def kept(self) -> dict[str, str]:
        """{name: text} of everything in the state folder."""
        return {path.name: path.read_text() for path in self.state.iterdir()}

    def said(self) -> str:
        """Everything the supervisor and its children printed."""
        self.log.flush()
        return Path(self.log.name).read_text()
