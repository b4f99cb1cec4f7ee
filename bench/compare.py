"""Two scenarios judged from their saved runs.  Pure: equal records give equal verdicts, on every machine and day."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Sequence

from bench.figures import figure_of, in_order
from bench.records import Run
from bench.statistics import Comparison, compare_pairs
from bench.statistics.stability import of_machine

Attempt = tuple[Run, Run]
"""The runs (before, after) of one pair, in one session."""


def judge(runs: Sequence[Run], before: str, after: str, seed: int) -> list[Comparison]:
    """Return a comparison for each figure of each suite that both scenarios have runs of, in the catalogue's order.

    A figure that both runs of a pair lack was not to be measured in it, and the pair does not count for it; one that is
    None, or whose run crashed, could not be measured, and makes the figure unknown.  What was wrong with the machine is
    said with every figure that it may have touched.
    """
    found: list[Comparison] = []
    for suite in dict.fromkeys(run.suite for run in runs):
        chosen = [attempt for _, attempt in sorted(attempts(runs, suite, before, after).items())]
        told = of_machine([run.machine for run in sorted(itertools.chain(*chosen), key=lambda run: run.begun_at)])
        for name in _comparable(chosen):
            figure = figure_of(name, suite)
            one = compare_pairs(figure, [_values(name, attempt) for attempt in chosen if _asked(name, attempt)], seed)
            found.append(one if figure.exact else dataclasses.replace(one, warnings=(*one.warnings, *told)))
    places = {name: place for place, name in enumerate(in_order(one.figure.name for one in found))}
    return sorted(found, key=lambda one: places[one.figure.name])


def _comparable(chosen: Sequence[Attempt]) -> set[str]:
    names: list[set[str]] = []
    for runs in zip(*chosen, strict=True):
        done = [run.figures for run in runs if run.status == "done"]
        if done:
            names.append({name for figures in done for name in figures})
    # A side of which every run crashed has no say: what the other one gives is then unknown, not left out.
    return set.intersection(*names) if names else set()


def _asked(name: str, attempt: Attempt) -> bool:
    """Whether the figure was to be measured in the pair; where nothing came of either run, nobody can know."""
    return any(name in run.figures for run in attempt) or not any(run.status == "done" for run in attempt)


def _values(name: str, attempt: Attempt) -> tuple[float | None, float | None]:
    first, second = (run.figures.get(name) if run.status == "done" else None for run in attempt)
    return first, second


def attempts(runs: Sequence[Run], suite: str, before: str, after: str) -> dict[int, Attempt]:
    """Return the runs of each pair of a suite: those of a whole attempt, else those of the last one.

    A pair belongs to one session; one of which only one side ended was stopped, and is not there.
    """
    grouped: dict[tuple[int, str], dict[int, Run]] = {}
    for run in runs:
        if run.suite == suite and not run.warmup and run.pair is not None and run.status != "stopped":
            side = _side(run, before, after)
            if side is not None:
                grouped.setdefault((run.pair, run.session), {})[side] = run
    found: dict[int, Attempt] = {}
    for (pair, _), sides in grouped.items():
        if len(sides) == 2:
            attempt = (sides[0], sides[1])
            if pair not in found or not whole(found[pair]):
                found[pair] = attempt
    return found


def whole(attempt: Attempt) -> bool:
    """Whether both runs of a pair came to their end."""
    return all(run.status == "done" for run in attempt)


def _side(run: Run, before: str, after: str) -> int | None:
    if before == after and run.scenario == before and run.pair is not None and run.position is not None:
        # A scenario beside itself: sides change places from pair to pair, as in every comparison.
        return run.position ^ (run.pair & 1)
    return {before: 0, after: 1}.get(run.scenario)


def of_both(runs: Iterable[Run], before: str, after: str) -> list[Run]:
    """Return the runs of the two scenarios, as they ran."""
    return sorted((run for run in runs if run.scenario in (before, after)), key=lambda run: run.begun_at)


def crashes(runs: Iterable[Run], before: str, after: str) -> list[Run]:
    """Return the crashed runs of the two scenarios: listed beside every verdict, whatever came after them."""
    return [run for run in of_both(runs, before, after) if run.status == "crashed"]
