"""The edges: programs that are missing, hang or fail, and threads that do not come back."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from streamkit.detect import outside
from streamkit.detect.outside import Asked, CouldNotAskError, no_right, run_command
from tests.streamkit.detect.trees import put


def test_all_that_a_program_prints_in_plain_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    monkeypatch.setenv("LIBVA_DRIVER_NAME", "i965")
    said = run_command(["sh", "-c", 'echo "$LC_ALL [$LIBVA_DRIVER_NAME]"; echo "no display" >&2; exit 3'])
    assert said == "C []\nno display\n"


def test_missing_program() -> None:
    with pytest.raises(CouldNotAskError, match=r"^streamkit-no-such-program is not installed$"):
        run_command(["streamkit-no-such-program"])


def test_program_that_cannot_be_run(tmp_path: Path) -> None:
    put(tmp_path, "vainfo", "not a program")
    (tmp_path / "vainfo").chmod(0o755)
    with pytest.raises(CouldNotAskError, match="cannot be run: Exec format error"):
        run_command([str(tmp_path / "vainfo")])


def test_program_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outside, "ANSWER_S", 0.1)
    begun = time.monotonic()
    with pytest.raises(CouldNotAskError, match=r"did not answer within 0\.1 s"):
        run_command(["sleep", "20"])
    assert time.monotonic() - begun < 5


def test_question_that_hangs_is_left() -> None:
    stuck = Asked(lambda: time.sleep(0.5), 0.1)
    with pytest.raises(CouldNotAskError, match=r"no answer within 0\.1 s"):
        stuck.answer()


def test_answers_and_problems_come_back() -> None:
    assert Asked(lambda: 7).answer() == 7
    assert Asked(lambda: None).answer() is None
    with pytest.raises(ZeroDivisionError):
        Asked(lambda: 1 // 0).answer()


def test_waiting_is_counted_from_the_start() -> None:
    questions = [Asked(lambda: time.sleep(2), 0.2) for _ in range(5)]
    begun = time.monotonic()
    for question in questions:
        with pytest.raises(CouldNotAskError):
            question.answer()
    assert time.monotonic() - begun < 0.9


def test_who_may_open_a_device(tmp_path: Path) -> None:
    put(tmp_path, "dev/dri/renderD128")
    node = tmp_path / "dev/dri/renderD128"
    if os.getuid() == 0:
        os.chown(node, -1, 105)
    gid = node.stat().st_gid
    node.chmod(0o660)
    assert f"group {gid} ({gid})" in no_right(node, tmp_path), "a group without a name has its number"
    put(tmp_path, "etc/group", f"render:x:{gid}:\nbroken\n")
    assert f"group render ({gid}); 'usermod -aG render USER'" in no_right(node, tmp_path)
    node.chmod(0o600)
    assert no_right(node, tmp_path) == "permission denied: only root may open it"
