"""The watch on a folder, with the real kernel behind it."""

from __future__ import annotations

import time
from pathlib import Path

import gevent
import pytest

from streamkit.documents import write_document
from streamkit.panel.changes import Changes

LONG_S = 30.0
WATCHED = "supervisor.json"


def waited_s(changes: Changes, seconds: float = LONG_S) -> float:
    """Wait; return how long it took."""
    begun = time.monotonic()
    changes.wait(seconds)
    return time.monotonic() - begun


def test_a_file_that_is_replaced_or_removed_ends_the_wait(tmp_path: Path) -> None:
    changes = Changes(tmp_path, WATCHED)
    for change in (
        lambda: write_document(tmp_path / WATCHED, {}),
        lambda: write_document(tmp_path / WATCHED, {"state": "running"}),
        lambda: (tmp_path / WATCHED).unlink(),
        lambda: write_document(tmp_path / WATCHED, {}),
        lambda: write_document(tmp_path / WATCHED, {"state": "stopped"}),
    ):
        gevent.spawn_later(0.01, change)
        assert waited_s(changes) < LONG_S / 2
    changes.close()


def test_what_changed_before_the_wait_is_not_missed(tmp_path: Path) -> None:
    changes = Changes(tmp_path, WATCHED)
    for number in range(300):
        write_document(tmp_path / (WATCHED if number == 299 else f"{number % 3}.json"), {})
    assert waited_s(changes) < LONG_S / 2
    changes.close()


def test_files_beside_it_are_of_no_interest_and_others_go_on_meanwhile(tmp_path: Path) -> None:
    changes = Changes(tmp_path, WATCHED)
    ran: list[int] = []

    def write() -> None:
        for number in range(5):
            with (tmp_path / "stream.log").open("a", encoding="utf-8") as stream:
                stream.write("a line\n")
            write_document(tmp_path / "launch.json", {"number": number})
            ran.append(number)
            gevent.sleep(0.005)

    gevent.spawn(write)
    assert waited_s(changes, 0.2) >= 0.19
    assert len(ran) == 5
    changes.close()


def test_where_no_watch_can_be_had_the_wait_is_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamkit.panel.changes.FALLBACK_S", 0.01)
    changes = Changes(tmp_path / "missing", WATCHED)
    assert waited_s(changes) < LONG_S / 2
    changes.close()
