"""Documents that ``streamkit.facts`` collected of two real containers of the image, for tests to change.

``hardened``: as the compose file starts it.  ``bare``: the same image, folders and variables by a plain ``docker run``, as
root, with all of /dev and a stream key in a variable.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from streamkit.documents import Document

RECORDED = Path(__file__).parent / "recorded"
Recorded = Callable[[str], Document]


@pytest.fixture
def recorded() -> Recorded:
    """Return a recorded document by name: a new one each time."""

    def load(name: str) -> Document:
        document: Document = json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))
        return document

    return load
