"""The measurement itself: one run looks at one panel; for the table, rounds of three runs in another order each time."""

from __future__ import annotations

import contextlib
import http.client
import json
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.machine import machine
from bench.measure.panel import page, viewers
from bench.measure.panel.contestants import (
    GLANCES,
    TOKEN,
    Contestant,
    baseline,
    box,
    glances,
    install_glances,
    product,
    status_server,
)
from bench.measure.panel.figures import BEFORE, OURS
from bench.measure.panel.figures import GLANCES as OF_GLANCES
from bench.measure.processes import cpu_seconds, memory_mb
from bench.records import Run, new_session
from streamkit.errors import UnavailableError
from streamkit.probe.score import percentile

PACKAGES = ("bottle", "gevent", "psutil")
JOIN_S = 60.0
SOME = 100
"""Viewers that are connected while our panel's answers are timed."""

Figures = dict[str, float | None]


@dataclass(frozen=True)
class Size:
    """How long a run takes: rounds, seconds of each look, answers asked of each address, viewers of the crowd.

    ``started_s`` lets pass what a process does when it has just started, ``settle_s`` what a page does; ``firsts`` is how
    often a first event is asked for.  Within ``gone_s`` a panel has tidied up behind a crowd.
    """

    rounds: int = 3
    seconds: float = 20.0
    answers: int = 100
    crowd: int = 1000
    started_s: float = 5.0
    settle_s: float = page.SETTLE_S
    firsts: int = 5
    gone_s: float = 4.0


QUICK = Size(rounds=1, seconds=2.5, answers=10, crowd=100, started_s=0.5, settle_s=1.0, firsts=1, gone_s=0.5)


def measure(size: Size, glances_venv: Path | None, tell: Callable[[str], None]) -> Iterator[Run]:
    """Yield a run for each contestant and round, as it ends.  ``tell`` gets a line on each."""
    if glances_venv:
        install_glances(glances_venv)
    names = [OURS, BEFORE, *([OF_GLANCES] if glances_venv else [])]
    session = new_session()
    about = {**asdict(size), "glances": GLANCES if glances_venv else None}
    for number in range(size.rounds):
        shift = number % len(names)
        for name in names[shift:] + names[:shift]:
            tell(f"round {number + 1} of {size.rounds}: {name}")
            found, begun_at, clock = machine(PACKAGES), time.time(), time.monotonic()
            figures = look_at(name, size, glances_venv)
            yield Run(
                suite="panel",
                scenario=name,
                session=session,
                begun_at=round(begun_at, 3),
                seconds=round(time.monotonic() - clock, 3),
                figures={figure: None if value is None else round(value, 4) for figure, value in figures.items()},
                details={**about, "round": number + 1},
                machine=found,
            )


def look_at(name: str, size: Size, glances_venv: Path | None = None) -> Figures:
    """Start one panel, look at it from all sides, and end it; what a crowd leaves behind is not the next run's.

    Raises UnavailableError where the panel or what looks at it does not come up.
    """
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        figures: Figures = {}
        if name == OURS:
            for part, preview in (("serving_", True), ("", False)):
                at = folder / f"{part}first"
                at.mkdir()
                with box(at / "run", preview) as run_dir, product(at, run_dir) as one:
                    figures |= _first_events(one, part, size.firsts)
        run_dir = stack.enter_context(box(folder / "run", False))
        if name == OURS:
            one = stack.enter_context(product(folder, run_dir))
        elif name == BEFORE:
            one = stack.enter_context(baseline(folder, run_dir, stack.enter_context(status_server())))
        else:
            assert glances_venv is not None
            one = stack.enter_context(glances(folder, glances_venv))
        figures |= _alone(one, size)
        figures |= page.watch(one, size.seconds, size.settle_s)
        if name == OURS:
            with _crowd(one.port, SOME, 3600.0):
                figures["memory_100_mb"] = memory_mb(one.pid)["rss"]
                figures |= _answer_times(one, size.answers)
            return figures | _of_crowd(one, size)
        figures |= _answer_times(one, size.answers)
        if name == BEFORE:
            for count in (SOME, size.crowd):
                with _open_pages(one.port, count):
                    figures[f"memory_{count}_mb"] = memory_mb(one.pid)["rss"]
        return figures


def _first_events(ours: Contestant, part: str, times: int) -> Figures:
    firsts = []
    for number in range(times):
        if number:
            time.sleep(1.2)  # each is the first viewer: the panel samples anew
        firsts.append(viewers.first_event(ours.port, TOKEN))
    return {
        f"{part}first_event_ms": percentile([ms for ms, _ in firsts], 0.5) or 0.0,
        f"{part}first_event_bytes": float(max(count for _, count in firsts)),
    }


def _alone(one: Contestant, size: Size) -> Figures:
    time.sleep(size.started_s)
    used, at = cpu_seconds(one.pid), time.monotonic()
    time.sleep(size.seconds)
    spent = cpu_seconds(one.pid) - used
    return {"cpu_idle_percent": 100 * spent / (time.monotonic() - at), "memory_0_mb": memory_mb(one.pid)["rss"]}


def _of_crowd(ours: Contestant, size: Size) -> Figures:
    with _crowd(ours.port, size.crowd, size.seconds) as process:
        used, at = cpu_seconds(ours.pid), time.monotonic()
        time.sleep(size.seconds * 0.9)
        spent = 100 * (cpu_seconds(ours.pid) - used) / (time.monotonic() - at)
        memory = memory_mb(ours.pid)
        said = process.communicate(timeout=JOIN_S)[0]
    if process.returncode != 0:
        raise UnavailableError(f"The {size.crowd} viewers did not get their events (exit code {process.returncode}).")
    found = json.loads(said)
    time.sleep(size.gone_s)
    return {
        "crowd_cpu_percent": spent,
        "crowd_p99_ms": found["p99_ms"],
        "crowd_read_late_p50_ms": found["read_late_p50_ms"],
        "crowd_read_late_p99_ms": found["read_late_p99_ms"],
        "crowd_memory_mb": memory["rss"],
        f"memory_{size.crowd}_mb": memory["rss"],
        "after_crowd_memory_mb": memory_mb(ours.pid)["rss"],
        "crowd_lost": found["lost"],
        "crowd_own_cpu_percent": found["own_cpu_percent"],
    }


@contextlib.contextmanager
def _open_pages(port: int, count: int) -> Iterator[None]:
    """Hold the connections of ``count`` pages of the panel before, each of which has asked once.

    They do not go on asking, which is in its favour: 1,000 pages that poll would start a thousand curls a second.
    """
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    request = f"GET /api/config HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            try:
                page_of_it = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=JOIN_S))
                page_of_it.sendall(request)
                answered = page_of_it.recv(65536)
            except OSError as problem:
                raise UnavailableError(f"The panel before took no {count} connections ({problem}).") from None
            if not answered:
                raise UnavailableError(f"The panel before closed one of {count} connections.")
        yield


@contextlib.contextmanager
def _crowd(port: int, count: int, seconds: float) -> Iterator[subprocess.Popen[str]]:
    """Yield the process of ``count`` viewers once all have had their first event; it watches for ``seconds``."""
    words = [sys.executable, "-m", "bench.measure.panel.viewers", "--port", str(port)]
    words += ["--count", str(count), "--seconds", str(seconds)]
    process = subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
    )
    with process:
        try:
            assert process.stdin is not None and process.stderr is not None
            process.stdin.write(TOKEN + "\n")
            process.stdin.flush()
            line = process.stderr.readline()
            if line.strip() != "joined":
                raise UnavailableError(f"{count} viewers did not join: {(line + process.stderr.read()).strip()[-300:]}")
            yield process
        finally:
            process.kill()


def _answer_times(contestant: Contestant, count: int) -> Figures:
    """Return p50 and p99 (ms) of ``count`` answers each, asked one after the other on one connection."""
    found: Figures = {}
    headers = {"Authorization": f"Bearer {contestant.token}"} if contestant.token else {}
    connection = http.client.HTTPConnection("127.0.0.1", contestant.port, timeout=30)
    with contextlib.closing(connection):
        for name, path in (("stats", contestant.stats), ("status", contestant.status)):
            times = []
            for _ in range(count):
                at = time.perf_counter()
                connection.request("GET", path, headers=headers)
                answer = connection.getresponse()
                answer.read()
                times.append(1000 * (time.perf_counter() - at))
                if answer.status != 200:
                    raise UnavailableError(f"{contestant.name} answered {path} with {answer.status}.")
            found[f"{name}_p50_ms"] = percentile(times, 0.5) or 0.0
            found[f"{name}_p99_ms"] = percentile(times, 0.99) or 0.0
    return found
