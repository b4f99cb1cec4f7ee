"""streamkit-launch in a container of the image, with today's sources and its run directory on this machine."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streamkit.documents import read_document
from tests.conftest import HERE, REPOSITORY
from tests.machines.base_image import docker_binary

SCRIPTS = HERE / "golden" / "no_card" / "scripts"
RUN = "/run/streamkit"


def command(image: str, name: str, run_dir: Path, environment: Mapping[str, str], entry: Sequence[str]) -> list[str]:
    """Return the docker command that runs ``entry`` in the image."""
    variables = [word for key, value in environment.items() for word in ("--env", f"{key}={value}")]
    return [
        *(docker_binary(), "run", "--rm", "--name", name, "--network", "host", "--ulimit", "core=0"),
        # The sources of this checkout, also where the image was built from an older one.
        *("--volume", f"{REPOSITORY / 'streamkit'}:/usr/local/lib/streamkit/streamkit:ro"),
        *("--volume", f"{SCRIPTS}:/scripts:ro"),
        *("--volume", f"{HERE / 'launcher' / 'inside'}:/inside:ro"),
        *("--volume", f"{REPOSITORY / 'bench' / 'stream'}:/bench:ro"),
        *("--volume", f"{run_dir}:{RUN}"),
        *("--env", f"STREAMKIT_LAUNCH_FILE={RUN}/launch.json", *variables),
        *("--entrypoint", entry[0], image, *entry[1:]),
    ]


@dataclass
class Running:
    """One container whose first process is streamkit-launch."""

    image: str
    name: str
    run_dir: Path
    process: subprocess.Popen[str]

    def document(self) -> dict[str, Any]:
        """Return launch.json as it is now."""
        return read_document(self.run_dir / "launch.json")

    def until(self, wanted: Any, within_s: float = 60.0) -> dict[str, Any]:
        """Wait for a document that ``wanted(document)`` accepts, and return it."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            with contextlib.suppress(Exception):
                document = self.document()
                if wanted(document):
                    return document
            assert self.process.poll() is None, f"it ended: {self.process.communicate()[1]}"
            time.sleep(0.05)
        raise AssertionError(f"not within {within_s} s: {json.dumps(self.document(), indent=1)}")

    def send(self, number: signal.Signals) -> None:
        """Send a signal to streamkit-launch."""
        subprocess.run([docker_binary(), "kill", f"--signal={number.name}", self.name], check=True, capture_output=True)

    def stop(self) -> dict[str, Any]:
        """End it as the supervisor does, and return its last document."""
        if self.process.poll() is None:
            self.send(signal.SIGTERM)
        _, errors = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, errors
        return self.document()


@contextlib.contextmanager
def launched(
    image: str, run_dir: Path, entry: Sequence[str], environment: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """Run ``entry`` (streamkit-launch and its words, or a script that becomes it) until the end of the block."""
    run_dir.chmod(0o777)
    name = f"sk-launcher-{uuid.uuid4().hex[:12]}"
    process = subprocess.Popen(
        command(image, name, run_dir, environment or {}, entry),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield Running(image, name, run_dir, process)
    finally:
        if process.poll() is None:
            subprocess.run([docker_binary(), "kill", name], check=False, capture_output=True)
            process.communicate(timeout=60)
