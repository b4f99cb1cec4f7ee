"""The table at the widths people have: nothing cut, nothing beside its column."""

from __future__ import annotations

import re

import pytest

from bench.verify.judge import judge
from bench.verify.table import table
from tests.bench.verify.conftest import Recorded


@pytest.mark.parametrize("width", [80, 100, 110, 120, 160])
@pytest.mark.parametrize("name", ["hardened", "bare"])
def test_it_stays_within_its_width(recorded: Recorded, name: str, width: int) -> None:
    document = recorded(name)
    lines = table("living-room", document, judge(document), width)
    # A path or an address is never broken, and may stand out on a narrow terminal.
    assert [line for line in lines if len(line) > width and " " in line.strip()] == []
    assert all(line == line.rstrip() for line in lines)


def test_what_failed_stands_out_and_every_row_is_there(recorded: Recorded) -> None:
    document = recorded("bare")
    results = judge(document)
    lines = table("living-room", document, results, 120)
    rows = [line.split()[0] for line in lines if re.match(r"  (ok|FAILED|unknown) ", line)]
    assert [row.lower() for row in rows] == [result.verdict for result in results]
    assert lines[0].startswith("living-room: container gaming-streamer, release first, Docker 20.10.24")
    assert re.fullmatch(r"living-room: \d+ checks: \d+ ok, 16 failed, 1 unknown\.", lines[-1])


def test_every_difference_has_a_number_and_a_note(recorded: Recorded) -> None:
    document = recorded("hardened")
    results = judge(document)
    lines = table("living-room", document, results, 120)
    notes = {int(found[1]) for line in lines if (found := re.match(r" +\[(\d+)\] \w", line))}
    marks = {int(found[1]) for line in lines if (found := re.match(r"  (?:ok|unknown) .*?\[(\d+)\]  ", line))}
    assert notes == marks == set(range(1, len({r.differs for r in results if r.differs}) + 1))


def test_without_a_container_it_is_short(recorded: Recorded) -> None:
    document = recorded("hardened")
    document.update(inspect=None, secrets=None, problems={"inspect": "No such container: gaming-streamer"})
    lines = table("living-room", document, judge(document), 110)
    assert len(lines) < 8 and "No such container: gaming-streamer" in " ".join(" ".join(lines).split())
