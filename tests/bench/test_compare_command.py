"""``bench compare`` and one run of ``bench measure``, as a person sees them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bench.cli import app
from bench.compare import judge
from bench.compare_command import verdicts
from bench.interleaved import Outside
from bench.measure.single import lines, measure_once
from bench.measure.suites import Details, Figures, Options, Suite, find
from bench.records import Store
from bench.scenario import Scenario, find_scenario
from streamkit.errors import BadInputError, ExitCode, UnavailableError
from tests.bench.test_compare import recorded, six_pairs
from tests.bench.test_interleaved import suite
from tests.conftest import REPOSITORY


def bench(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as a person does."""
    return subprocess.run(
        [sys.executable, "-m", "bench.cli", *words],
        cwd=REPOSITORY,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A folder with six pairs in it, the last line of which was cut."""
    store = Store(tmp_path / "results")
    for run in six_pairs():
        store.append(run)
    with store.path.open("a") as stream:
        stream.write('{"schema_version": 1, "kin')
    return store.folder


def test_saved_records_are_judged_and_nothing_is_measured(saved: Path) -> None:
    done = bench("compare", "before", "after", "--saved", "--out", str(saved))
    assert done.returncode == 0
    assert "line 13 is not whole" in done.stderr and len(done.stderr.splitlines()) == 1
    assert done.stdout.splitlines()[0] == "after (after) against before (before)"
    assert done.stdout.splitlines()[-1] == "2 better."
    again = bench("compare", "before", "after", "--saved", "--out", str(saved), "--json")
    rows = [json.loads(line) for line in again.stdout.splitlines()]
    assert [(row["figure"], row["verdict"], row["schema_version"]) for row in rows] == [
        ("latency_p50_ms", "better", 1),
        ("drop_percent", "better", 1),
    ]


def test_json_has_every_part_of_a_comparison(saved: Path) -> None:
    runs = Store(saved, lambda line: None).read()
    text = verdicts(runs, "before", "after", judge(runs, "before", "after", 1), as_json=True)
    first = json.loads(text.splitlines()[0])
    assert {
        "n",
        "before",
        "after",
        "difference",
        "ratio",
        "interval",
        "p",
        "needs",
        "warnings",
        "suite",
        "unit",
    } <= set(first)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("before", "nope"), "There is no scenario 'nope'; known are after, before"),
        (("before", "after", "--suite", "speed"), "--suite speed is not known; give one of stream, panel"),
        (("obs_like", "raw_to_sink", "--saved"), "it has after, before: name those"),
        (("before", "bench/scenarios/before.yml"), "both have the name before"),
    ],
)
def test_what_is_wrong_is_said_before_anything_runs(saved: Path, words: tuple[str, ...], sentence: str) -> None:
    before = Store(saved).path.read_bytes()
    done = CliRunner().invoke(app, ["compare", *words, "--out", str(saved)])
    assert isinstance(done.exception, BadInputError) and sentence in str(done.exception) and done.stdout == ""
    assert Store(saved).path.read_bytes() == before


def test_a_number_of_pairs_that_cannot_be() -> None:
    done = CliRunner().invoke(app, ["compare", "before", "after", "--pairs", "0"])
    assert done.exit_code == ExitCode.BAD_INPUT and "--pairs" in done.stderr


def test_nothing_to_judge_is_exit_code_1_and_names_the_crashes(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for side in (0, 1):
        store.append(recorded(0, side, None, status="crashed"))
    done = CliRunner().invoke(app, ["compare", "before", "after", "--saved", "--out", str(tmp_path)])
    assert done.exit_code == ExitCode.FAILED
    assert "- stream, after, pair 1: the container ended with 139" in done.stdout
    assert done.stdout.splitlines()[-1] == "No pair of runs is complete: nothing can be judged."


def test_a_folder_that_cannot_be_had(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = bench("compare", "before", "after", "--out", str(tmp_path / "file"), TMPDIR=str(tmp_path))
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "give another folder with --out" in done.stderr


SLOW = """
import signal, sys, time
from pathlib import Path
from bench.compare_command import measure
from bench.interleaved import Outside, Plan
from bench.measure.suites import Suite
from bench.records import Store
from streamkit.program import run_program
from tests.bench.test_interleaved import AFTER, BEFORE

# A shell that runs these tests in its background has it ignored, and whoever it starts inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)
folder = Path(sys.argv[1])

def run(scenario, options):
    if options.pair == 1:
        (folder / "waiting").write_text("")
        time.sleep(60)
    return {"latency_p50_ms": 1.0}, {}

plan = Plan(BEFORE, AFTER, [Suite("stream", "", 1, 1, run)], pairs=2)
outside = Outside(dict, lambda: None)
run_program(lambda: measure(plan, Store(folder), outside))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_what_is_done(tmp_path: Path, number: signal.Signals) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    words = [sys.executable, "-c", SLOW, str(tmp_path)]
    with subprocess.Popen(words, cwd=REPOSITORY, env=environment, stderr=subprocess.PIPE, text=True) as process:
        end = time.monotonic() + 60
        while not (tmp_path / "waiting").exists():
            assert process.poll() is None and time.monotonic() < end
            time.sleep(0.05)
        (lock,) = tmp_path.glob("streamkit-bench-*.lock")
        with pytest.raises(UnavailableError) as second, Store(tmp_path / "other").exclusive(lock):
            raise AssertionError("both were let in")
        process.send_signal(number)
        assert process.stderr is not None
        said = process.stderr.read()
        assert process.wait(60) == 1
    assert [run.status for run in Store(tmp_path).read()] == ["done", "done", "stopped"]
    assert "Stopped; 2 finished runs are kept" in said and "--saved" in said and "Traceback" not in said
    assert f"Another bench measures already (pid {process.pid}, " in str(second.value)


def test_suites_are_found_in_their_own_order() -> None:
    assert [one.name for one in find(["image", "stream"])] == ["stream", "image"]
    assert len(find([])) == 6
    with pytest.raises(BadInputError, match="give one of only"):
        find(["stream"], {"only": suite([])})


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store whose lock is the test's own, whatever else measures here."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return Store(tmp_path / "results")


def after() -> Scenario:
    """The product's scenario."""
    return find_scenario("after")


def outside() -> Outside:
    """A machine that says little."""
    return Outside(lambda: {"cpu": "N100"}, lambda: 1.0, lambda name: None)


def test_one_run_is_kept_and_shown(alone: Store) -> None:
    def measure(scenario: Any, options: Options) -> tuple[Figures, Details]:
        return {"first_frame_s": None, "healthy_s": 4.25}, {"machine": {"offered_fps": 60}}

    run = measure_once(Suite("startup", "Start", 0, 30, measure), after(), alone, None, outside())
    assert alone.read() == [run] and run.pair is None and run.machine["offered_fps"] == 60
    assert [line.split("  ")[1:] for line in lines(run)[1:]] == [
        ["start until healthy", "", "", "", "", "4.2 s"],
        ["start until the first frame", "could not be measured"],
    ]
    assert len(lines(run, ["healthy_s"])) == 2


def test_one_run_that_crashes_is_kept_and_says_why(alone: Store) -> None:
    def measure(scenario: Any, options: Options) -> tuple[Figures, Details]:
        raise UnavailableError("Docker is not installed here.")

    with pytest.raises(UnavailableError, match=r"did not come to its end: Docker is not installed here\."):
        measure_once(Suite("startup", "Start", 0, 30, measure), after(), alone, None, outside())
    assert [run.status for run in alone.read()] == ["crashed"]


def test_one_run_that_is_stopped_is_kept(alone: Store) -> None:
    def measure(scenario: Any, options: Options) -> tuple[Figures, Details]:
        raise KeyboardInterrupt

    with pytest.raises(UnavailableError, match="did not come to its end: stopped by the person"):
        measure_once(Suite("startup", "Start", 0, 30, measure), after(), alone, None, outside())
    assert [run.status for run in alone.read()] == ["stopped"]
