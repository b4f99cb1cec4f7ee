"""How long the container of a scenario takes from ``docker run`` until it is healthy, and until its first frame is sent.

Both are counted from the moment at which Docker created the container, by the one clock of this machine.  *Healthy*: the
panel's front page answers 200, which is what the container's health check asks (Docker itself says so at its next look,
up to ten seconds later).  *First frame*: launch.json tells once a second how many frames were handed to the sender; of
the first that tells any, the time is taken back by the frames before, which came at the rate of the source.  Standard
library only but for the renderer.
"""

from __future__ import annotations

import datetime
import http.client
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.measure.panel.contestants import status_of
from bench.measure.suites import Details, Figures, Options
from bench.stream.capabilities import bounding_set
from bench.stream.container import started
from streamkit.docker_command import run_docker
from streamkit.documents import Document, read_document
from streamkit.errors import BadInputError, UnavailableError
from streamkit.install.settle import sent

EVERY_S = 0.02
WITHIN_S = 60.0


@dataclass
class Seen:
    """What a look at the starting container has shown so far (Unix time)."""

    answered_at: float | None = None
    launch: Document | None = None
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def complete(self) -> bool:
        """Whether there is nothing more to wait for."""
        return self.answered_at is not None and self.launch is not None


def measure(scenario: Any, options: Options) -> tuple[Figures, Details]:
    """Start the scenario's container once.  Raises UnavailableError, CrashedError where it does not come up."""
    from bench.stream.prepare import prepare  # here: it needs the renderer, which a managed host has not

    prepared = prepare(scenario, paint=False, capabilities=tuple(bounding_set()))
    seen = Seen()
    watcher = threading.Thread(
        target=watch, args=(seen, prepared.panel_port, Path(prepared.folder) / "run" / "launch.json")
    )
    with status_of(prepared.panel) as status:
        watcher.start()
        try:
            with started(prepared, status) as running:
                created = parse_time(run_docker(["inspect", "--format", "{{.Created}}", prepared.name]).strip())
                deadline = time.monotonic() + WITHIN_S
                while not seen.complete and time.monotonic() < deadline:
                    time.sleep(EVERY_S)
                    running.check()
        finally:
            seen.ended.set()
            watcher.join()
    if seen.answered_at is None or seen.launch is None:
        missing = "sent no frame" if seen.launch is None else "its panel did not answer"
        raise UnavailableError(f"The container of {scenario.name} {missing} within {WITHIN_S:g} s.")
    figures: Figures = {
        "healthy_s": seen.answered_at - created,
        "first_frame_s": first_frame_at(seen.launch, prepared.offered_fps) - created,
    }
    told_s = float(seen.launch["sampled_at"]) - created
    return figures, {
        "first_frame_told_s": round(told_s, 3),
        "frames_when_told": sent(seen.launch),
        "given": running.given,
        "machine": {"image": prepared.image, "offered_fps": prepared.offered_fps},
    }


def first_frame_at(launch: Document, fps: float) -> float:
    """Return when the first frame was sent (Unix time), from the first launch.json that counts any."""
    return float(launch["sampled_at"]) - (sent(launch) - 1) / fps


def parse_time(text: str) -> float:
    """Return Docker's time (RFC 3339 with nanoseconds) as Unix time.  Raises UnavailableError where it is none."""
    found = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)", text)
    if found is None:
        raise UnavailableError(f"Docker says that the container was created at {text!r}, which is no time.")
    whole = datetime.datetime.fromisoformat(found[1] + found[3].replace("Z", "+00:00"))
    return whole.timestamp() + float(found[2] or 0)


def watch(seen: Seen, port: int, launch: Path, answers: Callable[[int], bool] | None = None) -> None:
    """Look every 20 ms until all is seen or ``seen.ended``."""
    asks = answers or front_page_answers
    while not seen.complete and not seen.ended.wait(EVERY_S):
        if seen.answered_at is None and asks(port):
            seen.answered_at = time.time()
        if seen.launch is None:
            try:
                document = read_document(launch)
            except BadInputError:
                continue
            seen.launch = document if sent(document) > 0 else None


def front_page_answers(port: int) -> bool:
    """Whether the panel's front page answers 200, as the health check asks it."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
