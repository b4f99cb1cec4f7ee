"""The command line on the controller: each command reads, decides by a pure function, and writes."""

from __future__ import annotations

# Imported for what they register: each module adds its commands to the program, in the order of --help.
from streamkit.cli import look, make, serve, ship, tune
from streamkit.cli.common import app
from streamkit.program import run_program

__all__ = ["app", "look", "main", "make", "serve", "ship", "tune"]


def main() -> None:
    """Run the command line."""
    run_program(app)
