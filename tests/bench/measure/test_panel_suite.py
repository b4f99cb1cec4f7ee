"""Which panel a scenario's run looks at, and for how long."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.measure.panel import suite
from bench.measure.panel.rounds import Figures, Size
from bench.measure.suites import SUITES, Options
from bench.scenario import find_scenario


@pytest.mark.parametrize(
    ("scenario", "seconds", "panel", "look_s"),
    [("before", None, "before", 20.0), ("after", None, "after", 20.0), ("obs_like", 3.0, "after", 2.0)],
)
def test_a_run_looks_at_the_scenarios_panel(
    scenario: str, seconds: float | None, panel: str, look_s: float, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    looked: list[tuple[str, Size]] = []

    def look_at(name: str, size: Size) -> Figures:
        looked.append((name, size))
        return {"requests_per_minute": 0.0}

    monkeypatch.setattr(suite, "look_at", look_at)
    options = Options(seconds, tmp_path, tell=lambda _line: None)
    figures, details = SUITES["panel"].run(find_scenario(scenario), options)
    ((name, size),) = looked
    assert (name, size.seconds, size.crowd) == (panel, look_s, 1000)
    assert figures == {"requests_per_minute": 0.0} and details["seconds_of_each_look"] == look_s
    assert details["machine"]["versions"]["gevent"]
