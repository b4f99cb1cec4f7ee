"""The log stays bounded and never ends the stream."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from streamkit.run.child import pause_s
from streamkit.run.log import LineSplitter, RingLog


def test_log_is_turned_at_its_limit(tmp_path: Path) -> None:
    log = RingLog(tmp_path / "stream.log", io.StringIO(), limit_bytes=1000)
    for number in range(200):
        log.write("stream", f"line {number}")
    sizes = [path.stat().st_size for path in tmp_path.iterdir()]
    assert len(sizes) == 2 and max(sizes) <= 1020
    assert (tmp_path / "stream.log").read_text().endswith("stream: line 199\n")


def test_log_that_cannot_be_written_is_said_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = RingLog(tmp_path / "missing" / "stream.log", io.StringIO())
    log.write("stream", "a")
    log.write("stream", "b")
    assert capsys.readouterr().err.count("cannot be written") == 1


def test_lines_are_whole_and_bounded() -> None:
    splitter = LineSplitter()
    assert splitter.feed(b"one\ntw") == ["one"]
    assert splitter.feed(b"o\r\n") == ["two"]
    assert [len(line) for line in splitter.feed(b"x" * 10000)] == [4096]
    assert splitter.flush() == []


def test_pauses_double_up_to_the_longest() -> None:
    assert [pause_s(n) for n in (1, 2, 3, 7, 100)] == [0.5, 1.0, 2.0, 30.0, 30.0]
