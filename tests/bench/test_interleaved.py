"""The runner with small suites: order, what is kept after a crash or Ctrl-C, and how it goes on."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.compare import judge
from bench.interleaved import Outside, Plan, StoppedError, due, run_all
from bench.measure.suites import Details, Figures, Options, Suite
from bench.progress import Progress
from bench.records import Run, Store
from streamkit.errors import BadInputError, ExitCode, UnavailableError


@dataclasses.dataclass(frozen=True)
class Side:
    """A scenario as the runner sees it."""

    name: str
    source: str = "test"
    settings: tuple[int, ...] = (1, 2)

    def as_document(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return dataclasses.asdict(self)


BEFORE, AFTER = Side("before"), Side("after")
Log = list[str]


def suite(log: Log, behave: Callable[[int], None] = lambda number: None, name: str = "stream", **changed: Any) -> Suite:
    """Make a suite that notes who runs; ``behave`` gets the number of the run and may raise."""

    def measure(scenario: Side, options: Options) -> tuple[Figures, Details]:
        number = len(log)
        log.append(f"{name} {scenario.name} {'warm-up' if options.warmup else options.pair} {options.seconds}")
        behave(number)
        value = {"before": 48.0, "after": 38.0}[scenario.name] + number / 100
        return {"latency_p50_ms": value}, {"timeline": [number], "image": "streamkit:1", "machine": {"offered_fps": 30}}

    return Suite(name, name, 90, 20, measure, **{"warmups": 1, **changed})


def go(plan: Plan, store: Store, session: str = "s1") -> str:
    """Make the runs that are left and return what was shown."""
    shown = io.StringIO()
    ticks = iter(range(0, 10**6, 10))
    outside = Outside(
        lambda: {"cpu": "N100"}, lambda: 2.5, lambda name: f"sha256:{name}", lambda: float(next(ticks)), session
    )
    left = due(plan, store.read())
    with store.exclusive(store.folder.parent / "lock"), Progress([110.0] * len(left), shown) as progress:
        run_all(plan, store, outside, progress, left)
    return shown.getvalue()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store in a folder of the test."""
    return Store(tmp_path / "results")


def test_the_order_of_the_runs_is_a_contract(store: Store) -> None:
    log: Log = []
    once = suite(log, name="image", repeats=False, warmups=0)
    go(Plan(BEFORE, AFTER, [suite(log), once], pairs=3, seconds=60.0, seed=1), store)
    assert "\n".join(log) == (
        "stream before warm-up 60.0\nstream after warm-up 60.0\n"
        "stream before 0 60.0\nstream after 0 60.0\n"
        "stream after 1 60.0\nstream before 1 60.0\n"
        "stream after 2 60.0\nstream before 2 60.0\n"
        "image before 0 60.0\nimage after 0 60.0"
    )


def test_each_run_is_kept_with_all_it_depends_on(store: Store) -> None:
    go(Plan(BEFORE, AFTER, [suite([])], pairs=1), store)
    runs = store.read()
    assert [(run.scenario, run.pair, run.position, run.warmup, run.status) for run in runs] == [
        ("before", None, None, True, "done"),
        ("after", None, None, True, "done"),
        ("before", 0, 0, False, "done"),
        ("after", 0, 1, False, "done"),
    ]
    last = runs[-1]
    assert last.session == "s1" and last.seconds == 10.0 and last.figures == {"latency_p50_ms": 38.03}
    assert last.machine == {
        "cpu": "N100",
        "busy_before_percent": 2.5,
        "source": "test",
        "image": "streamkit:1",
        "image_digest": "sha256:streamkit:1",
        "offered_fps": 30,
    }
    assert last.details["timeline"] == [3] and last.details["asked"]["seconds"] == 90


def failing(*numbers: int, problem: BaseException | None = None) -> Callable[[int], None]:
    """Return a behaviour that fails in the runs of those numbers."""

    def behave(number: int) -> None:
        if number in numbers:
            raise problem or UnavailableError("The container ended with 139.")

    return behave


def test_a_crash_is_recorded_and_the_next_run_is_made(store: Store) -> None:
    shown = go(Plan(BEFORE, AFTER, [suite([], failing(3))], pairs=6), store)
    crashed = [run for run in store.read() if run.status == "crashed"]
    assert [(run.pair, run.scenario, run.reason, run.figures) for run in crashed] == [
        (0, "after", "The container ended with 139.", {})
    ]
    assert len(store.read()) == 14 and "stream, after, pair 1 crashed: The container ended with 139." in shown
    assert judge(store.read(), "before", "after", 1)[0].verdict == "unknown"


def test_a_mistake_in_a_suite_is_a_crash_that_says_where(store: Store) -> None:
    go(Plan(BEFORE, AFTER, [suite([], failing(2, problem=KeyError("cpu")))], pairs=1), store)
    (crashed,) = (run for run in store.read() if run.status == "crashed")
    assert crashed.reason == "KeyError: 'cpu'" and "in behave" in crashed.details["traceback"]


@pytest.mark.parametrize("value", [float("nan"), object()])
def test_what_no_json_holds_is_a_crash(store: Store, value: Any) -> None:
    def measure(scenario: Side, options: Options) -> tuple[Figures, Details]:
        return {"latency_p50_ms": value}, {}

    go(Plan(BEFORE, AFTER, [Suite("stream", "", 1, 1, measure, repeats=False)]), store)
    assert [run.status for run in store.read()] == ["crashed", "crashed"]
    assert "returned what cannot be kept" in str(store.read()[0].reason)


def test_a_side_that_crashes_twice_ends_its_suite_but_not_the_next(store: Store) -> None:
    log: Log = []
    broken = suite(log, failing(*range(0, 99)))
    shown = go(Plan(BEFORE, AFTER, [broken, suite(log, name="startup", warmups=0)], pairs=2), store)
    assert [line.rsplit(" ", 1)[0] for line in log] == [
        "stream before warm-up",
        "stream after warm-up",
        "stream before 0",
        "stream after 0",
        "startup before 0",
        "startup after 0",
        "startup after 1",
        "startup before 1",
    ]
    assert "the rest of stream is left out" in shown


def test_ctrl_c_keeps_what_is_done_and_the_same_command_goes_on(store: Store) -> None:
    log: Log = []
    plan = Plan(BEFORE, AFTER, [suite(log, failing(5, problem=KeyboardInterrupt()))], pairs=4, seed=3)
    with pytest.raises(StoppedError, match="3 finished runs are kept") as caught:
        go(plan, store)
    assert "bench compare before after --saved" in str(caught.value) and caught.value.exit_code == ExitCode.FAILED
    assert [run.status for run in store.read()] == ["done"] * 5 + ["stopped"]
    assert judge(store.read(), "before", "after", 3)[0].n == 1

    again = [(one.slot.pair, one.slot.side) for one in due(plan, store.read())]
    assert [pair for pair, _ in again] == [None, None, 1, 1, 2, 2, 3, 3], "the half pair is made again, whole"
    go(plan, store, "s2")
    assert judge(store.read(), "before", "after", 3)[0].n == 4
    assert due(plan, store.read()) == [], "nothing is left, and so no warm-up either"


def test_more_pairs_go_on_where_fewer_ended(store: Store) -> None:
    log: Log = []
    go(Plan(BEFORE, AFTER, [suite(log)], pairs=2), store)
    plan = Plan(BEFORE, AFTER, [suite(log)], pairs=3)
    assert [one.slot.pair for one in due(plan, store.read())] == [None, None, 2, 2]


def test_a_crashed_pair_is_made_again(store: Store) -> None:
    plan = Plan(BEFORE, AFTER, [suite([], failing(4))], pairs=3)
    go(plan, store)
    assert [one.slot.pair for one in due(plan, store.read())] == [None, None, 1, 1]


def test_the_persons_mistake_ends_the_command(store: Store) -> None:
    with pytest.raises(BadInputError, match="no such setting"):
        go(Plan(BEFORE, AFTER, [suite([], failing(2, problem=BadInputError("no such setting")))], pairs=2), store)
    assert [run.warmup for run in store.read()] == [True, True]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"seconds": 30.0}, r"runs of stream of 90 s, and now 30 s are asked for: give the same --seconds"),
        ({"after": Side("after", settings=(3,))}, "another content of the scenario after"),
    ],
)
def test_runs_made_in_another_way_are_not_mixed(store: Store, changes: dict[str, Any], sentence: str) -> None:
    plan = Plan(BEFORE, AFTER, [suite([])], pairs=1)
    go(plan, store)
    with pytest.raises(BadInputError, match=sentence):
        due(dataclasses.replace(plan, pairs=2, **changes), store.read())


def test_a_record_that_cannot_be_written_ends_the_command(store: Store) -> None:
    def measure(scenario: Side, options: Options) -> tuple[Figures, Details]:
        if options.pair == 0:
            store.path.unlink()
            store.path.mkdir()
        return {"latency_p50_ms": 1.0}, {}

    with pytest.raises(UnavailableError, match="cannot be written: Is a directory"):
        go(Plan(BEFORE, AFTER, [Suite("stream", "", 1, 1, measure, warmups=1)], pairs=1), store)


def test_progress_says_how_long_it_takes(store: Store) -> None:
    shown = go(Plan(BEFORE, AFTER, [suite([])], pairs=2), store).splitlines()
    assert shown[0] == "run 1 of 6: stream, before, warm-up, about 11 min left"
    assert shown[-1].startswith("run 6 of 6: stream, before, pair 2, about ")
    assert all(isinstance(run, Run) for run in store.read())
