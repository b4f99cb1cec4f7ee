"""How a command line of this project ends: a failure says its sentence and leaves with its exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable

from streamkit.errors import ExitCode, StreamkitError


def run_program(app: Callable[[], object]) -> None:
    """Run a command line.  Exits with the code of the StreamkitError that ends it, and 0 where the reader left."""
    try:
        app()
    except StreamkitError as problem:
        sys.stderr.write(f"{problem}\n")
        sys.exit(problem.exit_code)
    except BrokenPipeError:
        sys.exit(ExitCode.OK)
