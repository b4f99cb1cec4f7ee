"""The program that writes secrets on a host: who may read them, and that they stay what they are."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.conftest import REPOSITORY

PROGRAM = REPOSITORY / "roles/release/files/write_secret.py"


def run(path: Path, *words: str, value: str = "") -> str:
    """Run the program for this user; return what it prints."""
    done = subprocess.run(
        [sys.executable, "-I", PROGRAM, path, str(os.getuid()), *words],
        input=value,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.strip()


def test_a_token_is_made_once_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "panel_token"
    assert run(path, "generate") == "changed"
    token = path.read_text().strip()
    assert re.fullmatch(r"[0-9a-f]{64}", token)
    assert path.stat().st_mode & 0o777 == 0o400
    assert run(path, "generate") == "unchanged"
    assert path.read_text().strip() == token


def test_an_empty_token_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "panel_token"
    path.touch(mode=0o400)
    assert run(path, "generate") == "changed"
    assert len(path.read_text().strip()) == 64


def test_a_token_that_others_can_read_is_closed_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "panel_token"
    path.write_text("t" * 64)
    path.chmod(0o644)
    assert run(path, "generate") == "changed"
    assert path.read_text().strip() == "t" * 64
    assert path.stat().st_mode & 0o777 == 0o400


def test_a_key_is_replaced_only_by_another(tmp_path: Path) -> None:
    path = tmp_path / "stream_key"
    assert run(path, value="first\n") == "changed"
    assert run(path, value="first\n") == "unchanged"
    assert run(path, value="second\n") == "changed"
    assert path.read_text() == "second\n"


def test_what_an_interrupted_run_left_is_no_obstacle(tmp_path: Path) -> None:
    path = tmp_path / "stream_key"
    (tmp_path / ".stream_key.new").write_text("half")
    assert run(path, value="whole\n") == "changed"
    assert path.read_text() == "whole\n"
    assert [entry.name for entry in tmp_path.iterdir()] == ["stream_key"]
