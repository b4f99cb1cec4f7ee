"""Entry of ``streamkit.pyz`` on a managed host: ``detect``, ``doctor`` and ``state``.  Standard library only."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from streamkit.config import defaults
from streamkit.detect.hardware import detect
from streamkit.detect.state import state
from streamkit.doctor import describe, examine
from streamkit.documents import dump_document
from streamkit.errors import ExitCode, StreamkitError


def main(arguments: list[str] | None = None) -> int:
    """Print one document as JSON; return an exit code."""
    parser = argparse.ArgumentParser(prog="streamkit.pyz", description="Read facts about this host; change nothing.")
    commands = parser.add_subparsers(dest="command", required=True)
    find = commands.add_parser("detect", help="hardware: GPUs, capture cards, sound, processor, memory")
    find.add_argument("--json", action="store_true", help="print JSON (the only form; accepted for scripts)")
    now = commands.add_parser("state", help="what changes: listening ports, free space, our container")
    now.add_argument("--json", action="store_true", help="print JSON (the only form; accepted for scripts)")
    now.add_argument("--values", help="settings as one JSON object; those not given have the schema's defaults")
    ill = commands.add_parser("doctor", help="what is wrong with this host, and the command that mends it")
    ill.add_argument("--json", action="store_true", help="print JSON instead of text")
    ill.add_argument("--values", help="settings as one JSON object; those not given have the schema's defaults")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "detect":
            print(dump_document(detect()), end="")
        elif chosen.command == "doctor":
            values = {**defaults(), **json.loads(chosen.values or "{}")}
            findings = examine(detect(), state(Path("/"), values), values)
            if chosen.json:
                print(dump_document({"findings": [finding.as_document() for finding in findings]}), end="")
            else:
                print("\n".join(describe(findings)))
            return ExitCode.FAILED if any(finding.level == "broken" for finding in findings) else ExitCode.OK
        else:
            values = {**defaults(), **json.loads(chosen.values or "{}")}
            print(dump_document(state(Path("/"), values)), end="")
    except StreamkitError as problem:
        print(problem, file=sys.stderr)
        return problem.exit_code
    return ExitCode.OK
