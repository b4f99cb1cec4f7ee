"""The guide's table: measured values beside the claims, and what is said where the two differ."""

from __future__ import annotations

import pytest

from bench.records import Run
from bench.report.guide import Row, rows
from bench.report.material import Material, gather
from bench.report.summary import headline
from tests.bench.report import factory


def table(runs: list[Run]) -> dict[str, Row]:
    return {row.claim.metric: row for row in rows(gather(runs, "before", "after", 1, "here"))}


def test_every_row_of_the_guide_is_there_and_says_what_was_measured(material: Material) -> None:
    found = rows(material)
    assert [row.claim.metric for row in found] == [
        "HTTP Requests/Min",
        "API Response Time",
        "Docker Build Time",
        "Docker Image Size",
        "CPU Usage (Control Panel)",
        "Frame Drops",
        "Security Mode",
    ]
    requests, *_, drops, security = found
    assert (requests.before, requests.after, requests.verdict) == ("180\u00a0a minute", "0\u00a0a minute", "better")
    assert requests.n == "6 pairs" and requests.remark == "", "claim and measurement agree"
    assert (drops.before, drops.after) == ("11.00\u00a0%", "0\u00a0%")
    assert drops.remark == "Frame Drops: measured 100\u00a0% less where the guide says -15-20% (better quality)."
    assert (security.before, security.after) == ("root, privileged, 41 capabilities", "non-root, no capability")
    assert (security.verdict, security.n) == ("better", "exact")


def test_a_row_that_was_not_measured_says_so() -> None:
    found = table([factory.image("before"), factory.image("after")])
    assert {row.verdict for row in found.values()} == {"better", "not measured yet"}
    assert found["Frame Drops"].before == found["Frame Drops"].difference == "not measured yet"
    assert found["Docker Image Size"].measured and not found["Frame Drops"].measured


def test_of_one_side_the_other_is_not_made_up() -> None:
    row = table([factory.image("after")])["Docker Image Size"]
    assert (row.before, row.after, row.verdict) == ("not measured yet", "143\u00a0MB", "not measured yet")


def test_runs_that_are_no_pair_are_shown_and_not_judged() -> None:
    row = table([factory.stream("before", None), factory.stream("after", None)])["Frame Drops"]
    assert (row.before, row.after, row.verdict) == ("11.00\u00a0%", "0\u00a0%", "not run in pairs yet")


def test_too_few_pairs_cannot_tell_and_say_how_many_more() -> None:
    runs = [factory.stream(side, pair) for pair in range(2) for side in ("before", "after")]
    row = table(runs)["Frame Drops"]
    assert row.verdict == "cannot tell, needs 4 more pairs" and row.n == "2 pairs"
    material = gather(runs, "before", "after", 1, "here")
    assert "(cannot be told apart yet)" in headline(material, rows(material))[1]


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        ({}, "better"),
        ({"root": 1.0, "privileged": 1.0, "capabilities": 41.0, "device_nodes": 12.0, "writable_root": 1.0,
          "new_privileges": 1.0}, "the same"),
        ({"device_nodes": 20.0}, "better and worse"),
        ({"root": None}, "unknown"),
    ],
)  # fmt: skip
def test_security_is_better_only_where_nothing_is_worse(changed: dict[str, float | None], verdict: str) -> None:
    before = factory.run("security", "before", 0, dict(factory.SECURITY["before"]))
    after = factory.changed(factory.run("security", "after", 0, dict(factory.SECURITY["after"])), **changed)
    assert table([before, after])["Security Mode"].verdict == verdict


def test_a_side_that_crashed_makes_its_figures_unknown_and_is_counted() -> None:
    runs = [factory.stream(side, pair) for pair in range(6) for side in ("before", "after")]
    runs += [factory.crashed(), factory.stream("after", 6)]
    row = table(runs)["Frame Drops"]
    assert row.verdict == "unknown" and row.difference == "unknown"
    material = gather(runs, "before", "after", 1, "here")
    assert "1 run crashed (listed below, in no figure)" in headline(material, rows(material))[2]


def test_the_first_three_lines_are_what_a_manager_needs(material: Material) -> None:
    lines = headline(material, rows(material))
    assert lines == [
        "Of the 7 rows of the guide's table \u201cafter\u201d is better in 7.",
        "For who watches: delay from glass to glass (p50) 48.2\u00a0ms \u2192 30.2\u00a0ms, p99 72.3\u00a0ms \u2192 45.3\u00a0ms, "
        "frames lost 11.00\u00a0% \u2192 0\u00a0%.",
        "How far to trust it: 6 pairs of stream runs, 6 pairs of panel runs and 6 pairs of build runs, before and after "
        "interleaved, on Test processor; 1 run crashed (listed below, in no figure).",
    ]
