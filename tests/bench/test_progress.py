"""Time left, in words and in a bar, from estimates that the runs correct."""

from __future__ import annotations

import io
import re

import pytest

from bench.progress import Forecast, Progress, duration


class Terminal(io.StringIO):
    """Text that a terminal gets."""

    def isatty(self) -> bool:
        """It is one."""
        return True


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-3, "0 s"),
        (0.4, "0 s"),
        (89, "89 s"),
        (90, "2 min"),
        (3540, "59 min"),
        (3600, "1 h 00 min"),
        (7500, "2 h 05 min"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_what_is_left_is_corrected_by_what_was() -> None:
    forecast = Forecast([100.0, 100.0, 50.0])
    assert forecast.left_s() == 250 and forecast.left_s(30) == 220 and forecast.share() == 0
    forecast.ended(120)
    assert forecast.left_s() == pytest.approx(180), "a fifth more than was thought"
    assert forecast.left_s(1000) == pytest.approx(60), "what is overdue takes nothing from the others"
    forecast.ended(120)
    forecast.ended(60)
    assert (forecast.done, forecast.left_s(), forecast.share()) == (3, 0, 1)


def test_lines_where_nobody_sees_a_bar() -> None:
    now = [0.0]
    stream = io.StringIO()
    with Progress([100.0, 100.0], stream, lambda: now[0]) as progress:
        with progress.run("stream, before"):
            progress.tell("the image is built")
            now[0] = 200.0
        with progress.run("stream, after"):
            pass
    assert stream.getvalue().splitlines() == [
        "run 1 of 2: stream, before, about 3 min left",
        "the image is built",
        "run 2 of 2: stream, after, about 3 min left",
    ]


def test_a_bar_on_a_terminal_that_is_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    # Whatever terminal the tests themselves run on.
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    stream = Terminal()
    with Progress([30.0, 30.0], stream) as progress, progress.run("stream, before"):
        progress.tell("the image is built")
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue())
    assert "the image is built" in shown and "run 1 of 2: stream, before, about 60 s left" in shown
    assert stream.getvalue().rstrip().endswith(("\x1b[2K", "\x1b[?25h"))


def test_a_run_that_fails_ends_too() -> None:
    stream = io.StringIO()
    with Progress([1.0, 1.0], stream) as progress:
        with pytest.raises(KeyboardInterrupt), progress.run("one"):
            raise KeyboardInterrupt
        assert progress.line().startswith("run 2 of 2")
