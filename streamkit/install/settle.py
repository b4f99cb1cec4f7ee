"""Whether a release that was just started has come up: the container is healthy, and its stream sends frames.

``judge`` decides on what was seen; ``settle`` looks, by the ``docker`` command, until it has an answer.  It runs on the
host and not in the image, so that it also knows releases whose image is older than itself.  Standard library only.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from subprocess import CompletedProcess
from typing import Any, Literal

from streamkit.docker_command import docker

Verdict = Literal["good", "waiting", "stopped", "bad"]

GIVEN_UP_PAUSE_S = 1.9
"""The supervisor's pause doubles from half a second (run/child.py) and is told anew what it runs: two seconds say that the
stream of this release failed three times in a row."""
LOG_LINES = 12
APART_S = 1.0
"""launch.json is written once a second: frames are counted between two moments at least so far apart."""


@dataclass(frozen=True)
class Limits:
    """How long to wait, in seconds; ``stream_s`` 0 leaves the stream out.  ``restarts`` of the container by Docker."""

    healthy_s: float = 180.0
    restarts: int = 5
    stream_s: float = 30.0


@dataclass(frozen=True)
class Look:
    """What a look at the stream showed: supervisor.json, launch.json and server.json (None: not there)."""

    at_s: float
    supervisor: Mapping[str, Any] | None
    launch: Mapping[str, Any] | None = None
    server: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Answer:
    """What became of the release.  ``applied``: the running stream took it; ``log``: the end of the container's."""

    verdict: Verdict
    reason: str
    applied: bool = False
    log: list[str] = field(default_factory=list)

    def as_document(self) -> dict[str, Any]:
        """Return the answer as JSON."""
        return {"verdict": self.verdict, "reason": self.reason, "applied": self.applied, "log": self.log}


def sent(launch: Mapping[str, Any]) -> int:
    """Return the frames handed to the sender so far: the ledger's count, or what left the encoder without one."""
    row = (launch.get("ledger") or {}).get("video")
    return int((row or launch.get("video") or {}).get("sent" if row else "encoded") or 0)


def judge(first: Look, playing: Look | None, now: Look, stream_s: float) -> Answer | None:
    """Return an answer, or None while it is too early.

    ``first`` is the first look of the check, ``playing`` the first one at the stream that plays now.
    """
    if now.supervisor is None:
        late = now.at_s - first.at_s >= stream_s
        return Answer("bad", "the supervisor in the container does not say what the stream does") if late else None
    stream = now.supervisor["stream"]
    said = stream.get("reason") or ""
    if now.supervisor.get("desired") == "stopped" and stream["state"] != "failed":
        return Answer("stopped", "the stream was stopped by hand and stays so; it was not looked at")
    if stream["state"] == "waiting":
        return Answer("waiting", said or "the stream waits for its capture card")
    if stream["state"] == "failed":
        return Answer("bad", said or "the stream failed")
    # A stream that is being replaced may still send; only the process that the supervisor calls running counts.
    ours = now.launch is not None and now.launch.get("pid") == stream["pid"] and stream["state"] == "running"
    if playing and playing.launch and now.launch and ours and playing.launch.get("pid") == stream["pid"]:
        frames, seconds = sent(now.launch) - sent(playing.launch), now.at_s - playing.at_s
        if frames > 0 and seconds >= APART_S:
            return Answer("good", f"{frames} frames were sent in {seconds:.1f} s")
    pause_s = (stream.get("next_start_at") or 0) - stream["since"]
    trouble = f". {said}" if said else ""
    over = now.at_s - first.at_s >= stream_s
    away = _server_away(now)
    if away and (over or pause_s >= GIVEN_UP_PAUSE_S):
        # Another release would not reach it either.
        return Answer("waiting", f"{away} The stream is tried again until it does")
    if pause_s >= GIVEN_UP_PAUSE_S:
        return Answer("bad", f"the stream ends again and again{trouble}")
    if over:
        if playing:
            return Answer("bad", f"the stream plays, and no frame was sent within {stream_s:g} s{trouble}")
        return Answer("bad", f"the stream does not play within {stream_s:g} s{trouble}")
    return None


def _server_away(look: Look) -> str:
    """Return what the poller says of a WHIP server that does not answer; nothing where it does, or there is none."""
    by_whip = look.supervisor is not None and look.supervisor.get("publish") == "whip"
    if not by_whip or look.server is None or look.server.get("reachable") is not False:
        return ""
    return str(look.server.get("error") or "The server does not answer.")


Docker = Callable[[Sequence[str]], CompletedProcess[str]]


def settle(
    container: str,
    limits: Limits,
    ask: Docker = docker,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> Answer:
    """Wait until the container is healthy, tell it of the release, and wait until its stream sends frames."""
    since = int(time.time()) - 5
    problem = _wait_until_healthy(container, limits, ask, clock, pause)
    if problem:
        return Answer("bad", problem, log=_log(container, since, ask))
    # The supervisor reads the release again, and restarts the stream only where something it depends on has changed. So
    # it may be asked each time: a new container has read it already, and what an interrupted run left untold is told now.
    told = ask(["exec", container, "streamkit", "ctl", "apply"])
    reply = _document(told.stdout) or {}
    if told.returncode != 0:
        why = reply.get("error") or told.stderr.strip() or told.stdout.strip()
        return Answer("bad", f"the container did not take the release: {why}", log=_log(container, since, ask))
    applied = bool(reply.get("changed"))
    # What was changed in the panel for an earlier release may not go with this one; the release itself is in force.
    note = f". {reply['note']}" if reply.get("note") else ""
    if limits.stream_s == 0:
        return Answer("good", f"the container is healthy; the stream was not looked at{note}", applied)
    answer = _watch(container, limits.stream_s, ask, clock, pause)
    log = _log(container, since, ask) if answer.verdict == "bad" else []
    return Answer(answer.verdict, answer.reason + note, applied, log)


def _wait_until_healthy(
    container: str, limits: Limits, ask: Docker, clock: Callable[[], float], pause: Callable[[float], None]
) -> str:
    """Return what is wrong, or nothing once the container is healthy."""
    form = "{{.RestartCount}} {{.State.Status}} {{with .State.Health}}{{.Status}}{{else}}unknown{{end}}"
    began, before = clock(), None
    while True:
        shown = ask(["container", "inspect", "--format", form, container]).stdout.split()
        if len(shown) != 3:
            return "the container is gone"
        count, status, health = int(shown[0]), shown[1], shown[2]
        before = count if before is None else before
        if status == "running" and health == "healthy":
            return ""
        if count - before >= limits.restarts:
            return f"the container ends again and again (Docker restarted it {count} times)"
        if clock() - began >= limits.healthy_s:
            return f"the container is not healthy after {limits.healthy_s:g} s ({status}, health {health})"
        pause(0.5)


def _watch(
    container: str, stream_s: float, ask: Docker, clock: Callable[[], float], pause: Callable[[float], None]
) -> Answer:
    first: Look | None = None
    playing: Look | None = None
    while True:
        now = _look(container, ask, clock)
        first = first or now
        if (now.launch or {}).get("state") != "playing":
            playing = None
        elif playing is None or (now.launch or {}).get("pid") != (playing.launch or {}).get("pid"):
            playing = now
        answer = judge(first, playing, now, stream_s)
        if answer:
            return answer
        pause(0.5)


def _look(container: str, ask: Docker, clock: Callable[[], float]) -> Look:
    found = {
        name: _document(ask(["exec", container, "cat", f"/run/streamkit/{name}.json"]).stdout)
        for name in ("supervisor", "launch", "server")
    }
    return Look(clock(), found["supervisor"], found["launch"], found["server"])


def _document(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _log(container: str, since: int, ask: Docker) -> list[str]:
    shown = ask(["logs", "--since", str(since), "--tail", str(10 * LOG_LINES), container])
    lines = ((line, len(list(same))) for line, same in itertools.groupby((shown.stdout + shown.stderr).splitlines()))
    return [line if times == 1 else f"{line} ({times} times)" for line, times in lines][-LOG_LINES:]
