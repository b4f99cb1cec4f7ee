"""The list of what an image holds, made of a folder."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import REPOSITORY

SCRIPT = REPOSITORY / "templates/container/manifest.py"


def listed(root: Path) -> list[str]:
    done = subprocess.run([sys.executable, SCRIPT, str(root)], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def small_tree(root: Path) -> Path:
    (root / "usr/share/streamkit").mkdir(parents=True)
    (root / "usr/share/streamkit/elements.txt").write_text("queue\n")
    (root / "usr/tool").write_text("#!/bin/sh\n")
    (root / "bin").symlink_to("usr")
    for folder in (root / "usr", root / "usr/share", root / "usr/share/streamkit"):
        folder.chmod(0o755)
    (root / "usr/tool").chmod(0o755)
    (root / "usr/share/streamkit/elements.txt").chmod(0o644)
    return root


def test_each_entry_has_mode_owner_digest_and_path(tmp_path: Path) -> None:
    owner = f"{os.getuid()}:{os.getgid()}"
    lines = listed(small_tree(tmp_path))
    assert [line.split()[-1] for line in lines] == [
        *("/bin", "/usr", "/usr/share", "/usr/share/streamkit", "/usr/share/streamkit/elements.txt", "/usr/tool"),
    ]
    assert lines[0] == f"lrwxrwxrwx {owner} {hashlib.sha256(b'usr').hexdigest()} /bin"
    assert lines[1] == f"drwxr-xr-x {owner} - /usr"
    digest = hashlib.sha256(b"#!/bin/sh\n").hexdigest()
    assert lines[-1] == f"-rwxr-xr-x {owner} {digest} /usr/tool"


def test_times_and_the_list_itself_do_not_matter_but_contents_and_modes_do(tmp_path: Path) -> None:
    before = listed(small_tree(tmp_path))
    os.utime(tmp_path / "usr/tool", (1, 1))
    (tmp_path / "usr/share/streamkit/manifest.txt").write_text("\n".join(before))
    assert listed(tmp_path) == before
    (tmp_path / "usr/tool").chmod(0o700)
    changed = listed(tmp_path)
    assert [one for one in changed if one not in before] == [changed[-1]]
    (tmp_path / "usr/tool").chmod(0o755)
    (tmp_path / "usr/share/streamkit/elements.txt").write_text("tee\n")
    assert listed(tmp_path)[:-2] == before[:-2] and listed(tmp_path) != before
