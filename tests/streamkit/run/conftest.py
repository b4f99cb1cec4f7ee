"""Supervisors under test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from streamkit.plan.choose import make_plan
from tests.conftest import Host, MakeSettings
from tests.streamkit.run.box import Box


@pytest.fixture
def make_box(tmp_path: Path, host: Host, settings: MakeSettings) -> Iterator[Callable[..., Box]]:
    """Make a supervisor that runs the release of a fixture host with some settings given."""
    made: list[Box] = []

    def make(name: str, network: str = "host", **given: Any) -> Box:
        hardware = host(name)
        made.append(Box(tmp_path, hardware, make_plan(hardware, settings(**given)), given, network))
        return made[-1]

    yield make
    for box in made:
        box.end()


@pytest.fixture
def box(make_box: Callable[..., Box]) -> Box:
    return make_box("no_card")
