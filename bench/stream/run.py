"""One run of a scenario, from its container's start to its end, under a load.  Runs where Docker and the viewer are."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from bench.scenario import Scenario
from bench.stream import frames as account_of
from bench.stream.capabilities import bounding_set
from bench.stream.container import Running, started
from bench.stream.frames import Frames, Viewed
from bench.stream.load import Sustained, bursts, rate_for, sustained
from bench.stream.page import Page, open_page
from bench.stream.prepared import Prepared
from bench.stream.sampler import CpuUse, Sample, Sampler
from bench.viewer.score import score
from bench.viewer.watch import ViewerResult
from bench.viewer.watch import measure as measure_in_browser
from streamkit.errors import BadInputError, UnavailableError
from streamkit.video import parse_fps

WARMUP_S = 5.0
TRIAL_S, TRIAL_WARMUP_S, SEARCH_S = 6.0, 3.0, 180.0
"""Of each rate while the sustained one is searched, and of the whole search."""

Watch = Callable[[str, float, float], ViewerResult | None]
"""``watch(address, seconds, warmup_s)`` plays from a WHEP address and returns a ViewerResult (bench/viewer/watch.py)."""


@dataclass(frozen=True)
class Measured:
    """One run.  ``result`` is the viewer's (None: nobody watched); ``window`` are the samples that it covers."""

    prepared: Prepared
    given: str
    load: str
    window: list[Sample]
    cpu: CpuUse
    frames: Frames
    result: ViewerResult | None
    page: Page
    searched: Sustained | None = None


def watch_in_browser(address: str, seconds: float, warmup_s: float) -> ViewerResult:
    """Watch in Chromium.  Raises UnavailableError where there is none."""
    return measure_in_browser(address, seconds, warmup_s)


def wait_only(_address: str, seconds: float, warmup_s: float) -> None:
    """Let the time pass with nobody watching."""
    time.sleep(warmup_s + seconds)


def one_run(
    scenario: Scenario,
    seconds: float,
    warmup_s: float = WARMUP_S,
    load: str = "idle",
    fps: str | None = None,
    watch: Watch = watch_in_browser,
    tell: Callable[[str], None] = lambda _line: None,
) -> Measured:
    """Run a scenario once: start it, open its panel, watch it for ``warmup_s`` and then ``seconds``, and take it away.

    ``fps`` replaces the scenario's rate; ``load`` is one of bench.stream.load.LOADS, of which only "burst" does something
    here.  Raises UnavailableError where something is missing, CrashedError where the stream ended meanwhile.
    """
    from bench.stream.prepare import prepare  # here: it needs the renderer, which a managed host has not

    prepared = prepare(scenario, fps=fps, capabilities=tuple(bounding_set()))
    with _status_server(prepared) as status, started(prepared, status) as running:
        tell(f"{scenario.name}: streams at {prepared.offered_fps:g} fps")
        return run_started(running, seconds, warmup_s, load, watch)


def run_started(running: Running, seconds: float, warmup_s: float, load: str, watch: Watch) -> Measured:
    """Measure a container that streams already."""
    prepared = running.prepared
    with (
        open_page(running) as page,
        Sampler(running) as sampler,
        bursts() if load == "burst" else contextlib.nullcontext(),
    ):
        result = watch(prepared.whep_address, seconds, warmup_s)
        ended_at = time.time()
    running.check()
    if result is not None and result.error:
        raise UnavailableError(f"The viewer ended early: {result.error}")
    if sampler.problem:
        raise UnavailableError(sampler.problem)
    window = sampler.between(*window_of(result, ended_at, seconds))
    with_figures = [sample for sample in window if sample.launch and sample.launch["ledger"]["video"]]
    if len(with_figures) < 2:
        raise UnavailableError("The launcher wrote no ledger in the window; measure for three seconds or more.")
    first, last = with_figures[0].launch, with_figures[-1].launch
    assert first is not None and last is not None
    frames = account_of.account(
        first, last, prepared.offered_fps, numbered=prepared.scenario["source"] == "card", viewed=viewed_of(result)
    )
    return Measured(prepared, running.given, load, window, sampler.cpu(window), frames, result, page)


def window_of(result: ViewerResult | None, ended_at: float, seconds: float) -> tuple[float, float]:
    """Return (begin, end) of what was measured, Unix time: from the first to the last picture that was seen.

    Where nobody watched, or nothing was seen, the last ``seconds`` before the end.
    """
    times = [sample.now_ms / 1000 for sample in result.samples] if result is not None else []
    return (min(times), max(times)) if len(times) > 1 else (ended_at - seconds, ended_at)


def viewed_of(result: ViewerResult | None) -> Viewed | None:
    """Return what a ViewerResult says of frames; None where nobody watched."""
    if result is None:
        return None
    found = score(result.samples)

    def counter(name: str) -> int | None:
        value = result.stats.get(name)
        return None if value is None else int(value)

    return Viewed(
        presented=found.presented,
        repeated=found.repeated,
        misordered=found.misordered,
        unreadable=found.unreadable,
        missing=found.missing,
        skipped=found.skipped_by_page,
        decoded=counter("framesDecoded"),
        dropped=counter("framesDropped"),
    )


def search_sustained(
    scenario: Scenario, watch: Watch = watch_in_browser, tell: Callable[[str], None] = lambda _line: None,
    within_s: float = SEARCH_S,
) -> Sustained:  # fmt: skip
    """Return the highest rate that this host sustains in a scenario with the viewer running; bounded by ``within_s``."""

    def lost_percent(fps: int) -> float:
        run = one_run(scenario, TRIAL_S, TRIAL_WARMUP_S, fps=str(fps), watch=watch)
        percent = run.frames.drop_percent
        if percent is None or not run.frames.closes:
            raise UnavailableError(account_of.verdict(run.frames) or f"At {fps} fps nothing was offered.")
        tell(f"{scenario.name}: at {fps} fps {percent:.1f} % are lost")
        return percent

    if scenario.source == "card":
        raise BadInputError(
            f"The scenario {scenario.name} takes its picture from a card, whose rate is not bench's to choose; "
            "search the sustained rate with source: test."
        )
    return sustained(lost_percent, int(_rate(scenario)), within_s)


def with_load(
    scenario: Scenario, load: str, seconds: float, warmup_s: float = WARMUP_S, watch: Watch = watch_in_browser,
    tell: Callable[[str], None] = lambda _line: None,
) -> Measured:  # fmt: skip
    """Run a scenario under one of bench.stream.load.LOADS; 80 and 120 search the sustained rate first."""
    if load not in ("80", "120"):
        return one_run(scenario, seconds, warmup_s, load, watch=watch, tell=tell)
    found = search_sustained(scenario, watch, tell)
    if found.fps is None:
        raise UnavailableError(
            f"This host sustains no rate of the scenario {scenario.name} with a viewer beside it; lower its resolution."
        )
    run = one_run(scenario, seconds, warmup_s, load, fps=str(rate_for(load, found.fps)), watch=watch, tell=tell)
    return replace(run, searched=found)


def _rate(scenario: Scenario) -> float:
    given = str(scenario.settings.get("fps", "30"))
    return 30.0 if given == "auto" else float(parse_fps(given))


@contextlib.contextmanager
def _status_server(prepared: Prepared) -> Iterator[str]:
    """What the panel before asks with curl; nothing for today's."""
    if prepared.panel != "polling":
        yield ""
        return
    from bench.measure.panel.contestants import status_server

    with status_server() as address:
        yield address
