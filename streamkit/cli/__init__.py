"""The command line on the controller: each command reads, decides by a pure function, and writes."""

from __future__ import annotations

import sys

# Imported for what they register: each module adds its commands to the program, in the order of --help.
from streamkit.cli import look, make, serve, ship, tune
from streamkit.cli.common import app
from streamkit.errors import ExitCode, StreamkitError

__all__ = ["app", "look", "main", "make", "serve", "ship", "tune"]


def main() -> None:
    """Run the command line; a failure prints its sentence and leaves with its exit code."""
    try:
        app()
    except StreamkitError as problem:
        print(problem, file=sys.stderr)
        sys.exit(problem.exit_code)
    except BrokenPipeError:
        sys.exit(ExitCode.OK)
