"""What was measured is kept: half lines, newer versions, full disks, two benches at once."""

from __future__ import annotations

import dataclasses
import errno
import json
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from bench.records import FILE, Run, Store
from streamkit.errors import BadInputError, UnavailableError
from tests.conftest import REPOSITORY


def run(number: int = 0, **changed: object) -> Run:
    """Make a run to be kept."""
    made = Run(
        suite="stream",
        scenario="after",
        session="one",
        begun_at=1000.0 + number,
        seconds=90.5,
        pair=number,
        position=0,
        figures={"latency_p50_ms": 30.25, "av_offset_ms": None},
        details={"histogram": [1, 2, 3]},
        machine={"cpu": "a", "cores": 2},
        id=f"run{number}",
    )
    return dataclasses.replace(made, **changed)  # type: ignore[arg-type]  # a test's own changes


@pytest.fixture
def told() -> list[str]:
    """Sentences that the store told."""
    return []


@pytest.fixture
def store(tmp_path: Path, told: list[str]) -> Store:
    """A store in a folder that is not there yet."""
    return Store(tmp_path / "results", told.append)


def test_runs_come_back_as_they_were(store: Store, told: list[str]) -> None:
    runs = [run(0), run(1, status="crashed", reason="no image", figures={}), run(2, warmup=True, pair=None)]
    assert store.read() == []
    for one in runs:
        store.append(one)
    assert store.read() == runs and told == []
    lines = [json.loads(line) for line in store.path.read_text().splitlines()]
    assert {(line["schema_version"], line["kind"]) for line in lines} == {(1, "run")}


@pytest.mark.parametrize("kept_bytes", [1, 40, -2])
def test_a_file_cut_in_half_keeps_the_finished_runs_and_goes_on(store: Store, told: list[str], kept_bytes: int) -> None:
    for number in range(3):
        store.append(run(number))
    whole = store.path.read_bytes()
    last = whole.rstrip(b"\n").rfind(b"\n") + 1
    store.path.write_bytes(whole[: last + kept_bytes] if kept_bytes > 0 else whole[:kept_bytes])
    assert [one.id for one in store.read()] == ["run0", "run1"]
    assert len(told) == 1 and "line 3 is not whole" in told[0] and "2 finished runs" in told[0]
    store.append(run(7))
    told.clear()
    assert [one.id for one in store.read()] == ["run0", "run1", "run7"] and told == []


def test_a_last_line_that_lacks_only_its_end_is_a_run(store: Store, told: list[str]) -> None:
    store.append(run(0))
    store.path.write_bytes(store.path.read_bytes().rstrip(b"\n"))
    store.append(run(1))
    assert [one.id for one in store.read()] == ["run0", "run1"] and told == []


def test_a_half_line_longer_than_a_block_is_cut_off(store: Store) -> None:
    store.append(run(0))
    with store.path.open("a") as stream:
        stream.write('{"half": "' + "x" * 200_000)
    store.append(run(1))
    assert [one.id for one in store.read()] == ["run0", "run1"]


def test_a_broken_line_in_the_middle_costs_only_itself(store: Store, told: list[str]) -> None:
    store.append(run(0))
    with store.path.open("ab") as stream:
        stream.write(b"\x00\xff\x00\n")
    store.append(run(1))
    assert [one.id for one in store.read()] == ["run0", "run1"]
    assert len(told) == 1 and "line 2" in told[0]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"schema_version": 2}, "written by a newer streamkit"),
        ({"pair": "one"}, "pair is 'one'"),
        ({"warmup": 1}, "warmup is 1"),
        ({"begun_at": True}, "begun_at is True"),
        ({"status": "fine"}, "known are done, crashed, stopped"),
        ({"figures": {"fps_presented": "30"}}, "fps_presented is '30'"),
    ],
)
def test_what_is_no_run_of_this_version_is_refused_by_name(
    store: Store, change: dict[str, object], sentence: str
) -> None:
    store.append(run(0))
    with store.path.open("a") as stream:
        stream.write(json.dumps({**json.loads(run(1).line()), **change}) + "\n")
    before = store.path.read_bytes()
    with pytest.raises(BadInputError, match=sentence) as caught:
        store.read()
    assert "line 2" in str(caught.value) and str(store.path) in str(caught.value)
    assert store.path.read_bytes() == before


def test_no_number_that_json_lacks(store: Store) -> None:
    with pytest.raises(ValueError, match="JSON"):
        store.append(run(0, figures={"latency_p50_ms": float("nan")}))
    assert not store.path.exists()


def full(times: int) -> Callable[[int, bytes], int]:
    """Return a way to write that finds the disk full that often, once half of the bytes are there."""
    left = [times]

    def write(descriptor: int, data: bytes) -> int:
        if left[0]:
            left[0] -= 1
            os.write(descriptor, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        return os.write(descriptor, data)

    return write


def test_a_run_that_ends_on_a_full_disk_is_kept_in_the_space_set_aside(tmp_path: Path) -> None:
    Store(tmp_path).append(run(0))
    store = Store(tmp_path, write=full(1))
    with (
        store.exclusive(tmp_path / "lock"),
        pytest.raises(UnavailableError, match="this run and all finished runs are kept"),
    ):
        store.append(run(1))
    assert [one.id for one in store.read()] == ["run0", "run1"]


def test_a_disk_that_is_full_to_the_last_block_keeps_the_runs_before(tmp_path: Path) -> None:
    Store(tmp_path).append(run(0))
    before = (tmp_path / FILE).read_bytes()
    store = Store(tmp_path, write=full(2))
    with (
        store.exclusive(tmp_path / "lock"),
        pytest.raises(UnavailableError, match="all finished runs before it are kept"),
    ):
        store.append(run(1))
    assert (tmp_path / FILE).read_bytes() == before


def test_another_failure_of_the_disk_says_which(tmp_path: Path) -> None:
    def write(descriptor: int, data: bytes) -> int:
        raise OSError(errno.EIO, "Input/output error")

    with pytest.raises(UnavailableError, match=r"records\.jsonl cannot be written: Input/output error"):
        Store(tmp_path, write=write).append(run(0))


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInputError, match="give another folder with --out"):
        Store(tmp_path / "file" / "results").append(run(0))


def hold(folder: Path, held: Event, leave: Event) -> None:
    """Be the first bench."""
    with Store(folder / "first").exclusive(folder / "lock"):
        held.set()
        leave.wait(60)


def test_a_second_bench_hears_of_the_first_one(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    held, leave = context.Event(), context.Event()
    first = context.Process(target=hold, args=(tmp_path, held, leave))
    first.start()
    try:
        assert held.wait(60)
        second = Store(tmp_path / "second")
        with (
            pytest.raises(UnavailableError, match=rf"pid {first.pid}, results in .*/first"),
            second.exclusive(tmp_path / "lock"),
        ):
            raise AssertionError("both were let in")
    finally:
        leave.set()
        first.join(60)
    with second.exclusive(tmp_path / "lock"):
        assert list((tmp_path / "second").iterdir())
    assert list((tmp_path / "second").iterdir()) == []


def test_records_need_the_standard_library_alone() -> None:
    code = "import sys; sys.path.insert(0, '.'); import bench.records, bench.machine, bench.schedule, bench.figures"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
