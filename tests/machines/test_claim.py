"""One run of the tests at a time."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from tests.machines import claim
from tests.machines.errors import MachineError


def test_second_run_is_refused_until_the_first_has_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(claim, "LOCK", tmp_path / "lock")
    take = claim.claim.__wrapped__
    with (tmp_path / "lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(MachineError, match="another run of these tests"):
            take()
    os.close(take())
