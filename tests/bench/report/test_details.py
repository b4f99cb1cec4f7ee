"""What is read from the details of a run, and that another form leaves only its plot out."""

from __future__ import annotations

from typing import Any

import pytest

from bench.records import Run
from bench.report.details import Distribution, Part, latencies, layers, steps, timeline, watched
from tests.bench.report import factory


def run_with(**details: Any) -> Run:
    return factory.run("stream", "after", 0, {}, details=details)


def test_percentiles_of_a_known_distribution() -> None:
    found = latencies(run_with(viewer={"latency_histogram_ms": {"10": 50, "12": 50}}))
    assert found == Distribution(9.5, (10.5, 11.5, 12.5), (50, 0, 50))
    assert [found.percentile(share) for share in (0, 25, 50, 75, 100)] == [10.5 - 1.0, 10.0, 10.5, 12.0, 12.5]


def test_runs_together_count_as_one() -> None:
    one, other = Distribution(0.5, (1.5,), (10,)), Distribution(2.5, (3.5,), (30,))
    together = Distribution.together([one, other])
    assert together.total == 40
    assert together.percentile(25) == 1.5 and 1.5 < together.percentile(26) <= 3.5


@pytest.mark.parametrize(
    "viewer", [None, "text", {}, {"latency_histogram_ms": [1]}, {"latency_histogram_ms": {"x": 1, "3": "y", "4": 0}}]
)
def test_another_form_is_not_there(viewer: object) -> None:
    assert latencies(run_with(viewer=viewer)) is None


def test_the_course_of_a_run_is_the_viewers_where_one_watched() -> None:
    run = factory.stream("before", 0)
    moments = timeline(run)
    assert watched(run) and len(moments) == 20
    assert [one.second for one in moments if one.lost] == [0, 5, 10, 15]
    assert (moments[0].delay_ms, moments[7].delay_ms) == (48.0, None)


def test_without_a_viewer_the_course_is_that_of_the_stages() -> None:
    run = run_with(timeline=[factory.second("after", number) for number in range(3)])
    assert not watched(run)
    assert [one.delay_ms for one in timeline(run)] == [8.5, 12.5, 16.5]


def test_layers_and_steps() -> None:
    assert layers(factory.image("after"))[0] == Part("/bin/sh -c step 0", 120.0)
    assert layers(run_with(layers=[{"command": "x", "bytes": 0}, {"bytes": 5}, 7])) == []
    assert steps(factory.build("after", 0), "cold") == [Part("final", 40.0), Part("plugins", 400.0)]
    assert steps(factory.build("after", 0, cold=False), "cold") == []
