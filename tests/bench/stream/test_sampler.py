"""CPU and time line, on the readings of real runs."""

from __future__ import annotations

import dataclasses

import pytest

from bench.stream.sampler import cpu_between, timeline
from streamkit.errors import UnavailableError
from tests.bench.stream import recorded


@pytest.mark.parametrize("name", ["before", "after"])
def test_cpu_of_a_real_run(name: str) -> None:
    use = cpu_between(recorded.pipeline(name), recorded.stream_pid(name), recorded.samples(name))
    assert use.seconds == pytest.approx(6, abs=0.2)
    assert use.encoder is not None and use.besides_share is not None
    assert use.processes["stream"] > use.encoder > 5
    assert use.besides_share == pytest.approx(100 - use.encoder / use.processes["stream"] * 100)
    assert use.pipeline_share is not None
    besides = use.parts["convert"] + use.parts["send"] + use.parts["launcher"]
    assert use.pipeline_share == pytest.approx(besides / use.encoder * 100)
    # Init and what comes and goes are in the group and in no process that is named.
    assert use.container == pytest.approx(sum(use.processes.values()), rel=0.1)
    assert 0 < use.sampler < 1


def test_the_polling_panel_costs_more_than_todays() -> None:
    panel = {
        name: cpu_between(recorded.pipeline(name), recorded.stream_pid(name), recorded.samples(name)).processes["panel"]
        for name in ("before", "after")
    }
    assert panel["before"] > 3 * panel["after"] > 0


def test_no_share_where_it_cannot_be_told() -> None:
    pipeline = dataclasses.replace(recorded.pipeline("after"), encoder_queue=None)
    use = cpu_between(pipeline, recorded.stream_pid("after"), recorded.samples("after"))
    assert (use.encoder, use.besides_share, use.pipeline_share) == (None, None, None)
    assert use.parts["encoder"] == 0


def test_a_window_of_one_reading_is_refused() -> None:
    with pytest.raises(UnavailableError, match="three seconds or more"):
        cpu_between(recorded.pipeline("after"), 1, recorded.samples("after")[:1])


def test_time_line_has_a_row_for_each_step() -> None:
    rows = timeline(recorded.samples("after"))
    assert len(rows) == 2
    assert rows[0]["captured"] == pytest.approx(30, abs=3)
    assert set(rows[0]["dropped"]) == {"capture", "late", "rate", "queue", "encoder", "sink"}
    assert rows[0]["stages_ms"]["encode"] > 0 and rows[0]["cpu_percent"] > 5
    silent = [dataclasses.replace(sample, launch=None) for sample in recorded.samples("after")]
    assert timeline(silent) == []
