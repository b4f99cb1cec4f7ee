"""One run of a scenario's panel for a comparison: the panel before, or the product's."""

from __future__ import annotations

from typing import Any

from bench.machine import machine
from bench.measure.panel.figures import BEFORE, OURS
from bench.measure.panel.rounds import PACKAGES, Size, look_at
from bench.measure.suites import Details, Figures, Options

SECONDS = 60.0
LOOKS = 3
"""Without a viewer, with a page, with a crowd."""
SHORTEST_LOOK_S = 2.0


def measure(scenario: Any, options: Options) -> tuple[Figures, Details]:
    """Start the panel of ``scenario`` as a process of its own and look at it for ``options.seconds``, all looks together.

    Figures of a crowd that reads events are the product's alone.  Raises UnavailableError where something is missing.
    """
    seconds = SECONDS if options.seconds is None else options.seconds
    size = Size(rounds=1, seconds=max(seconds / LOOKS, SHORTEST_LOOK_S), firsts=2)
    name = BEFORE if scenario.panel == "polling" else OURS
    options.tell(f"{scenario.name}: the panel, {size.seconds:g} s for each look")
    figures = look_at(name, size)
    return dict(figures), {
        "panel": scenario.panel,
        "seconds_of_each_look": size.seconds,
        "crowd": size.crowd,
        "machine": {"versions": machine(PACKAGES)["versions"]},
    }
