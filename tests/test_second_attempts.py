"""Which tests are tried twice, what a run says of it, and when that ends it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import PARTS, REPOSITORY
from tests.second_attempts import IN_REAL_TIME

pytest_plugins = ["pytester"]

SETTINGS = """
[pytest]
addopts = --strict-markers -ra -p no:cacheprovider
filterwarnings = error
timeout = 30
markers =
    ansible: part
    browser: part
    machine: part
    image: part
    vm: part
"""
CONFTEST = """
import json
from pathlib import Path
from tests.second_attempts import SecondAttempts

FIGURES = {}

def pytest_configure(config):
    config.pluginmanager.register(SecondAttempts(config, FIGURES), "second-attempts")

def pytest_sessionfinish():
    Path("figures.json").write_text(json.dumps(FIGURES))
"""
TRIES = """
import time
from pathlib import Path
import pytest

def fails(name, times):
    tried = Path(f"{name}.tried")
    number = int(tried.read_text()) + 1 if tried.exists() else 1
    tried.write_text(str(number))
    assert number > times, f"{name} failed at try {number}"

def tries(name):
    return int(Path(f"{name}.tried").read_text())
"""


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A folder with the plugin and with tests that fail so often, to be run in a process of its own."""
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    pytester.makeini(SETTINGS)
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(tries=TRIES)
    return pytester


def outcome_of(run: pytest.Pytester, text: str) -> pytest.RunResult:
    run.makepyfile(test_it=f"from tries import *\n{text}")
    return run.runpytest_subprocess()


def figures(run: pytest.Pytester) -> object:
    return json.loads((run.path / "figures.json").read_text())


def tried(run: pytest.Pytester, name: str) -> int:
    return int((run.path / f"{name}.tried").read_text())


@pytest.mark.parametrize("part", IN_REAL_TIME)
def test_one_that_fails_once_passes_and_is_named(run: pytest.Pytester, part: str) -> None:
    done = outcome_of(run, f"@pytest.mark.{part}\ndef test_once():\n    fails('once', 1)\n")
    assert done.ret == 0
    done.assert_outcomes(passed=1)
    said = "AssertionError: once failed at try 1"
    done.stdout.fnmatch_lines(["*= second attempts =*", f"*::test_once failed and then passed; at first: {said}"])
    assert figures(run) == {"second attempts": [{"test": "test_it.py::test_once", "first": said, "second": "passed"}]}


def test_one_that_fails_twice_fails(run: pytest.Pytester) -> None:
    done = outcome_of(run, "@pytest.mark.vm\ndef test_twice():\n    fails('twice', 2)\n")
    assert done.ret == 1 and tried(run, "twice") == 2
    done.stdout.fnmatch_lines(["*::test_twice failed and then failed; at first: *try 1"])


def test_whole_run_that_needs_none_says_nothing_of_it(run: pytest.Pytester) -> None:
    done = outcome_of(run, "@pytest.mark.vm\ndef test_good():\n    fails('good', 0)\n")
    assert done.ret == 0 and figures(run) == {}
    done.stdout.no_fnmatch_line("*second attempt*")


@pytest.mark.parametrize("marks", ["", "@pytest.mark.ansible", "@pytest.mark.ansible\n@pytest.mark.image"])
def test_unit_and_ansible_tests_are_tried_once(run: pytest.Pytester, marks: str) -> None:
    done = outcome_of(run, f"{marks}\ndef test_once():\n    fails('once', 1)\n")
    assert done.ret == 1 and tried(run, "once") == 1 and figures(run) == {}


def test_run_in_which_a_fourth_test_needs_one_fails(run: pytest.Pytester) -> None:
    text = (
        "@pytest.mark.image\n@pytest.mark.parametrize('n', range({}))\ndef test_once(n):\n    fails(f'once{{n}}', 1)\n"
    )
    assert outcome_of(run, text.format(3)).ret == 0
    for left in run.path.glob("*.tried"):
        left.unlink()
    done = outcome_of(run, text.format(4))
    assert done.ret == 1 and tried(run, "once3") == 1
    done.assert_outcomes(passed=3, failed=1)
    done.stdout.fnmatch_lines(["All 3 second attempts of a run are used up: no further test got one."])


MACHINE = """
def note(word):
    with Path("made").open("a") as file:
        file.write(word)

@pytest.fixture(scope="module")
def machine():
    note("made ")
    try:
        fails("making", {})
        yield
    finally:
        note("gone ")

@pytest.mark.machine
@pytest.mark.parametrize("n", range(9))
def test_on_it(machine, n):
    fails(f"on{{n}}", {})
"""


def test_machine_that_was_half_made_is_removed_and_made_anew(run: pytest.Pytester) -> None:
    done = outcome_of(run, MACHINE.format(1, 0))
    assert done.ret == 0 and (run.path / "made").read_text() == "made gone made gone "
    done.stdout.fnmatch_lines(["*::test_on_it?0? failed and then passed; at first: setup: *making failed at try 1"])


def test_machine_that_was_made_stays_for_the_second_attempt(run: pytest.Pytester) -> None:
    done = outcome_of(run, MACHINE.format(0, "1 if n in (0, 5, 8) else 0"))
    assert done.ret == 0 and (run.path / "made").read_text() == "made gone "


def test_machine_that_cannot_be_made_is_not_tried_for_each_of_its_tests(run: pytest.Pytester) -> None:
    done = outcome_of(run, MACHINE.format(99, 0))
    assert done.ret == 1 and tried(run, "making") <= 1 + 3
    done.assert_outcomes(errors=9)


def test_second_attempt_has_a_time_limit_of_its_own(run: pytest.Pytester) -> None:
    text = "@pytest.mark.vm\n@pytest.mark.timeout(2)\ndef test_hangs():\n    fails('hangs', {})\n    time.sleep({})\n"
    # Each attempt takes most of the limit, and both together more than it.
    slow = text.replace("    fails", "    time.sleep(1.4)\n    fails")
    assert outcome_of(run, slow.format(1, 0)).ret == 0
    (run.path / "hangs.tried").unlink()
    done = outcome_of(run, text.format(1, 60))
    assert done.ret == 1 and done.duration < 30
    done.stdout.fnmatch_lines(["*failed and then failed*"])


def test_every_part_is_one_or_the_other() -> None:
    assert {*PARTS} - {*IN_REAL_TIME} == {"ansible"}


def test_this_run_uses_it(pytestconfig: pytest.Config) -> None:
    plugin = pytestconfig.pluginmanager.get_plugin("second-attempts")
    assert plugin is not None and Path(plugin.__class__.__module__.replace(".", "/")).name == "second_attempts"
