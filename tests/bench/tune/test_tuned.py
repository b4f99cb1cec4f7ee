"""What is written: variables of the schema under their evidence, at once or not at all, and never over somebody's file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from bench.statistics import compare_pairs
from bench.tune.decide import FIGURE, Decision
from bench.tune.space import DEFAULTS, Candidate
from bench.tune.tuned import evidence, keep, tuned_file
from streamkit.config import parse_inventory
from streamkit.errors import BadInputError

QUEUE = "queue max-size-buffers=2 max-size-time=500000000 max-size-bytes=0"
WINNER = Candidate((("queue_video_low_res", QUEUE), ("encoder_speed", -1)))
JUDGED = compare_pairs(FIGURE, [(48.0 + number, 40.0 + number / 2) for number in range(6)], 1)
TUNED = Decision(WINNER, WINNER, JUDGED, "It is better.")
KEPT = Decision(DEFAULTS, WINNER, JUDGED, "The defaults stay.")
MACHINE = {"cpu": "made up", "kernel": "6.1.0", "image": "streamer:1", "image_digest": "sha256:1", "governor": None}
COMMAND = "bench tune --host box"


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    folder = tmp_path / "inventory"
    (folder / "host_vars").mkdir(parents=True)
    (folder / "hosts.yml").write_text("streamers:\n  hosts:\n    box:\n      streamkit_fps: 30\n")
    return folder


def proof(decision: Decision) -> list[str]:
    return evidence(decision, "box", "2026-01-02 03:04 UTC", COMMAND, Path("build/bench/records.jsonl"), MACHINE, 25)


def test_ansible_takes_what_is_written(inventory: Path) -> None:
    path = tuned_file(inventory, "box")
    said = keep(path, TUNED, proof(TUNED))
    assert (
        path == inventory / "host_vars/box/tuned.yml" and str(path) in said and "--tags plan,release,streamer" in said
    )
    ansible = Path(sys.executable).with_name("ansible-inventory")
    done = subprocess.run([ansible, "-i", inventory, "--host", "box"], capture_output=True, text=True, check=True)
    found = {name: value for name, value in json.loads(done.stdout).items() if name.startswith("streamkit_")}
    assert found.pop("streamkit_fps") == 30
    assert parse_inventory(found) == {
        "queue_video_low_res": QUEUE,
        "encoder_speed": -1,
        "queue_reason": "bench tune: p99 41.2 ms instead of 50.5 ms, 6 pairs",
    }


def test_the_evidence_is_beside_it(inventory: Path) -> None:
    path = tuned_file(inventory, "box")
    keep(path, TUNED, proof(TUNED))
    text = path.read_text()
    for words in (
        "for box on 2026-01-02 03:04 UTC",
        "It is better.",
        "50.5 ms with the defaults, 41.2 ms with the challenger; n = 6 pairs of 25 s",
        "95 % interval",
        "exact sign-flip p 0.031",
        "cpu: made up; kernel: 6.1.0; image: streamer:1; image_digest: sha256:1",
        COMMAND,
        "build/bench/records.jsonl",
    ):
        assert words in text
    assert "governor" not in text
    yamllint = Path(sys.executable).with_name("yamllint")
    done = subprocess.run([yamllint, "--strict", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_where_the_defaults_stay_nothing_new_is_made_and_an_old_result_goes(inventory: Path) -> None:
    path = tuned_file(inventory, "box")
    assert "Nothing was written" in keep(path, KEPT, proof(KEPT)) and not path.parent.exists()
    keep(path, TUNED, proof(TUNED))
    assert "holds no variables any more" in keep(path, KEPT, proof(KEPT))
    assert yaml.safe_load(path.read_text()) is None and "The defaults stay." in path.read_text()


@pytest.mark.parametrize("ending", [".yml", ".yaml", ".json", ""])
def test_a_file_that_would_no_longer_be_read_is_named_with_the_cure(inventory: Path, ending: str) -> None:
    own = inventory / "host_vars" / f"box{ending}"
    own.write_text('{"streamkit_panel_port": 9000}')
    with pytest.raises(BadInputError, match="would be read no longer") as raised:
        tuned_file(inventory, "box")
    cure = str(raised.value).split("move it there first: ")[1]
    subprocess.run(["sh", "-euc", cure], check=True)
    assert tuned_file(inventory, "box").with_name("main.yml").read_text() == '{"streamkit_panel_port": 9000}'


@pytest.mark.parametrize("host", ["", "..", "a/b", "-x", "a b"])
def test_names_that_are_none(inventory: Path, host: str) -> None:
    with pytest.raises(BadInputError, match="--host is"):
        tuned_file(inventory, host)


def test_what_cannot_be_written_is_said(inventory: Path) -> None:
    with pytest.raises(BadInputError, match="which is no folder"):
        tuned_file(inventory / "hosts.yml", "box")
    path = tuned_file(inventory, "box")
    path.mkdir(parents=True)
    with pytest.raises(BadInputError, match=r"cannot be written .*nothing is measured anew"):
        keep(path, TUNED, proof(TUNED))
    assert [one.name for one in path.parent.iterdir()] == ["tuned.yml"], "nothing half-written is left"
