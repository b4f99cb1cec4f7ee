"""The panel as it is, but for the pace of its events: as many in a minute as otherwise in hours.

python -m tests.streamkit.panel.hostile.hasty PACE_S
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace

from streamkit.panel.context import Context
from streamkit.panel.server import serve

if __name__ == "__main__":
    serve(replace(Context.from_environment(os.environ), interval_s=float(sys.argv[1])), "127.0.0.1", 0)
