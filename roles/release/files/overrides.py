"""Tell what was changed in the panel and differs from the inventory; never what a key is.

Usage: overrides.py STATE_DIR.  What the inventory sets ({name: value}) comes on standard input.  Prints one line for
each difference, nothing where there is none.  Standard library only: runs on the host.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def differences(state_dir: Path, inventory: dict[str, Any]) -> list[str]:
    """Return what is in force on the host and not in the inventory, one phrase each."""
    told = []
    try:
        settings = json.loads((state_dir / "state.json").read_text(encoding="utf-8"))["settings"]
        told = [
            f"{name} is {value} there and {inventory.get(name, 'not set')} here"
            for name, value in sorted(settings.items())
            if str(inventory.get(name)) != str(value)
        ]
    except FileNotFoundError:
        pass
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        told = ["state.json cannot be read, so what it holds is not in force"]
    if (state_dir / "stream_key").exists():
        told.append("the stream key is one that was set there")
    return told


def main() -> int:
    """Read the arguments; return the exit code."""
    sys.stdout.write(
        "".join(f"{line}\n" for line in differences(Path(sys.argv[1]), json.loads(sys.stdin.read() or "{}")))
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
