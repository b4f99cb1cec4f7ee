#!/usr/bin/env python3
"""List what an image holds: mode, owner, digest and path of every file, sorted by path.

Times are left out: two builds of the same inputs have equal lists. A directory has no digest; a link has that of the
path it points to. Standard library only. usage: manifest.py ROOT
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from pathlib import Path

OWN_NAME = "usr/share/streamkit/manifest.txt"


def digest(path: Path, mode: int) -> str:
    """Return the SHA-256 of a file's bytes or of a link's target; a dash for everything else."""
    if stat.S_ISLNK(mode):
        return hashlib.sha256(os.fsencode(path.readlink())).hexdigest()
    if stat.S_ISREG(mode):
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    return "-"


def manifest(root: Path) -> list[str]:
    """Return a line ``mode uid:gid digest /path`` for everything below ``root``, but for the list itself."""
    lines = {}
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = Path(folder, name)
            inside = str(path.relative_to(root))
            found = path.lstat()
            if inside != OWN_NAME:
                owner = f"{found.st_uid}:{found.st_gid}"
                lines[inside] = f"{stat.filemode(found.st_mode)} {owner} {digest(path, found.st_mode)} /{inside}"
    return [lines[inside] for inside in sorted(lines)]


if __name__ == "__main__":
    sys.stdout.write("".join(f"{line}\n" for line in manifest(Path(sys.argv[1]))))
