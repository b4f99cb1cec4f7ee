"""A second attempt for tests that watch something in real time, told by name; a run with more than a few of them fails.

The streams under test, the browser that watches them and the machines they run on share two processors: a moment in
which something else had them says nothing of the stream.  What is wrong with the stream is wrong twice.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

import pytest

IN_REAL_TIME = ("browser", "machine", "image", "vm")
"""The parts whose tests are tried twice.  A test of any other part has one attempt: nothing in it waits for a clock."""
ALLOWED = 3
"""Of one run.  The next test that fails has failed: a product or a suite that needs more is broken."""
KEY = "second attempts"
"""Its name among the figures of a run."""

_TIMER: pytest.StashKey[Any] = pytest.StashKey()


def has_two_attempts(item: pytest.Item) -> bool:
    """Whether a test belongs to a part in real time."""
    return any(item.get_closest_marker(name) for name in IN_REAL_TIME) and not item.get_closest_marker("ansible")


def is_second(node: pytest.Item) -> bool:
    """Whether a test is being tried again; a fixture asks, that puts a machine in order which the first attempt left."""
    return getattr(node, "execution_count", 1) > 1


def why(report: pytest.TestReport) -> str:
    """Return the first line of what a failed attempt said, and in which phase where that was not the test itself."""
    crash = getattr(report.longrepr, "reprcrash", None)
    said = (str(crash.message) if crash else report.longreprtext).strip()
    first = said.splitlines()[0] if said else "no reason given"
    return first[:300] if report.when == "call" else f"{report.when}: {first[:300]}"


class SecondAttempts:
    """A plugin of pytest; ``figures`` is what the run writes to its report."""

    def __init__(self, config: pytest.Config, figures: MutableMapping[str, object]) -> None:
        self.figures = figures
        self.needed: list[dict[str, str]] = []
        self.possible = not config.option.usepdb  # who looks at the first failure wants no second
        # Else a machine that cannot be made would be made anew for each of its tests.
        config.option.max_suite_reruns = ALLOWED

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Give a second attempt to those that have one."""
        for item in items:
            if self.possible and has_two_attempts(item):
                item.add_marker(pytest.mark.flaky(reruns=1))

    def pytest_timeout_set_timer(self, item: pytest.Item, settings: Any) -> None:
        """Remember the time limit of a test."""
        item.stash[_TIMER] = settings

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Give the second attempt the whole time limit: the first one's ended with its failure."""
        if is_second(item) and _TIMER in item.stash and not item.stash[_TIMER].func_only:
            item.config.hook.pytest_timeout_set_timer(item=item, settings=item.stash[_TIMER])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a first attempt that failed, and what became of the second."""
        mine = next((row for row in self.needed if row["test"] == report.nodeid), None)
        if str(report.outcome) == "rerun":
            if mine is None:  # else its teardown has failed as well
                self.needed.append({"test": report.nodeid, "first": why(report), "second": "passed"})
                self.figures[KEY] = self.needed
        elif report.failed and mine is not None:
            mine["second"] = "failed"

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print who needed one."""
        if not self.needed:
            return
        terminalreporter.section(KEY, sep="=", yellow=True)
        for row in self.needed:
            terminalreporter.write_line(f"{row['test']} failed and then {row['second']}; at first: {row['first']}")
        if len(self.needed) >= ALLOWED:
            terminalreporter.write_line(f"All {ALLOWED} second attempts of a run are used up: no further test got one.")
