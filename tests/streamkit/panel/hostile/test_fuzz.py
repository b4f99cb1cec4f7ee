"""Every route of the running panel on requests that no browser sends, from one seed.

``STREAMKIT_FUZZ_INPUTS`` sets how many (500 in every run), ``STREAMKIT_FUZZ_SEED`` another seed.  Half of them come
without a login: what they ask must not reach the supervisor or the signaller.
"""

from __future__ import annotations

import collections
import contextlib
import os
import sys
import time
from typing import Any

import pytest

from tests.streamkit.panel.hostile.malformed import Attempt, make_attempt
from tests.streamkit.panel.hostile.nasty import CANARY, INJECTED
from tests.streamkit.panel.hostile.routes import all_routes
from tests.streamkit.panel.hostile.target import TOKEN, Supervisor, Target, wait_until
from tests.streamkit.panel.hostile.wire import Answer, HangError, ProtocolError, answers, connect, exchange, reset

INPUTS = min(int(os.environ.get("STREAMKIT_FUZZ_INPUTS", "500")), 20_000)
SEED = int(os.environ.get("STREAMKIT_FUZZ_SEED", "4051"))
MAX_SECONDS = 20.0
"""An attempt takes milliseconds; a busy machine may hold the panel up for a while."""
MAX_GROWTH_BYTES = 24 * 1024 * 1024
STREAM_KEY = "the-stream-key"


def send(target: Target, attempt: Attempt) -> list[Answer]:
    """Send one attempt and return the answers, none where the peer vanished."""
    if not attempt.vanishes:
        received = exchange(target.port, attempt.pieces, attempt.source, attempt.pause_s, MAX_SECONDS)
        return list(answers(received, (attempt.method.strip(),)))
    connection = connect(target.port, attempt.source, MAX_SECONDS)
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        connection.sendall(b"".join(attempt.pieces))
    reset(connection)
    return []


def check(attempt: Attempt, answer: Answer) -> None:
    """Hold one answer against what every answer of the panel must be."""
    allowed = (503, 502, 504) if b"whep" in attempt.pieces[0][:200] else (503,)
    assert answer.status < 500 or answer.status in allowed, f"status {answer.status}: {answer.body[:200]!r}"
    whole = repr(answer.headers).encode() + answer.body
    for secret in (TOKEN, STREAM_KEY):
        assert secret.encode() not in whole, "a secret in the answer"
    assert INJECTED not in answer.headers, "a header of the stranger's"
    if answer.headers.get("content-type", "").startswith("text/html"):
        assert CANARY.encode() not in answer.body, "the stranger's HTML in a page"
        assert "default-src 'none'" in answer.headers["content-security-policy"]


def run(target: Target, first: int, count: int, cookie: str, seen: collections.Counter[int]) -> None:
    """Send ``count`` attempts from number ``first``, with a good request between them now and then."""
    routes = all_routes()
    for number in range(first, first + count):
        attempt = make_attempt(SEED, number, routes, target.port, cookie)
        try:
            for answer in send(target, attempt):
                check(attempt, answer)
                seen[answer.status] += 1
            if number % 20 == 0:
                assert target.ask("GET", "/api/status")[0] == 200, "the good request after it"
        except (AssertionError, HangError, ProtocolError, OSError) as problem:
            raise AssertionError(f"seed {SEED}, {attempt}: {type(problem).__name__}: {problem}") from problem
    assert target.process.poll() is None


@pytest.mark.timeout(120 + INPUTS // 10)
def test_malformed_requests(target: Target, supervisor: Supervisor, signaller: Any, capsys: Any) -> None:
    begun, seen = time.monotonic(), collections.Counter[int]()
    cookie = target.cookie()
    # Both halves once, so that what is loaded at first use is no growth.
    run(target, 0, 60, cookie, collections.Counter())
    supervisor.asked.clear()
    signaller.requests.clear()
    descriptors, memory = target.descriptors, target.memory_bytes

    run(target, 0, INPUTS // 2, "", seen)
    assert supervisor.asked == [] and signaller.requests == [], f"seed {SEED}: reached without a login"
    run(target, INPUTS // 2, INPUTS - INPUTS // 2, cookie, seen)

    grown = target.memory_bytes - memory
    assert grown < MAX_GROWTH_BYTES, f"{grown} bytes more after {INPUTS} attempts"
    wait_until(lambda: target.descriptors <= descriptors, f"{target.descriptors} descriptors, at first {descriptors}")
    assert "Traceback" not in target.said, f"seed {SEED}: {target.said[-3000:]}"
    assert TOKEN not in target.said and STREAM_KEY not in target.said
    # Nobody without a login may push the useful lines out of the log.  Guesses are told, and come from ever new
    # addresses here; from one address they are rare, for it has to wait.
    others = [line for line in target.said.splitlines() if not line.startswith("A login from ")]
    assert len(others) < 50, "\n".join(others)[:3000]
    with capsys.disabled():
        sys.stdout.write(
            f"\nseed {SEED}: {INPUTS} malformed requests in {time.monotonic() - begun:.1f} s, {grown / 2**20:+.1f} MiB,"
            f" answers {dict(sorted(seen.items()))}\n"
        )


def test_every_attempt_is_made_from_its_number_alone() -> None:
    routes = all_routes()
    again = [make_attempt(SEED, number, routes, 80, "c=d") for number in range(200)]
    assert [make_attempt(SEED, number, routes, 80, "c=d") for number in reversed(range(200))] == again[::-1]
    assert len({attempt.pieces for attempt in again}) > 190
