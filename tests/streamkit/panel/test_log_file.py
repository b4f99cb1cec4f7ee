"""The log read by position: across its turns, from the middle, and at its end."""

from __future__ import annotations

import io
import time
from pathlib import Path

import pytest

from streamkit.panel.log_file import Entry, Tail, read_after, read_newest
from streamkit.run.log import RingLog


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the log is written."""
    return tmp_path / "stream.log"


def write(path: Path, *numbers: int, limit_bytes: int = 1 << 20, log: RingLog | None = None) -> RingLog:
    """Write one line for each number; of each ten the last is an error."""
    log = log or RingLog(path, io.StringIO(), limit_bytes)
    for number in numbers:
        log.write("stream", f"line {number}", "error" if number % 10 == 9 else "info")
    return log


def texts(entries: list[Entry]) -> list[str]:
    """Return the lines' texts."""
    return [entry.line.text for entry in entries]


def test_the_newest_lines_are_given_in_order_with_rising_ids(path: Path) -> None:
    write(path, *range(20))
    entries, last = read_newest(path, 3)
    assert texts(entries) == ["line 17", "line 18", "line 19"]
    ids = [entry.id for entry in entries]
    assert ids == sorted(set(ids)) and ids[-1] == last
    document = entries[0].as_document()
    assert set(document) == {"id", "at", "level", "source", "text"}
    assert (document["level"], document["source"]) == ("info", "stream")
    assert abs(document["at"] - path.stat().st_mtime) < 60


def test_what_came_after_a_line_is_given_from_there_on(path: Path) -> None:
    write(path, *range(20))
    every, _ = read_newest(path, 100)
    assert texts(every) == [f"line {number}" for number in range(20)], "the line with which the part begins is hidden"
    entries, last = read_after(path, every[4].id, 3)
    assert texts(entries) == ["line 5", "line 6", "line 7"]
    assert last == entries[-1].id
    assert texts(read_after(path, last, 100)[0]) == [f"line {number}" for number in range(8, 20)]
    assert read_after(path, every[-1].id, 100) == ([], every[-1].id)
    assert read_after(path, every[-1].id + 10**6, 100)[0] == []


def test_only_lines_that_are_bad_enough(path: Path) -> None:
    log = write(path, *range(20))
    log.write("panel", "hm", "warning")
    assert texts(read_newest(path, 100, "warning")[0]) == ["line 9", "line 19", "hm"]
    assert texts(read_newest(path, 1, "error")[0]) == ["line 19"]
    entries, last = read_after(path, 0, 100, "error")
    assert texts(entries) == ["line 9", "line 19"]
    assert read_after(path, last, 100)[0] == [], "what was passed over is not given again"


def wait_until_after(microseconds: int) -> None:
    while time.time_ns() // 1000 <= microseconds:
        time.sleep(0.001)


def test_ids_rise_across_turns_and_restarts_of_the_writer(path: Path) -> None:
    log = write(path, *range(100), limit_bytes=1000)
    every, _ = read_newest(path, 1000)
    assert len(every) < 100 and texts(every)[-1] == "line 99"
    ids = [entry.id for entry in every]
    assert ids == sorted(set(ids))
    write(path, *range(100, 110), log=log)
    assert texts(read_after(path, every[-2].id, 3)[0]) == ["line 99", "line 100", "line 101"]
    for part in (path, path.with_name("stream.log.1")):
        part.unlink(missing_ok=True)
    # A microsecond counts as a byte, and no container starts within those that its last one wrote.
    wait_until_after(ids[-1])
    write(path, 0)
    assert read_newest(path, 1)[0][0].id > ids[-1], "a new container's log begins beyond"


def test_no_log_is_an_empty_one(path: Path) -> None:
    assert read_newest(path, 10) == ([], 0)
    assert read_after(path, 5, 10) == ([], 0)


@pytest.mark.parametrize("torn", [b"half of a li", b"1 info stream: whole\n2 info stream: ha", b"\xff\xfe rubbish\n"])
def test_a_torn_or_foreign_line_is_no_harm(path: Path, torn: bytes) -> None:
    path.write_bytes(torn)
    assert len(read_newest(path, 10)[0]) == torn.count(b"\n")
    tail = Tail(path)
    with path.open("ab") as stream:
        stream.write(b"\n3 info stream: after\n")
    assert texts(tail.read())[-1] == "after"
    tail.close()


def test_the_tail_gives_what_is_new_and_survives_turns(path: Path) -> None:
    tail = Tail(path)
    assert tail.read() == []
    log = RingLog(path, io.StringIO(), limit_bytes=1500)
    seen: list[Entry] = []
    for number in range(200):
        log.write("stream", f"line {number}")
        if number % 7 == 0:
            # Once for the end of the part it reads, once to go over to the next, once for what stands there.
            seen += tail.read() + tail.read() + tail.read()
    seen += tail.read() + tail.read() + tail.read()
    assert texts(seen) == [f"line {number}" for number in range(200)]
    ids = [entry.id for entry in seen]
    assert ids == sorted(set(ids))
    newest, last = read_newest(path, 5)
    assert seen[-5:] == newest and tail.position == last
    tail.close()


def test_a_tail_begins_at_the_end_and_waits_for_whole_lines(path: Path) -> None:
    write(path, 1, 2)
    tail = Tail(path)
    assert tail.read() == []
    with path.open("ab") as stream:
        stream.write(b"1 info stream: ha")
        stream.flush()
        assert tail.read() == []
        stream.write(b"lf\n")
    assert texts(tail.read()) == ["half"]
    tail.close()
