"""How far a measurement is and how long it still takes: a bar on a terminal, plain lines anywhere else."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

REFRESHED_PER_SECOND = 2
BAR_WIDTH = 30


def duration(seconds: float) -> str:
    """Return a duration for a person: "45 s", "12 min", "1 h 05 min"."""
    whole = max(0, round(seconds))
    if whole < 90:
        return f"{whole} s"
    minutes = round(whole / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


class Forecast:
    """What is left of runs whose durations were estimated, corrected by what those that ended really took."""

    def __init__(self, estimates: Sequence[float]) -> None:
        """``estimates`` are the seconds of each run, in their order."""
        self._estimates = list(estimates)
        self._took: list[float] = []

    def ended(self, seconds: float) -> None:
        """Note what the current run took."""
        self._took.append(seconds)

    @property
    def done(self) -> int:
        """How many runs have ended."""
        return len(self._took)

    @property
    def count(self) -> int:
        """How many runs there are."""
        return len(self._estimates)

    def left_s(self, elapsed: float = 0.0) -> float:
        """Return the seconds left, ``elapsed`` of the current run being over."""
        known = sum(self._estimates[: self.done])
        factor = sum(self._took) / known if known else 1.0
        now = self._estimates[self.done] * factor - elapsed if self.done < self.count else 0.0
        return max(0.0, now) + factor * sum(self._estimates[self.done + 1 :])

    def share(self, elapsed: float = 0.0) -> float:
        """Return how much is done, 0 to 1."""
        over = sum(self._took) + elapsed
        whole = over + self.left_s(elapsed)
        return over / whole if whole else 1.0


class Progress:
    """Shows runs one after the other; a context manager, within which ``run`` is used for each."""

    def __init__(
        self, estimates: Sequence[float], stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """``estimates`` are the seconds of each run; ``stream`` is standard error unless given."""
        self._stream = stream if stream is not None else sys.stderr
        self._clock = clock
        self._forecast = Forecast(estimates)
        self._label = "starting"
        self._begun: float | None = None
        self._live: Live | None = None
        if self._stream.isatty():
            console = Console(file=self._stream)
            self._live = Live(
                get_renderable=self._bar, console=console, refresh_per_second=REFRESHED_PER_SECOND, transient=True
            )

    def __enter__(self) -> Progress:
        """Show the bar, where there is a terminal."""
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *reason: object) -> None:
        """Take the bar away; what was told stays."""
        if self._live:
            self._live.stop()

    def tell(self, line: str) -> None:
        """Say a line above the bar."""
        if self._live:
            self._live.console.print(Text(line))
        else:
            self._stream.write(line + "\n")
            self._stream.flush()

    @contextlib.contextmanager
    def run(self, label: str) -> Iterator[None]:
        """Show the next run while it goes on."""
        self._label, self._begun = label, self._clock()
        if self._live:
            self._live.refresh()
        else:
            self.tell(self.line())
        try:
            yield
        finally:
            self._forecast.ended(self._clock() - self._begun)
            self._begun = None

    def line(self) -> str:
        """Return in words what goes on."""
        elapsed = self._clock() - self._begun if self._begun is not None else 0.0
        number = min(self._forecast.done + 1, self._forecast.count)
        left = duration(self._forecast.left_s(elapsed))
        return f"run {number} of {self._forecast.count}: {self._label}, about {left} left"

    def _bar(self) -> Table:
        elapsed = self._clock() - self._begun if self._begun is not None else 0.0
        row = Table.grid(padding=(0, 1))
        row.add_row(ProgressBar(total=1.0, completed=self._forecast.share(elapsed), width=BAR_WIDTH), self.line())
        return row
