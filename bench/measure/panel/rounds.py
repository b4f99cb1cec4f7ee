"""The measurement itself: rounds in which every panel is looked at in turn, in another order each time."""

from __future__ import annotations

import contextlib
import http.client
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.measure.machine import machine
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
from bench.measure.processes import cpu_seconds, memory_mb
from streamkit.documents import SCHEMA_VERSION
from streamkit.errors import UnavailableError
from streamkit.probe.score import percentile

PACKAGES = ("bottle", "gevent", "psutil")
FIRST_EVENTS = 5
JOIN_S = 60.0
STARTED_S = 5.0
"""What a process does when it has just started is not what it costs."""
GONE_S = 4.0
"""Within it a panel has tidied up behind a crowd."""

Record = dict[str, Any]


@dataclass(frozen=True)
class Size:
    """How long a run takes: rounds, seconds of each look, answers asked of each address, and viewers of the crowd."""

    rounds: int = 3
    seconds: float = 20.0
    answers: int = 100
    crowd: int = 1000


QUICK = Size(rounds=1, seconds=5.0, answers=15, crowd=100)
SOME = 100
"""Viewers that are connected while our panel's answers are timed."""


def measure(size: Size, glances_venv: Path | None, tell: Callable[[str], None]) -> Iterator[Record]:
    """Yield the record of the run, then one for each figure and round.  ``tell`` gets a line on each step."""
    if glances_venv:
        install_glances(glances_venv)
    yield {
        "schema_version": SCHEMA_VERSION,
        "kind": "run",
        "begun_at": round(time.time(), 3),
        "rounds": size.rounds,
        "seconds": size.seconds,
        "answers": size.answers,
        "crowd": size.crowd,
        "glances": GLANCES if glances_venv else None,
        **machine(PACKAGES),
    }
    for number in range(size.rounds):
        tell(f"round {number + 1} of {size.rounds}")
        for name, figures in _fresh_round(number, size, glances_venv):
            for figure, value in figures.items():
                yield {
                    "schema_version": SCHEMA_VERSION,
                    "kind": "figure",
                    "round": number + 1,
                    "contestant": name,
                    "figure": figure,
                    "value": round(value, 4),
                }
    yield {"schema_version": SCHEMA_VERSION, "kind": "end", **machine(())}


def _fresh_round(number: int, size: Size, glances_venv: Path | None) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield the figures of a round on processes of its own: what a crowd leaves behind is not the next round's."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for name, preview in (("serving_", True), ("", False)):
            at = folder / f"{name}panel"
            at.mkdir()
            run_dir = stack.enter_context(box(at / "run", preview))
            with product(at, run_dir) as one:
                yield one.name, _first_events(one, name)
        address = stack.enter_context(status_server())
        ours = stack.enter_context(product(folder, run_dir))
        everyone = [ours, stack.enter_context(baseline(folder, run_dir, address))]
        if glances_venv:
            everyone.append(stack.enter_context(glances(folder, glances_venv)))
        shift = number % len(everyone)
        yield from _round(everyone[shift:] + everyone[:shift], ours, size)


def _first_events(ours: Contestant, name: str) -> dict[str, float]:
    firsts = []
    for _ in range(FIRST_EVENTS):
        firsts.append(viewers.first_event(ours.port, TOKEN))
        time.sleep(1.2)  # each is the first viewer: the panel samples anew
    return {
        f"{name}first_event_ms": percentile([ms for ms, _ in firsts], 0.5) or 0.0,
        f"{name}first_event_bytes": float(max(count for _, count in firsts)),
    }


def _round(order: list[Contestant], ours: Contestant, size: Size) -> Iterator[tuple[str, dict[str, float]]]:
    time.sleep(STARTED_S)
    before = {one.name: cpu_seconds(one.pid) for one in order}
    at = time.monotonic()
    time.sleep(size.seconds)
    took = time.monotonic() - at
    for one in order:
        yield one.name, {"cpu_idle_percent": 100 * (cpu_seconds(one.pid) - before[one.name]) / took}
    for one in order:
        yield one.name, page.watch(one, size.seconds)
    for one in order:
        crowd = _crowd(one.port, SOME, 3600.0) if one is ours else contextlib.nullcontext()
        with crowd:
            yield one.name, _answer_times(one, size.answers)
    with _crowd(ours.port, size.crowd, size.seconds) as process:
        used, at = cpu_seconds(ours.pid), time.monotonic()
        time.sleep(size.seconds * 0.9)
        spent = 100 * (cpu_seconds(ours.pid) - used) / (time.monotonic() - at)
        memory = memory_mb(ours.pid)
        said = process.communicate(timeout=JOIN_S)[0]
    if process.returncode != 0:
        raise UnavailableError(f"The {size.crowd} viewers did not get their events (exit code {process.returncode}).")
    found = json.loads(said)
    time.sleep(GONE_S)
    left = memory_mb(ours.pid)
    yield (
        ours.name,
        {
            "crowd_cpu_percent": spent,
            "crowd_p99_ms": found["p99_ms"],
            "crowd_memory_mb": memory["rss"],
            "after_crowd_memory_mb": left["rss"],
            "crowd_lost": found["lost"],
            "crowd_own_cpu_percent": found["own_cpu_percent"],
        },
    )


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


def _answer_times(contestant: Contestant, count: int) -> dict[str, float]:
    """Return p50 and p99 (ms) of ``count`` answers each, asked one after the other on one connection."""
    found: dict[str, float] = {}
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
