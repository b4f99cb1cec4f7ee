"""The suites that can be run in a scenario, by name.  A suite's module is imported when it runs, not before.

A suite's module has one function ``measure(scenario, options) -> (figures, details)``: it makes one run and returns its
figures (by the names of ``bench.figures``, None for what could not be measured) and free JSON beside them.  It raises
UnavailableError (or any StreamkitError) with one sentence where the run did not come about: that is a crashed run.
BadInputError is the person's to mend and ends the command.  A figure that is not to be measured in this run at all (a
cold build in the third pair) is left out; one that should have been and could not is None, and makes it "unknown".
``details["machine"]``, where given, is added to the run's metadata: image, image_digest, source, offered_fps.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from streamkit.errors import BadInputError

Figures = dict[str, float | None]
Details = dict[str, Any]


class Named(Protocol):
    """What the runner needs of a scenario; the suites get the whole one."""

    @property
    def name(self) -> str:
        """What it is called in the records."""


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


@dataclass(frozen=True)
class Options:
    """How one run is made.

    ``seconds`` is how long to measure, warm-up of the run itself not counted; None: what the suite thinks right.
    ``folder`` is where a run may leave files; ``tell`` gets a line on each step.  ``pair`` is the run's number in a
    comparison, from 0; None outside of one and in a warm-up.
    """

    seconds: float | None = None
    folder: Path = Path("build/bench")
    tell: Callable[[str], None] = field(default=_say, compare=False)
    pair: int | None = None
    warmup: bool = False


Measure = Callable[[Any, Options], tuple[Figures, Details]]


@dataclass(frozen=True)
class Suite:
    """``seconds`` is what a run measures unless told otherwise, ``overhead_s`` what it takes besides.

    ``repeats`` is whether more runs say more: a size or a fact is the same each time, and one pair will do.
    ``warmups`` is how many runs of each side come first and count nowhere; ``pairs`` how many follow unless told
    otherwise: six are the fewest whose p can be below 0.05.  ``by_name``: a comparison has it only where it is asked for.
    """

    name: str
    title: str
    seconds: float
    overhead_s: float
    measure: Measure
    repeats: bool = True
    warmups: int = 0
    pairs: int = 6
    by_name: bool = False

    def seconds_estimate(self, seconds: float | None = None) -> float:
        """Return how long one run takes, in seconds, all told."""
        return (self.seconds if seconds is None else seconds) + self.overhead_s

    def run(self, scenario: Named, options: Options) -> tuple[Figures, Details]:
        """Make one run.  Raises StreamkitError where it did not come about."""
        return self.measure(scenario, options)


def _lazily(module: str) -> Measure:
    def measure(scenario: Any, options: Options) -> tuple[Figures, Details]:
        found: tuple[Figures, Details] = importlib.import_module(module).measure(scenario, options)
        return found

    return measure


SUITES: dict[str, Suite] = {
    suite.name: suite
    for suite in (
        Suite("stream", "Stream", 90, 25, _lazily("bench.measure.stream"), warmups=1),
        Suite("panel", "Panel", 60, 30, _lazily("bench.measure.panel.suite")),
        Suite("build", "Build of the image", 0, 600, _lazily("bench.measure.build")),
        Suite("image", "Image", 0, 5, _lazily("bench.measure.image"), repeats=False),
        Suite("startup", "Start", 0, 30, _lazily("bench.measure.startup")),
        Suite("security", "Security", 0, 15, _lazily("bench.measure.security"), repeats=False),
        Suite("viewers", "Viewers of one host", 15, 150, _lazily("bench.measure.viewers"), by_name=True),
        Suite("quality", "Quality of the picture", 30, 35, _lazily("bench.measure.quality"), by_name=True),
    )
}


def find(names: list[str], suites: Mapping[str, Suite] = SUITES) -> list[Suite]:
    """Return the suites of those names, for none all but those that are had by name.

    Raises BadInputError for an unknown one.
    """
    for name in names:
        if name not in suites:
            raise BadInputError(f"--suite {name} is not known; give one of {', '.join(suites)}.")
    return [suite for name, suite in suites.items() if name in names or (not names and not suite.by_name)]
