"""``bench tune`` as a person gives it, on a made-up host; and what is wrong is said before anything is measured."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from bench.records import Run, Store
from bench.scenario import find_scenario
from bench.tune.command import Asked, tune, with_settings
from streamkit.config import parse_inventory
from streamkit.errors import BadInputError, StreamkitError
from tests.bench.test_cli import bench
from tests.bench.tune.box import Box, buffers


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    (tmp_path / "inventory").mkdir()
    (tmp_path / "inventory" / "hosts.yml").write_text("streamers:\n  hosts:\n    box: {}\n    attic: {}\n")
    return Asked("box", "after", 60, tmp_path / "out", tmp_path / "inventory", None, False, 1, "bench tune --host box")


def test_the_winner_is_written_for_the_host(asked: Asked) -> None:
    said: list[str] = []
    box = Box()
    decision = tune(asked, said.append, lambda scenario, store: box.measure, 5, asked.inventory / "lock")
    assert decision.tuned
    variables = yaml.safe_load((asked.inventory / "host_vars/box/tuned.yml").read_text())
    found = parse_inventory(variables)
    assert buffers(found, "queue_video_low_res") == 2 or buffers(found, "queue_rtp") == 1
    assert "bench tune: p99" in str(found["queue_reason"])
    assert said[0].startswith("Tuning box on this machine (") and "60 min at most" in said[0].replace(
        "1 h 00 min", "60 min"
    )
    assert any("search, round 1 of" in one for one in said) and any("comparison, pair 6 of 6" in one for one in said)
    assert said[-2] == decision.reason and said[-1].endswith("deploy with --tags plan,release,streamer.")
    # The same command again measures nothing, and says the same.
    runs = len(box.runs)
    assert tune(asked, said.append, lambda scenario, store: box.measure, 5, asked.inventory / "lock") == decision
    assert len(box.runs) == runs


def test_stopped_from_the_keyboard_it_says_how_to_go_on(asked: Asked) -> None:
    box = Box()
    box.stop_after = 4
    with pytest.raises(StreamkitError, match=r"Stopped; the finished runs are kept in .*the same command goes on"):
        tune(asked, lambda line: None, lambda scenario, store: box.measure, 5, asked.inventory / "lock")
    assert [run.status for run in Store(asked.out).read()] == ["done"] * 4 + ["stopped"]
    assert not (asked.inventory / "host_vars").exists()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"host": "cellar"}, "--host is 'cellar', which .* does not have; name one of attic, box"),
        ({"scenario": "aftre"}, "There is no scenario 'aftre'; known are after,"),
        ({"minutes": 3}, "--minutes 3 is too short"),
        ({"bitrates": (5000, 4000)}, "--bitrate-from 5000 is more than"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_measured(
    asked: Asked, wrong: dict[str, object], sentence: str
) -> None:
    box = Box()
    with pytest.raises(BadInputError, match=sentence):
        tune(replace(asked, **wrong), lambda line: None, lambda scenario, store: box.measure)  # type: ignore[arg-type]
    assert not box.runs and not asked.out.exists()


def test_a_record_of_somebody_else_in_the_folder_does_no_harm(asked: Asked) -> None:
    Store(asked.out).append(Run("stream", "after", "other", 0.0, 1.0, figures={"latency_p99_ms": 1.0}))
    assert tune(asked, lambda line: None, lambda scenario, store: Box().measure, 5, asked.inventory / "lock").tuned


def test_a_candidate_is_the_scenario_with_other_settings() -> None:
    after = find_scenario("after")
    words = "queue max-size-buffers=1 max-size-time=100000000 max-size-bytes=0"
    made = with_settings(after, {**after.settings, "encoder_speed": -1, "queue_rtp": words})
    assert made.queues == {"QUEUE_RTP": words}
    assert made.settings == {**after.settings, "encoder_speed": -1}
    assert with_settings(after, after.settings) == after


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--bitrate-from", "2000"), "Give both --bitrate-from and --bitrate-to"),
        (("--host", "nobody"), "--host is 'nobody', which inventory does not have"),
        (("--inventory", "README.md"), "which is no folder"),
    ],
)
def test_the_command_line_refuses_in_one_sentence(words: tuple[str, ...], sentence: str) -> None:
    done = bench("tune", *words)
    assert done.returncode == 2 and sentence in done.stderr and len(done.stderr.splitlines()) == 1
