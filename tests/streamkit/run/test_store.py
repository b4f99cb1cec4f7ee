"""Files that are replaced together: all of them, or none."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from streamkit.run.store import replace_together


def content(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_files_are_made_replaced_and_removed_for_their_owner_alone(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("1")
    (tmp_path / "gone").write_text("2")
    replace_together(tmp_path, {"new": "3", "old": "4", "gone": None, "never": None})
    assert content(tmp_path) == {"new": "3", "old": "4"}
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


@pytest.mark.parametrize("fails_at", range(6))
def test_disk_that_is_full_at_any_moment_leaves_everything_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails_at: int
) -> None:
    (tmp_path / "first").write_text("1")
    (tmp_path / "second").write_text("2")
    calls = iter(range(100))
    fsync, replace = os.fsync, Path.replace

    def full() -> None:
        if next(calls) == fails_at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def full_fsync(handle: int) -> None:
        full()
        fsync(handle)

    def full_replace(path: Path, target: Path) -> Path:
        full()
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", full_fsync)
    monkeypatch.setattr(Path, "replace", full_replace)
    with pytest.raises(OSError, match="No space left on device"):
        replace_together(tmp_path, {"first": "3", "second": "4"})
    assert content(tmp_path) == {"first": "1", "second": "2"}


def test_first_file_that_was_new_is_gone_again_when_the_second_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = Path.replace

    def refuse(path: Path, target: Path) -> Path:
        if target.name == "second":
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="Read-only file system"):
        replace_together(tmp_path, {"first": "1", "second": "2"})
    assert content(tmp_path) == {}


def test_what_a_killed_run_left_is_no_obstacle(tmp_path: Path) -> None:
    for name in (".file.new", ".file.before"):
        (tmp_path / name).write_text("half")
        (tmp_path / name).chmod(0o644)
    (tmp_path / "file").write_text("1")
    replace_together(tmp_path, {"file": "2"})
    assert content(tmp_path) == {"file": "2"}


def test_folder_that_is_missing_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        replace_together(tmp_path / "none", {"file": "1"})
