"""The whole set of test records, gathered and made into a report once."""

from __future__ import annotations

import pytest

from bench.report.content import Content, content
from bench.report.material import Material, gather
from tests.bench.report import factory


@pytest.fixture(scope="session")
def material() -> Material:
    """Everything, judged."""
    return gather(factory.everything(), "before", "after", 1, "here")


@pytest.fixture(scope="session")
def made(material: Material) -> Content:
    """The report of everything, with all its pictures."""
    return content(material)
