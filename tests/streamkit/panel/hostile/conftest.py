"""Panels to attack, each with a supervisor and a signaller that note what reached them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.streamkit.panel.hostile.target import Supervisor, Target, attacked, supervising

Attack = Callable[..., Target]


@pytest.fixture
def supervisor(states: Any) -> Iterator[Supervisor]:
    """The supervisor behind the panel."""
    with supervising(states.folder) as found:
        yield found


@pytest.fixture
def attack(states: Any, token_file: Path, signaller: Any, supervisor: Supervisor) -> Iterator[Attack]:
    """A function that starts the panel under an environment."""
    with contextlib.ExitStack() as stack:

        def start(environment: Mapping[str, str] | None = None) -> Target:
            return stack.enter_context(attacked(states.folder, token_file, signaller.url, environment))

        yield start


@pytest.fixture
def target(attack: Attack) -> Target:
    """A panel with the usual settings."""
    return attack()
