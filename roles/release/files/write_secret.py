"""Write a secret so that no other reader ever sees it, and nobody sees half of it.

Usage: write_secret.py PATH UID [generate].  The value comes on standard input; with ``generate`` one is made, and only
where there is none yet.  Prints "changed" or "unchanged", never the value.  Standard library only: runs on the host.
"""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

TOKEN_BYTES = 32


def write(path: Path, uid: int, value: str) -> None:
    """Replace ``path`` by a file that holds ``value`` and that only ``uid`` may read."""
    # Mode and owner are set before the name exists: there is no moment at which others could read it.
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        os.fchmod(handle, 0o400)
        os.fchown(handle, uid, uid)
        stream.write(value + "\n")
        stream.flush()
        os.fsync(handle)
    beside.replace(path)


def guarded(path: Path, uid: int) -> bool:
    """Whether only ``uid`` may read ``path``."""
    facts = path.stat()
    return facts.st_mode & 0o777 == 0o400 and facts.st_uid == facts.st_gid == uid


def main() -> int:
    """Read the arguments and the value; return the exit code."""
    path, uid, generate = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:] == ["generate"]
    present = path.read_text(encoding="utf-8").strip() if path.is_file() else ""
    made = present or secrets.token_hex(TOKEN_BYTES)
    value = made if generate else sys.stdin.read().strip()
    if value == present and guarded(path, uid):
        sys.stdout.write("unchanged\n")
        return 0
    write(path, uid, value)
    sys.stdout.write("changed\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
