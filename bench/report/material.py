"""What a report is made of: the runs of two scenarios, and how they were judged.  Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from bench.compare import attempts, judge, whole
from bench.records import Run
from bench.report.words import listed, plural
from bench.statistics import Comparison
from streamkit.errors import BadInputError

BESIDE_SUITES = ("stream", "quality")
"""What other scenarios are compared in: another way to stream is asked how late, how lossy, how dear and how good it is."""
PLAIN_LOADS = (None, "idle")
"""A run under another load says nothing of the scenario as such."""


@dataclass(frozen=True)
class Beside:
    """Another scenario in pairs with ``after``: its runs (warm-ups and crashed ones too), and the judged figures."""

    name: str
    runs: tuple[Run, ...]
    comparisons: Mapping[str, Comparison]


@dataclass(frozen=True)
class Material:
    """``runs`` are all runs of ``before`` and ``after``, warm-ups and crashed ones too, in the order they began.

    ``comparisons`` holds {figure: judged}, only of figures that both sides have in pairs.  ``beside`` are other scenarios
    that ran in pairs with ``after``; ``left_out`` are those that did not, with how many runs each has.
    """

    before: str
    after: str
    runs: tuple[Run, ...]
    comparisons: Mapping[str, Comparison]
    left_out: Mapping[str, int]
    seed: int
    beside: tuple[Beside, ...] = ()

    @property
    def sides(self) -> tuple[str, str]:
        """The two scenarios, the one before first."""
        return self.before, self.after

    def done(self, suite: str, scenario: str) -> list[Run]:
        """Return the runs that count: those of whole pairs; where there is no pair, finished runs of the plain load."""
        paired = attempts(self.runs, suite, *self.sides).values()
        found = [run for attempt in paired if whole(attempt) for run in attempt if run.scenario == scenario]
        single = [run for run in self._finished(suite, scenario) if run.details.get("load") in PLAIN_LOADS]
        return sorted(found or single, key=lambda run: (run.begun_at, run.id))

    def paired(self, suite: str) -> bool:
        """Whether a pair of a suite is whole, so that there is something to judge."""
        return any(map(whole, attempts(self.runs, suite, *self.sides).values()))

    def paired_anywhere(self, suite: str) -> bool:
        """Whether a suite ran in pairs, with whichever scenario."""
        others = (one.figure.suite for other in self.beside for one in other.comparisons.values())
        return self.paired(suite) or suite in others

    def singles(self) -> list[Run]:
        """Return finished runs of the stream that belong to no pair: other loads, or the long one."""
        return [run for name in self.sides for run in self._finished("stream", name) if run.pair is None]

    def _finished(self, suite: str, scenario: str) -> list[Run]:
        return [
            run
            for run in self.runs
            if (run.suite, run.scenario, run.status) == (suite, scenario, "done") and not run.warmup
        ]

    def broken(self) -> list[Run]:
        """Return the runs that crashed or were stopped; they are listed, and no figure holds them."""
        return [run for run in self.all_runs() if run.status != "done"]

    def all_runs(self) -> tuple[Run, ...]:
        """Return the runs of both scenarios, then those of the scenarios beside them."""
        return (*self.runs, *(run for one in self.beside for run in one.runs))

    def values(self, suite: str, scenario: str, figure: str) -> list[float]:
        """Return a figure of every run that counts and has it."""
        found = (run.figures.get(figure) for run in self.done(suite, scenario))
        return [value for value in found if value is not None]

    def middle(self, suite: str, scenario: str, figure: str) -> float | None:
        """Return the median of :meth:`values`, None for none."""
        values = self.values(suite, scenario, figure)
        return median(values) if values else None


def gather(runs: Sequence[Run], before: str, after: str, seed: int, where: str) -> Material:
    """Return the material of a report on ``before`` and ``after``; ``where`` is what the person calls the records.

    Where one of the two was not run yet the report shows the other.  Raises BadInputError where there is no run at all,
    none of either scenario, or the two are one.
    """
    if before == after:
        raise BadInputError(f"--before and --after are both {before!r}; name two scenarios.")
    if not runs:
        raise BadInputError(
            f"{where} holds no finished run; measure first (bench compare BEFORE AFTER), or name a folder with --out."
        )
    counted = Counter(run.scenario for run in runs)
    if not counted[before] and not counted[after]:
        known = listed([f"{name} ({plural(count, 'run')})" for name, count in sorted(counted.items())])
        raise BadInputError(
            f"{where} holds no run of {before!r} or {after!r}, but of {known}; use --before and --after."
        )
    ours = tuple(
        sorted((run for run in runs if run.scenario in (before, after)), key=lambda run: (run.begun_at, run.id))
    )
    judged = {one.figure.name: one for one in judge(ours, before, after, seed)}
    others = [_beside(name, runs, after, seed) for name in sorted(counted) if name not in (before, after)]
    left_out = {one.name: counted[one.name] for one in others if not one.comparisons}
    return Material(before, after, ours, judged, left_out, seed, tuple(one for one in others if one.comparisons))


def _beside(name: str, runs: Sequence[Run], after: str, seed: int) -> Beside:
    asked = [run for run in runs if run.suite in BESIDE_SUITES]
    own = tuple(sorted((run for run in asked if run.scenario == name), key=lambda run: (run.begun_at, run.id)))
    return Beside(name, own, {one.figure.name: one for one in judge(asked, name, after, seed)})


def only_side(material: Material) -> str | None:
    """Return the one scenario that has runs, None where both have."""
    there = [name for name in material.sides if any(run.scenario == name for run in material.runs)]
    return there[0] if len(there) == 1 else None
