"""The container's main process with the panel before in the place of today's.

usage: python supervise.py STATUS_URL PORT; all else is the product's supervisor.
"""

from __future__ import annotations

import sys
from pathlib import Path

from streamkit.run.paths import Paths
from streamkit.run.supervisor import Supervisor


def main() -> int:
    """Run the supervisor."""
    address, port = sys.argv[1:3]
    paths = Paths.from_environment()
    panel = [sys.executable, str(Path(__file__).with_name("polling.py")), str(paths.run), address, port]
    return Supervisor(paths, panel, [sys.executable, "-m", "streamkit.container", "poll"]).run()


if __name__ == "__main__":
    sys.exit(main())
