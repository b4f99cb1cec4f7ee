"""Entry of ``streamkit.pyz`` on a managed host: ``detect`` and ``state``.  Standard library only."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from streamkit.config import SETTINGS
from streamkit.detect.hardware import detect
from streamkit.detect.state import state
from streamkit.documents import dump_document, parse_document
from streamkit.errors import ExitCode, StreamkitError


def main(arguments: list[str] | None = None) -> int:
    """Print one document as JSON; return an exit code."""
    parser = argparse.ArgumentParser(prog="streamkit.pyz", description="Read facts about this host; change nothing.")
    commands = parser.add_subparsers(dest="command", required=True)
    find = commands.add_parser("detect", help="hardware: GPUs, capture cards, sound, processor, memory")
    find.add_argument("--json", action="store_true", help="print JSON (the only form; accepted for scripts)")
    now = commands.add_parser("state", help="what changes: listening ports, free space, our container")
    now.add_argument("--json", action="store_true", help="print JSON (the only form; accepted for scripts)")
    group = now.add_mutually_exclusive_group()
    group.add_argument("--settings", help="settings document, or - for standard input; default: the schema's defaults")
    group.add_argument("--values", help="the settings themselves, as one JSON object")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "detect":
            print(dump_document(detect()), end="")
        else:
            values = {name: setting.default for name, setting in SETTINGS.items()}
            if chosen.values:
                values |= json.loads(chosen.values)
            elif chosen.settings:
                text = sys.stdin.read() if chosen.settings == "-" else Path(chosen.settings).read_text(encoding="utf-8")
                values |= parse_document(text, chosen.settings)["settings"]
            print(dump_document(state(Path("/"), values)), end="")
    except StreamkitError as problem:
        print(problem, file=sys.stderr)
        return problem.exit_code
    return ExitCode.OK
