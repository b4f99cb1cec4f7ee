"""One run of the tests at a time."""

from __future__ import annotations

import fcntl
import functools
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.machines import claim
from tests.machines.errors import MachineError


@pytest.fixture(autouse=True)
def unclaimed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A lock of this test alone; what the run itself has claimed stays claimed."""
    monkeypatch.setattr(claim, "LOCK", tmp_path / "lock")
    monkeypatch.setattr(claim, "_claimed", functools.cache(claim._claimed.__wrapped__))
    yield
    if claim._claimed.cache_info().currsize:
        os.close(claim.claim())


def test_second_run_is_refused_until_the_first_has_ended() -> None:
    with claim.LOCK.open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(MachineError, match="another run of these tests"):
            claim.claim()
    assert claim.claim() == claim.claim()


def test_machines_that_start_side_by_side_are_of_one_run() -> None:
    together = threading.Barrier(8)

    def start(_: int) -> int:
        together.wait()
        return claim.claim()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(start, range(8)))) == 1
