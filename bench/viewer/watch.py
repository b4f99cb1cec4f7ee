"""One look through a real viewer: Chromium plays, the page reads every picture's time code, the browser's cost is counted."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Literal
from urllib.parse import urlsplit

from bench.viewer.clock import Trip, ask, offset_of
from bench.viewer.devtools import FLAGS, Browser, GoneError, PageError
from bench.viewer.picture import Keep, Kept, begin, take
from bench.viewer.processes import tree_cpu_s
from bench.viewer.rows import sample_of
from bench.viewer.score import FrameSample
from bench.viewer.server import PageServer, serving
from bench.viewer.statistics import audio_of, difference
from streamkit.errors import UnavailableError

FIRST_PICTURE_S = 20.0
DRAIN_S = 1.0
STILL_S = 4.0
"""Without a new picture for so long, the stream is over."""
CODE_ERROR_MS = 0.5
"""The code holds whole ms; read as the middle of its ms it is at most half of one away."""
CLOCK = "performance.timeOrigin + performance.now()"


@dataclass(frozen=True)
class ViewerResult:
    """What one viewer saw.

    ``stats`` are differences of getStats' inbound-rtp of the picture over ``seconds``, ``audio`` what there is of the
    sound (see bench.viewer.statistics).  ``cpu_percent`` is of one core, for all the browser's processes.  ``error``
    says in a sentence why it ended early, with the samples until then kept; None for a whole run.
    ``method_error_ms`` is how wrong a single latency may be: clock and code together.  Reading the code is no part of it,
    for the times are noted before; what it takes is in each sample (``read_ms``).  ``kept`` are the pictures that were
    asked for; None where none were.
    """

    samples: tuple[FrameSample, ...]
    stats: dict[str, float]
    audio: dict[str, float | None]
    cpu_percent: float | None
    clock_error_ms: float | None
    method_error_ms: float | None
    seconds: float
    browser: str
    flags: tuple[str, ...]
    width: int | None = None
    height: int | None = None
    decoder: str | None = None
    error: str | None = None
    kept: Kept | None = None


@dataclass
class _Notes:
    rows: list[list[Any]] = field(default_factory=list)
    origin_ms: float = 0.0
    trips: list[Trip] = field(default_factory=list)
    stats: list[dict[str, Any]] = field(default_factory=list)
    cpu: list[tuple[float, float]] = field(default_factory=list)
    moved_at: float = field(default_factory=time.monotonic)
    kept: Kept | None = None


def measure(
    address: str,
    seconds: float,
    warmup_s: float,
    token: str | None = None,
    page: Literal["own", "product"] = "own",
    flags: Sequence[str] = (),
    patience_s: float = FIRST_PICTURE_S,
    keep: Keep | None = None,
) -> ViewerResult:
    """Watch for ``seconds`` behind ``warmup_s`` from the first picture on.

    ``address`` is a WHEP endpoint, or with ``page="product"`` the panel (http://host:port), whose own /watch page then
    plays.  ``token`` is the panel's; ``flags`` are for Chromium besides those it always gets;
    ``patience_s`` is how long a page or the first picture may take; ``keep`` which whole pictures are handed over.

    Raises UnavailableError in one sentence where nothing could be measured: no Chromium, no server, no picture.
    """
    if page == "product":
        with Browser(flags) as browser:
            _open_product(browser, address.rstrip("/"), token, patience_s)
            return _look(browser, address, seconds, warmup_s, flags, patience_s, keep)
    with serving(address, token) as server, Browser(flags) as browser:
        _open_own(browser, server)
        return _look(browser, address, seconds, warmup_s, flags, patience_s, keep)


def _script(name: str) -> str:
    return files("bench.viewer").joinpath(name).read_text(encoding="utf-8")


def _open_own(browser: Browser, server: PageServer) -> None:
    try:
        browser.open(server.address + "/")
        answer = browser.evaluate("benchPlay()")
    except PageError as problem:
        raise UnavailableError(f"The measuring page cannot play {server.endpoint}: {problem}") from None
    if server.problem:
        raise UnavailableError(server.problem)
    if not 200 <= answer["status"] < 300:
        cure = "; give the panel's token" if answer["status"] == 401 else ""
        raise UnavailableError(f"{server.endpoint} answered {answer['status']} to the viewer's offer{cure}.")
    browser.evaluate(
        f"{_script('collect.js')}\nwindow.bench = benchCollector(document.querySelector('video'), benchPc); 0"
    )


def _open_product(browser: Browser, address: str, token: str | None, patience_s: float) -> None:
    where = urlsplit(address).netloc
    try:
        browser.open(address + "/login")
        if token:
            # In the page's own form, as a person does: the token is in no address and in no argument.
            browser.evaluate(
                "document.querySelector('input[name=token]').value = "
                f"{json.dumps(token)}; document.querySelector('form').requestSubmit(); 0"
            )
            _until(
                browser,
                "document.readyState === 'complete' && !document.querySelector('input[name=token]')",
                patience_s,
            )
        browser.open(address + "/watch")
        _until(browser, "Boolean(window.streamkitPlayer && window.streamkitPlayer.pc)", patience_s)
        # A product page that connects anew gets a new connection: what was counted of the old one is then no more.
        browser.evaluate(
            f"{_script('collect.js')}\nwindow.bench = benchCollector(streamkitPlayer.video, streamkitPlayer.pc); 0"
        )
    except PageError as problem:
        raise UnavailableError(f"The panel's page at {where} cannot be watched: {problem}") from None


def _until(browser: Browser, condition: str, within_s: float) -> None:
    deadline = time.monotonic() + within_s
    while True:
        try:
            if browser.evaluate(condition):
                return
        except PageError:
            # The page was being replaced just then; asked again until the time is over.
            if time.monotonic() > deadline:
                raise
        if time.monotonic() > deadline:
            raise PageError(f"it is not ready within {within_s:.0f} s; look whether the token is right.")
        time.sleep(0.1)


def _look(
    browser: Browser,
    address: str,
    seconds: float,
    warmup_s: float,
    flags: Sequence[str],
    patience_s: float,
    keep: Keep | None,
) -> ViewerResult:
    try:
        _first_picture(browser, address, patience_s)
        _sleep_with(browser, warmup_s)
        browser.evaluate("bench.drain(); 0")
        if keep is not None:
            begin(browser, keep)
    except GoneError as problem:
        raise UnavailableError(f"{problem} Nothing was measured yet. {browser.why()}".strip()) from None
    notes = _Notes()
    began = time.monotonic()
    error = None
    try:
        _note(browser, notes)
        while (left := began + seconds - time.monotonic()) > 0:
            time.sleep(min(DRAIN_S, left))
            _note(browser, notes)
        if keep is not None:
            # Behind the window: handing them over takes the page's time.
            notes.kept = take(browser)
    except (GoneError, PageError) as problem:
        error = f"{problem} {browser.why()}".strip()
    return _result(browser, notes, time.monotonic() - began, error, flags)


def _first_picture(browser: Browser, address: str, patience_s: float) -> None:
    deadline = time.monotonic() + patience_s
    while not browser.evaluate("bench.seen()"):
        if time.monotonic() > deadline:
            state = browser.evaluate("bench.state()")["connection"]
            raise UnavailableError(
                f"No picture came from {address} within {patience_s:.0f} s (the connection is {state}); look "
                "whether the stream runs and whether a firewall holds UDP back."
            )
        time.sleep(0.1)


def _sleep_with(browser: Browser, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        time.sleep(min(DRAIN_S, left))
        browser.evaluate("bench.drain(); 0")


def _note(browser: Browser, notes: _Notes) -> None:
    found = browser.evaluate("bench.drain()")
    notes.rows += found["samples"]
    if found["samples"]:
        notes.moved_at = time.monotonic()
    elif time.monotonic() - notes.moved_at > STILL_S:
        raise PageError(f"No picture came for {STILL_S:.0f} s; the stream ended or its server went away.")
    notes.origin_ms = found["origin"]
    stats = browser.evaluate("bench.stats()")
    if "video" not in stats:
        raise PageError("The page's connection was closed.")
    notes.stats.append(stats)
    notes.cpu.append((time.monotonic(), tree_cpu_s(browser.process.pid)))
    notes.trips += ask(lambda: float(browser.evaluate(CLOCK)))


def _result(browser: Browser, notes: _Notes, seconds: float, error: str | None, flags: Sequence[str]) -> ViewerResult:
    if not (notes.rows and notes.trips):
        raise UnavailableError(error or f"The picture stood still: no new one came within {seconds:.0f} s.")
    offset = offset_of(notes.trips)
    samples = tuple(sample_of(row, notes.origin_ms - offset.offset_ms) for row in notes.rows)
    last = notes.stats[-1]
    video = last["video"]
    passed, used = (notes.cpu[-1][part] - notes.cpu[0][part] for part in (0, 1))
    return ViewerResult(
        samples=samples,
        stats=difference(notes.stats[0]["video"], video),
        audio=audio_of(notes.stats),
        cpu_percent=100 * used / passed if passed > 0 else None,
        clock_error_ms=offset.error_ms,
        method_error_ms=offset.error_ms + CODE_ERROR_MS,
        seconds=passed,
        browser=browser.version,
        flags=(*FLAGS, *flags),
        width=video.get("frameWidth"),
        height=video.get("frameHeight"),
        decoder=video.get("decoderImplementation"),
        error=error,
        kept=notes.kept,
    )
