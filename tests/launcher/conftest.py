"""Fixtures of the tests that need the built image."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.launcher.container import Running, launched

Launch = Callable[..., Running]


@pytest.fixture
def launch(product_image: str, tmp_path: Path) -> Iterator[Launch]:
    """Start streamkit-launch with words; everything started is ended with the test."""
    with ExitStack() as stack:

        def start(words: Sequence[str], environment: Mapping[str, str] | None = None) -> Running:
            return stack.enter_context(launched(product_image, tmp_path, ["streamkit-launch", *words], environment))

        yield start
