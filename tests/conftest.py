"""What every test may use: fixture hosts, and goldens that change through one flag only."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from streamkit.config import Value, defaults
from streamkit.documents import read_document
from tests.machines.making import wait_until_made
from tests.machines.shipped import image_in_use
from tests.second_attempts import SecondAttempts

MakeSettings = Callable[..., dict[str, Value]]
Host = Callable[[str], dict[str, Any]]
Golden = Callable[[str, Mapping[str, str]], None]

HERE = Path(__file__).parent
REPOSITORY = HERE.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-goldens", action="store_true", help="write the rendered files to tests/golden")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(SecondAttempts(config, FIGURES), "second-attempts")


PARTS = ("ansible", "browser", "machine", "image", "vm")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the parts in this order: a fresh machine builds the image that fleets and later parts take."""

    def place(item: pytest.Item) -> tuple[int, bool]:
        part = max((PARTS.index(name) for name in PARTS if item.get_closest_marker(name)), default=-1)
        return part, "fleet" in item.path.parts

    items.sort(key=place)


@pytest.fixture
def host() -> Host:
    """Return hardware.json of a fixture host by name."""
    return lambda name: read_document(HERE / "fixtures" / "hosts" / f"{name}.json")


@pytest.fixture
def settings() -> MakeSettings:
    """Return every setting at its default, with some replaced."""

    def make(**changed: Value) -> dict[str, Value]:
        return {**defaults(), **changed}

    return make


FIGURES: dict[str, object] = {}


@pytest.fixture(scope="session")
def report() -> dict[str, object]:
    """Figures seen in this session: printed at its end, and written to build/report.json."""
    return FIGURES


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures, so that a run's log holds them."""
    if FIGURES:
        text = json.dumps({"cpus": os.cpu_count(), **FIGURES}, indent=2)
        (REPOSITORY / "build").mkdir(exist_ok=True)
        (REPOSITORY / "build" / "report.json").write_text(text + "\n")
        terminalreporter.write_line(text)


@pytest.fixture(scope="session")
def product_image() -> Iterator[str]:
    """The image of this checkout in this machine's Docker, on a machine that makes no other beside it."""
    wait_until_made()
    with image_in_use() as reference:
        yield reference


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compare {path: text} with the committed files under tests/golden/<name>; both sets must be the same."""

    def compare(name: str, files: Mapping[str, str]) -> None:
        folder = HERE / "golden" / name
        if request.config.getoption("--update-goldens"):
            for path, text in files.items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_text(text, encoding="utf-8")
        committed = {
            str(p.relative_to(folder)): p.read_text(encoding="utf-8") for p in folder.rglob("*") if p.is_file()
        }
        assert sorted(files) == sorted(committed), "run pytest --update-goldens and review the difference"
        for path, text in files.items():
            assert text == committed[path], f"{name}/{path} differs: run pytest --update-goldens and review"

    return compare
