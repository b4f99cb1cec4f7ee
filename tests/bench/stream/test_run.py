"""One real run of either panel in the image, with Chromium watching; and a container that leaves nothing behind."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from bench.measure import drops
from bench.measure.stream import details_of, figures_of
from bench.scenario import find_scenario
from bench.stream.container import labelled, started
from bench.stream.prepare import prepare
from bench.stream.run import one_run, wait_only
from tests.conftest import Host

pytestmark = pytest.mark.image


@pytest.fixture(autouse=True)
def product(product_image: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let scenarios run in the image under test."""
    monkeypatch.setenv("BENCH_PRODUCT_IMAGE", product_image)


def test_a_run_gives_drops_cpu_and_latency_and_leaves_nothing() -> None:
    run = one_run(find_scenario("after"), seconds=5, warmup_s=1)
    figures, details = figures_of(run), details_of(run)
    # This machine may be busy: frames may be late, but each has its place.
    assert figures["unexplained_frames"] == 0 and details["verdict"] == ""
    assert figures["offered_frames"] == pytest.approx(30 * 4, abs=35)
    presented, latency, total = figures["presented_frames"], figures["latency_p50_ms"], figures["stage_sum_ms"]
    assert presented and presented > 20 and latency and 10 < latency < 5000 and total and total > 0
    encoder, stream, container = (figures[f"cpu_{one}_percent"] for one in ("encoder", "stream", "container"))
    assert encoder and stream and container and 1 < encoder < stream < container * 1.1
    assert figures["sampler_cpu_percent"] is not None and figures["sampler_cpu_percent"] < 5
    assert details["page"]["problem"] == "" and details["page"]["bytes"] > 500
    assert any("lost: late" in line for line in drops.lines(details))
    assert run.prepared.name not in labelled() and not Path(run.prepared.folder).exists()


def test_before_runs_in_any_image_with_its_queues_root_and_polled_panel() -> None:
    # The queues, panel, sink and rights of the guide's starting point; its image takes a quarter of an hour to build.
    before = dataclasses.replace(find_scenario("before"), image="product")
    run = one_run(before, seconds=5, warmup_s=0, watch=wait_only)
    details = details_of(run)
    assert "root" in run.given and "privileged mode" in run.given
    assert run.page.problem == "" and run.page.requests >= 9
    panel = figures_of(run)["cpu_panel_percent"]
    assert panel is not None and panel > 0
    assert details["frames"]["unexplained"] == 0 and details["frames"]["captured"] > 60


def test_what_goes_wrong_within_takes_the_container_along(host: Host) -> None:
    prepared = prepare(find_scenario("obs_like"), hardware=host("no_card"))
    with pytest.raises(KeyboardInterrupt), started(prepared) as running:
        assert running.launch() is not None
        running.check()
        raise KeyboardInterrupt
    assert prepared.name not in labelled() and not Path(prepared.folder).exists()
