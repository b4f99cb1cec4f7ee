"""What travels to a host: an archive that needs python3 alone, a job, and records that come back."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bench.arrived import Arrived, Images, image_of, prepare
from bench.job import make_job, take
from bench.measure.suites import Options
from bench.records import Run, Store
from bench.travel import order, resting, run_all
from bench.zipapp import zipapp_bytes
from streamkit.errors import BadInputError, StreamkitError
from tests.conftest import Host

ALONE = """
import importlib, sys, zipfile
sys.path.insert(0, sys.argv[1])
names = [name for name in zipfile.ZipFile(sys.argv[1]).namelist() if name.endswith(".py") and "/" in name]
for name in names:
    importlib.import_module(name[:-3].replace("/", ".").removesuffix(".__init__"))
foreign = {name.partition(".")[0] for name in sys.modules} - set(sys.stdlib_module_names) - {"bench", "streamkit"}
print(len(names), sorted(foreign - {"__main__"}))
"""


def test_the_archive_needs_nothing_but_python(tmp_path: Path) -> None:
    archive = tmp_path / "bench.pyz"
    archive.write_bytes(zipapp_bytes())
    assert zipapp_bytes() == archive.read_bytes(), "equal sources give an equal file"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", ALONE, archive], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    count, foreign = done.stdout.split(maxsplit=1)
    assert int(count) > 20 and foreign.strip() == "[]"
    helped = subprocess.run([sys.executable, "-I", "-S", archive, "--help"], capture_output=True, text=True, check=True)
    assert "--container" in helped.stdout


@pytest.fixture(autouse=True)
def known_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking at the machine takes a second a run."""
    monkeypatch.setattr("bench.travel.machine", lambda image: {"image": image})
    monkeypatch.setattr("bench.travel.busy_percent", lambda: 1.0)


@pytest.fixture
def hardware(host: Host) -> dict[str, Any]:
    return host("no_card")


def job(hardware: dict[str, Any], *scenarios: str, pairs: int = 2) -> dict[str, Any]:
    return make_job(hardware, "streamer:1", scenarios, ["stream"], pairs, 5, 1)


def ordered(made: dict[str, Any], store: Store, until: float = 1e12) -> list[tuple[str, int | None, int | None]]:
    def measure(scenario: Arrived, options: Options) -> tuple[dict[str, float | None], dict[str, Any]]:
        assert options.seconds == 5
        if scenario.name == "before":
            raise StreamkitError("the stream ended")
        return {"latency_p99_ms": 40.0}, {}

    clock = iter(range(0, 100000, 10))
    run_all(made, store, until, {"stream": measure}, lambda: float(next(clock)))
    return [(run.scenario, run.pair, run.position) for run in store.read()]


def test_two_scenarios_are_interleaved_and_a_crash_is_a_record(hardware: dict[str, Any], tmp_path: Path) -> None:
    made = json.loads(json.dumps(job(hardware, "before", "after")))
    assert made["scenarios"]["after"]["plain"]["image"] == "streamer:1"
    store = Store(tmp_path)
    found = ordered(made, store)
    names = [name for name, _, _ in found]
    assert names in (["before", "after", "after", "before"], ["after", "before", "before", "after"])
    assert [place for _, *place in found] == [[0, 0], [0, 1], [1, 0], [1, 1]]
    states = {run.scenario: (run.status, run.reason) for run in store.read()}
    assert states == {"before": ("crashed", "the stream ended"), "after": ("done", None)}


def test_what_cannot_differ_is_looked_at_once(hardware: dict[str, Any]) -> None:
    made = {**job(hardware, "before", "after", pairs=3), "suites": ["image", "stream"]}
    assert [suite for suite, _, _ in order(made)] == ["image"] * 2 + ["stream"] * 6


def test_suites_are_handed_what_was_prepared(hardware: dict[str, Any]) -> None:
    arrived = Arrived.from_document(job(hardware, "after")["scenarios"]["after"])
    painted = prepare(arrived, fps=None, capabilities=("SYS_NICE",))
    assert "PAINT_TIMECODE=1" in " ".join(painted.words)
    assert "PAINT_TIMECODE=1" not in " ".join(prepare(arrived, paint=False).words)
    assert image_of(arrived, Images.from_environment()) == ("streamer:1", "product")


def test_one_scenario_alone_makes_no_pairs(hardware: dict[str, Any], tmp_path: Path) -> None:
    assert ordered(job(hardware, "after", pairs=3), Store(tmp_path)) == [("after", None, None)] * 3


def test_no_run_is_begun_that_would_end_too_late(hardware: dict[str, Any], tmp_path: Path) -> None:
    # The clock goes on by ten seconds at each look, three a run; a run is thought to take 30.
    assert len(ordered(job(hardware, "after", pairs=9), Store(tmp_path), until=100)) in (2, 3)


@pytest.mark.parametrize(
    ("scenarios", "suites", "sentence"),
    [
        (
            ["after"],
            ["stream", "build"],
            "bench_suites has 'build'; on a host stream, startup, image, security can be measured",
        ),
        (["after", "after"], ["stream"], "name one scenario or two different ones"),
        ([], ["stream"], "name one scenario or two"),
        (["after"], [], "at least one suite"),
        (["aftre"], ["stream"], "There is no scenario 'aftre'"),
    ],
)
def test_a_job_that_cannot_be(hardware: dict[str, Any], scenarios: list[str], suites: list[str], sentence: str) -> None:
    with pytest.raises(BadInputError, match=sentence):
        make_job(hardware, "streamer:1", scenarios, suites, 1, 5, 1)


class Docker:
    """A Docker with one container."""

    def __init__(self, running: bool) -> None:
        self.running = running
        self.asked: list[str] = []

    def __call__(self, words: Any) -> Any:
        self.asked.append(words[0])
        self.running = {"stop": False, "start": True}.get(words[0], self.running)
        return SimpleNamespace(stdout=f"{str(self.running).lower()}\n", returncode=0)


@pytest.mark.parametrize("ending", [None, KeyboardInterrupt, StreamkitError])
def test_the_stream_is_started_again_on_every_way_out(ending: type[BaseException] | None) -> None:
    docker = Docker(running=True)
    with pytest.raises(ending or ZeroDivisionError), resting("box", docker):
        assert not docker.running
        raise ending("") if ending else ZeroDivisionError
    assert docker.running and docker.asked == ["container", "stop", "start"]


def test_a_stream_that_rested_stays_at_rest() -> None:
    docker = Docker(running=False)
    with resting("box", docker):
        pass
    assert docker.asked == ["container"]


def test_records_are_taken_once_and_half_a_line_is_left(tmp_path: Path) -> None:
    fetched, folder = tmp_path / "fetched.jsonl", tmp_path / "out"
    runs = [Run("stream", "after", "one", float(number), 5.0) for number in range(3)]
    for lines, sentence in ((runs[:2], "2 new runs, 2 in all"), (runs, "1 new runs, 3 in all")):
        fetched.write_text("".join(run.line() for run in lines) + '{"schema_ver')
        assert take(fetched, folder).startswith(sentence) and not fetched.exists()
    assert Store(folder).read() == runs
    assert take(fetched, folder).startswith("The host has no runs")
