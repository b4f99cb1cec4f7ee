"""One measured container: started under a name of its own, and gone on every way out.  Standard library only."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from bench.stream.prepared import PANEL_BEFORE, Prepared, how_to_get
from streamkit.docker_command import NotAnsweredError, docker, run_docker
from streamkit.documents import Document, read_document
from streamkit.errors import BadInputError, StreamkitError, UnavailableError

PLAYS_WITHIN_S = 60.0
UID = 1000
REFUSED = ("operation not permitted", "privileged", "permission denied")
"""What Docker says where a machine may not give all that it is asked for."""


class CrashedError(StreamkitError):
    """The stream or its container ended while it was measured."""


@dataclass
class Running:
    """A container whose stream plays.  ``given`` says what root was given in it ("" for a plain user)."""

    prepared: Prepared
    identity: str
    pid: int
    given: str
    token: str

    @property
    def run_dir(self) -> Path:
        """The container's /run/streamkit on this machine."""
        return Path(self.prepared.folder) / "run"

    def launch(self) -> Document | None:
        """Return launch.json; None while there is none."""
        with contextlib.suppress(BadInputError):
            return read_document(self.run_dir / "launch.json")
        return None

    def check(self) -> None:
        """Raise CrashedError where the stream does not run, with what it said last."""
        try:
            stream = read_document(self.run_dir / "supervisor.json")["stream"]
        except BadInputError:
            stream = {"state": "gone", "reason": "", "restarts": 0}
        if stream["state"] not in ("starting", "running") or stream["restarts"]:
            reason = stream["reason"] or last_words(self.run_dir)
            raise CrashedError(f"The stream of {self.prepared.scenario['name']} is {stream['state']}: {reason}")


@contextlib.contextmanager
def started(prepared: Prepared, status_address: str = "") -> Iterator[Running]:
    """Start the container, wait until frames are sent, and take everything away at the end of the block.

    ``status_address`` is what the panel before asks with curl.  Raises UnavailableError where image or Docker are
    missing, CrashedError where the stream does not come up.
    """
    check_image(prepared)
    folder = Path(prepared.folder)
    with _ends_in_order():
        try:
            token = _write(prepared, folder)
            given = _start(prepared, status_address)
            running = _inspect(prepared, given, token)
            _until_playing(running)
            yield running
        finally:
            # The name is ours alone, so this cannot meet another container.
            docker(["rm", "--force", "--volumes", prepared.name])
            shutil.rmtree(folder, ignore_errors=True)


def check_image(prepared: Prepared) -> None:
    """Raise UnavailableError with the cure where the image is not there."""
    try:
        run_docker(["image", "inspect", "--format", "{{.Id}}", prepared.image])
    except NotAnsweredError as problem:
        if "no such image" in str(problem).lower():
            raise UnavailableError(
                f"The image {prepared.image} of the scenario {prepared.scenario['name']} is not on this machine; "
                f"{how_to_get(prepared.image, prepared.image_kind)}."
            ) from None
        raise UnavailableError(f"Docker cannot be asked for images: {problem}.") from None


def last_words(run_dir: Path) -> str:
    """Return the last line of the container's log."""
    with contextlib.suppress(OSError):
        lines = (run_dir / "stream.log").read_text(encoding="utf-8", errors="replace").splitlines()
        if lines:
            return lines[-1]
    return "it said nothing"


def _write(prepared: Prepared, folder: Path) -> str:
    """Write the files, and return a new token for the panel."""
    try:
        folder.mkdir(mode=0o755)
        for path, text in prepared.files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
            runs = target.suffix == ".sh" or target.parent.name == "bin"
            target.chmod(0o755 if runs else 0o644)
        token = secrets.token_urlsafe(16)
        # root may read it whatever its mode; others own the container's number or open the folder to it.
        for name in ("run", "state", "secrets"):
            (folder / name).mkdir()
        (folder / "secrets" / "panel_token").write_text(token + "\n", encoding="utf-8")
        if os.geteuid() == 0:
            (folder / "secrets" / "panel_token").chmod(0o400)
            for name in ("run", "state", "secrets", "secrets/panel_token"):
                os.chown(folder / name, UID, UID)
        else:
            for name in ("run", "state"):
                (folder / name).chmod(0o777)
    except OSError as problem:
        raise UnavailableError(f"{folder} cannot be written for the measured container: {problem.strerror}.") from None
    return token


def _entry(prepared: Prepared, status_address: str) -> list[str]:
    if prepared.panel == "polling":
        script = f"{PANEL_BEFORE}/supervise.py"
        return ["--entrypoint", "python3", prepared.image, "-P", script, status_address, str(prepared.panel_port)]
    return [prepared.image]


def _start(prepared: Prepared, status_address: str) -> str:
    """Start it, and return what root was given."""
    ways = [(prepared.words, prepared.given)]
    if prepared.words_otherwise:
        ways.append((prepared.words_otherwise, prepared.given_otherwise))
    problem = ""
    for words, given in ways:
        command = ["run", "--detach", "--name", prepared.name, "--pull", "never", "--label", "streamkit.bench", *words]
        done = docker([*command, *_entry(prepared, status_address)])
        if done.returncode == 0:
            return given
        problem = refusal_in(done.stderr)
        docker(["rm", "--force", "--volumes", prepared.name])
        if not any(word in problem.lower() for word in REFUSED):
            break
    raise UnavailableError(f"The container of the scenario {prepared.scenario['name']} cannot be started: {problem}.")


def refusal_in(said: str) -> str:
    """Return why ``docker run`` did not start: its own sentence, without the hint to its help that may follow."""
    lines = [line.strip() for line in said.splitlines() if line.strip() and "docker run --help" not in line]
    return lines[-1].removeprefix("docker: ").removeprefix("Error response from daemon: ").rstrip(".") if lines else ""


def _inspect(prepared: Prepared, given: str, token: str) -> Running:
    shown = run_docker(["inspect", "--format", "{{.Id}} {{.State.Pid}}", prepared.name]).split()
    if shown[1] == "0":
        raise CrashedError(f"The container of {prepared.scenario['name']} ended at once: {_logs(prepared)}")
    return Running(prepared, shown[0], int(shown[1]), given, token)


def _until_playing(running: Running) -> None:
    deadline = time.monotonic() + PLAYS_WITHIN_S
    while time.monotonic() < deadline:
        document = running.launch()
        if document is not None and document["state"] == "playing" and _takes_viewers(running.prepared):
            return
        if not Path(f"/proc/{running.pid}").exists():
            raise CrashedError(f"The container of {running.prepared.scenario['name']} ended: {_logs(running.prepared)}")
        time.sleep(0.1)
    running.check()
    raise CrashedError(
        f"The stream of {running.prepared.scenario['name']} sent no frame, or took no viewer, within {PLAYS_WITHIN_S:g} s: "
        f"{last_words(running.run_dir)}"
    )


def _takes_viewers(prepared: Prepared) -> bool:
    """Return whether offers are taken: a sink that encodes by itself tries all its encoders first, for seconds."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", prepared.whep_port), timeout=1):
        return True
    return False


def _logs(prepared: Prepared) -> str:
    try:
        said = run_docker(["logs", "--tail", "3", prepared.name]).strip().splitlines()
    except NotAnsweredError as problem:
        return str(problem)
    return said[-1] if said else "it said nothing"


@contextlib.contextmanager
def _ends_in_order() -> Iterator[None]:
    """Let SIGTERM end the block as Ctrl-C does, so that no container is left behind."""

    def end(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    try:
        before: Any = signal.signal(signal.SIGTERM, end)
    except ValueError:
        # Not the main thread: whoever is will end us.
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def labelled() -> list[str]:
    """Return the names of containers that a bench which was killed has left behind."""
    return run_docker(["ps", "--all", "--filter", "label=streamkit.bench", "--format", "{{.Names}}"]).split()
