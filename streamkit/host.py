"""Entry of ``streamkit.pyz`` on a managed host: ``detect``, ``doctor`` and ``state``.  Standard library only."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from streamkit.config import Value, defaults
from streamkit.detect.hardware import detect
from streamkit.detect.machine import operating_system
from streamkit.detect.state import state
from streamkit.detect.tuning import look
from streamkit.doctor import describe, examine
from streamkit.documents import dump_document
from streamkit.errors import BadInputError, ExitCode, StreamkitError
from streamkit.facts.collect import WINDOW_S, collect
from streamkit.install.releases import consider
from streamkit.install.settle import Limits, settle
from streamkit.plan.systems import UNKNOWN, system_of
from streamkit.plan.tuning import figures


def main(arguments: list[str] | None = None) -> int:
    """Print one document as JSON; return an exit code."""
    parser = argparse.ArgumentParser(prog="streamkit.pyz", description="Read facts about this host; change nothing.")
    commands = parser.add_subparsers(dest="command", required=True)
    find = commands.add_parser("detect", help="hardware: GPUs, capture cards, sound, processor, memory")
    find.add_argument("--json", action="store_true", help="print JSON (the only form; accepted for scripts)")
    now = commands.add_parser("state", help="what changes: listening ports, free space, our container")
    now.add_argument("--json", action="store_true", help="print JSON (the only form; accepted for scripts)")
    _takes_values(now)
    ill = commands.add_parser("doctor", help="what is wrong with this host, and the command that mends it")
    ill.add_argument("--json", action="store_true", help="print JSON instead of text")
    _takes_values(ill)
    tune = commands.add_parser(
        "tuning", help="clocks, buffers and USB power as they are now, and what their counters say"
    )
    tune.add_argument("--json", action="store_true", help="print JSON instead of text")
    tune.add_argument("--root", type=Path, default=Path("/"), help="folder that stands for the root directory")
    deployed = commands.add_parser("facts", help="what a deployed container really is and does, for 'bench verify'")
    deployed.add_argument("--json", action="store_true", help="print JSON (the only form; accepted for scripts)")
    deployed.add_argument("--container", default=str(defaults()["container_name"]), help="default: %(default)s")
    deployed.add_argument("--seconds", type=float, default=WINDOW_S, help="how long to watch (default: %(default)s)")
    had = commands.add_parser("releases", help="the releases on this host, and what is to be done with them")
    had.add_argument("--json", action="store_true", help="print JSON instead of a table")
    _takes_values(had)
    had.add_argument("--to", metavar="NAME", help="also name the release to return to; empty: the previous one")
    had.add_argument("--becoming", metavar="NAME", help="also say what changes when this one becomes the current one")
    up = commands.add_parser("settle", help="wait until the container is healthy and its stream sends frames")
    up.add_argument("--json", action="store_true", help="print JSON (the only form; accepted for scripts)")
    _takes_values(up)
    up.add_argument("--healthy", type=float, default=Limits.healthy_s, metavar="S", help="default: %(default)g seconds")
    up.add_argument("--restarts", type=int, default=Limits.restarts, help="of the container (default: %(default)s)")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "detect":
            print(dump_document(detect()), end="")
        elif chosen.command == "tuning":
            seen = look(chosen.root)
            if chosen.json:
                print(dump_document(seen), end="")
            else:
                print("\n".join(figures(detect(), seen)))
        elif chosen.command == "facts":
            print(dump_document(collect(chosen.container, chosen.seconds)), end="")
        elif chosen.command == "releases":
            values = _values(chosen)
            seen = consider(Path(str(values["install_dir"])), str(values["image_name"]), chosen.to, chosen.becoming)
            print(dump_document(seen) if chosen.json else "\n".join(seen["table"]) + "\n", end="")
            if "problem" in seen and not chosen.json:
                raise BadInputError(seen["problem"])
        elif chosen.command == "settle":
            values = _values(chosen)
            limits = Limits(chosen.healthy, chosen.restarts, float(values["stream_check_s"]))
            print(dump_document(settle(str(values["container_name"]), limits).as_document()), end="")
        elif chosen.command == "doctor":
            values = _values(chosen)
            findings = examine(detect(), state(Path("/"), values), values)
            if chosen.json:
                print(dump_document({"findings": [finding.as_document() for finding in findings]}), end="")
            else:
                print("\n".join(describe(findings)))
            return ExitCode.FAILED if any(finding.level == "broken" for finding in findings) else ExitCode.OK
        else:
            values = _values(chosen)
            system = system_of({"os": operating_system(Path("/"))}) or UNKNOWN
            print(dump_document({**state(Path("/"), values), "system": system.as_document()}), end="")
    except StreamkitError as problem:
        print(problem, file=sys.stderr)
        return problem.exit_code
    return ExitCode.OK


def _takes_values(command: argparse.ArgumentParser) -> None:
    command.add_argument("--values", help="settings as one JSON object; those not given have the schema's defaults")


def _values(chosen: argparse.Namespace) -> dict[str, Value]:
    return {**defaults(), **json.loads(chosen.values or "{}")}
