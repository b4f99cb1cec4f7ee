"""From runs to rows and verdicts.  Pure: a verdict follows from the records and the goals alone."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from bench.records import Run

Verdict = Literal["reached", "not reached", "stated"]

OURS, BEFORE, GLANCES = "after", "before", "glances"
"""What the contestants are called in the records: the scenarios whose panel they are, and Glances."""


@dataclass(frozen=True)
class Goal:
    """What a figure should be: at most ``most`` (``below``: less), and ``times_less`` than the panel before.

    The median of the rounds is judged, or with ``every_round`` the worst of them.
    """

    figure: str
    title: str
    unit: str = ""
    most: float | None = None
    below: bool = False
    times_less: float | None = None
    every_round: bool = False

    @property
    def text(self) -> str:
        """The goal as a person reads it."""
        parts = [] if self.most is None else [f"{'<' if self.below else '≤'} {self.most:g}{self.unit}"]
        if self.times_less is not None:
            parts.append(f"≤ 1/{self.times_less:g} of before")
        return ", ".join(parts) or "stated"


GOALS = (
    Goal("requests_per_minute", "HTTP requests per minute after load", most=0, every_round=True),
    Goal("stats_p50_ms", "`/api/stats`, p50", " ms"),
    Goal("stats_p99_ms", "`/api/stats`, p99", " ms", 5, True, 20),
    Goal("status_p50_ms", "`/api/status`, p50", " ms"),
    Goal("status_p99_ms", "`/api/status`, p99", " ms", 5, True, 5),
    Goal("cpu_idle_percent", "CPU, no viewer", " %", 0.05),
    Goal("cpu_viewer_percent", "CPU, 1 viewer", " %", 0.15, times_less=12),
    Goal("page_cpu_percent", "the page's own CPU in the browser", " %", times_less=2),
    Goal("crowd_cpu_percent", "crowd: CPU", " %", 5),
    Goal("crowd_p99_ms", "crowd: p99 delivery after the tick", " ms", 100),
    Goal("crowd_read_late_p99_ms", "crowd: p99 of what its own reading would add (not counted)", " ms"),
    Goal("crowd_memory_mb", "crowd: memory (RSS)", " MB", 80),
    Goal("after_crowd_memory_mb", "memory after the crowd has left (RSS)", " MB"),
    Goal("crowd_lost", "crowd: viewers that lost their stream", most=0, every_round=True),
    Goal("memory_1_mb", "memory with 1 viewer (RSS)", " MB", 45),
    Goal("memory_0_mb", "memory without a viewer (RSS)", " MB"),
    Goal("memory_pss_mb", "memory with 1 viewer (PSS)", " MB"),
    Goal("memory_100_mb", "memory with 100 viewers (RSS)", " MB"),
    Goal("first_event_ms", "first event after connect", " ms", 50),
    Goal("serving_first_event_bytes", "size of the first event, serving viewers", " bytes", 2048, every_round=True),
    Goal("first_event_bytes", "size of the first event, publishing, no picture here", " bytes", 2048, every_round=True),
    Goal("page_bytes_per_minute", "bytes per minute of an open page", " bytes"),
)


@dataclass(frozen=True)
class Row:
    """A goal with the values of each contestant, one for each round, and what follows from them."""

    goal: Goal
    values: Mapping[str, tuple[float, ...]]
    verdict: Verdict

    def times_less(self, other: str) -> float | None:
        """Return how many times the median of ``other`` ours is; None where one of them is missing or ours is 0."""
        theirs, ours = self.values.get(other), self.values[OURS]
        if not theirs or statistics.median(ours) <= 0:
            return None
        return statistics.median(theirs) / statistics.median(ours)


def rows(runs: Iterable[Run]) -> list[Row]:
    """Return a row for each goal whose figure our panel has in ``runs``; runs that did not end well have none."""
    values: dict[str, dict[str, list[float]]] = {}
    for run in runs:
        for figure, value in run.figures.items():
            if run.status == "done" and value is not None:
                values.setdefault(figure, {}).setdefault(run.scenario, []).append(value)
    found = []
    for goal in GOALS:
        of_goal = {name: tuple(of_one) for name, of_one in values.get(goal.figure, {}).items()}
        if OURS in of_goal:
            found.append(Row(goal, of_goal, verdict(goal, of_goal[OURS], of_goal.get(BEFORE, ()))))
    return found


def verdict(goal: Goal, ours: tuple[float, ...], before: tuple[float, ...]) -> Verdict:
    """Judge one figure; a comparison with a panel that was not measured is not reached."""
    if goal.most is None and goal.times_less is None:
        return "stated"
    judged = max(ours) if goal.every_round else statistics.median(ours)
    if goal.most is not None and (judged > goal.most or (goal.below and judged == goal.most)):
        return "not reached"
    if goal.times_less is not None and (not before or statistics.median(before) < goal.times_less * judged):
        return "not reached"
    return "reached"
