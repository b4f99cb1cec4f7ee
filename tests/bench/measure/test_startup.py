"""From docker run to the first frame: what is computed from launch.json, and a container that starts."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from bench.measure.startup import Seen, first_frame_at, measure, parse_time, watch
from bench.measure.suites import Options
from bench.scenario import Scenario, find_scenario
from streamkit.documents import write_document
from streamkit.errors import UnavailableError


def test_the_first_frame_is_as_many_periods_before_as_came_after_it() -> None:
    launch = {"sampled_at": 100.0, "ledger": {"video": {"sent": 31}}}
    assert first_frame_at(launch, 30.0) == pytest.approx(99.0)
    assert first_frame_at({"sampled_at": 100.0, "video": {"encoded": 1}}, 30.0) == 100.0


def test_dockers_time_has_nanoseconds() -> None:
    assert parse_time("2026-11-23T00:45:04.250000001Z") == pytest.approx(1795394704.25, abs=1e-6)
    assert parse_time("2026-11-23T01:45:04+01:00") == 1795394704.0
    with pytest.raises(UnavailableError, match="created at 'yesterday', which is no time"):
        parse_time("yesterday")


def test_it_waits_for_both_and_a_launcher_that_has_sent_nothing_is_not_there_yet(tmp_path: Path) -> None:
    launch, seen, asked = tmp_path / "launch.json", Seen(), []
    write_document(launch, {"sampled_at": 1.0, "ledger": {"video": {"sent": 0}}})

    def answers(port: int) -> bool:
        asked.append(port)
        return len(asked) >= 2

    watcher = threading.Thread(target=watch, args=(seen, 8081, launch, answers))
    watcher.start()
    watcher.join(0.5)
    # The panel was asked until it answered, and no more.
    assert watcher.is_alive() and asked == [8081, 8081] and not seen.complete
    write_document(launch, {"sampled_at": 2.0, "ledger": {"video": {"sent": 5}}})
    watcher.join(10)
    watched = vars(seen)
    assert watched["answered_at"] > 0 and first_frame_at(watched["launch"], 4.0) == 1.0


@pytest.mark.image
def test_an_image_that_is_not_there_is_one_sentence() -> None:
    with pytest.raises(
        UnavailableError, match=r"streamkit-bench-none:never of the scenario own is not on this machine"
    ):
        measure(Scenario("own", "An own one", image="streamkit-bench-none:never"), Options())


@pytest.mark.image
def test_the_product_starts(product_image: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_PRODUCT_IMAGE", product_image)
    figures, details = measure(find_scenario("after"), Options())
    healthy, first = figures["healthy_s"], figures["first_frame_s"]
    assert healthy is not None and first is not None and 0 < healthy < 60 and 0 < first < 60
    assert first <= details["first_frame_told_s"] and details["frames_when_told"] >= 1
