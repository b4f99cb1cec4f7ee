"""The log stays bounded and never ends the stream."""

from __future__ import annotations

import io
import time
from pathlib import Path

import pytest

from streamkit.run.child import pause_s
from streamkit.run.log import LineSplitter, RingLog, older_part, part_begins_at
from streamkit.run.log_line import parse_line


def test_log_is_turned_at_its_limit(tmp_path: Path) -> None:
    log = RingLog(tmp_path / "stream.log", io.StringIO(), limit_bytes=1000)
    for number in range(200):
        log.write("stream", f"line {number}")
    sizes = [path.stat().st_size for path in tmp_path.iterdir()]
    assert len(sizes) == 2 and max(sizes) <= 1050
    assert (tmp_path / "stream.log").read_text().endswith(" info stream: line 199\n")


def test_every_part_says_where_in_the_whole_log_it_begins(tmp_path: Path) -> None:
    path = tmp_path / "stream.log"
    log = RingLog(path, io.StringIO(), limit_bytes=1000)
    begun, sizes = [], []
    for number in range(200):
        log.write("stream", f"line {number}")
        if not path.exists():
            part = older_part(path).read_text(encoding="utf-8")
            begun.append(part_begins_at(part.splitlines()[0]))
            sizes.append(len(part))
    assert len(begun) > 3 and begun[0] is not None
    assert begun == [begun[0] + sum(sizes[:index]) for index in range(len(begun))]
    assert part_begins_at("1 info stream: This part of the log begins at 5.") is None, "only the log itself says so"


def test_docker_logs_shows_the_child_and_the_words_alone(tmp_path: Path) -> None:
    shown = io.StringIO()
    log = RingLog(tmp_path / "stream.log", shown)
    log.write("stream", "ERROR: from element capture")
    log.write("supervisor", "all is lost", "debug")
    assert shown.getvalue() == "stream: ERROR: from element capture\nsupervisor: all is lost\n"
    _, first, second = (parse_line(line) for line in (tmp_path / "stream.log").read_text().splitlines())
    assert (first.level, first.source, second.level) == ("error", "stream", "debug")
    assert abs(first.at - time.time()) < 60


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
