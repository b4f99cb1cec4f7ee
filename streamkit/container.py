"""The command inside the image: ``streamkit run|panel|poll|ctl|probe``.  Standard library only at import."""

from __future__ import annotations

import argparse
import json
import sys

from streamkit.errors import ExitCode, StreamkitError
from streamkit.run.control import COMMANDS, request
from streamkit.run.paths import Paths


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit code."""
    parser = argparse.ArgumentParser(prog="streamkit", description="The streamer inside its container.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="supervise the stream, the panel and the poller (the container's main process)")
    panel = commands.add_parser("panel", help="run the panel alone")
    panel.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    panel.add_argument("--port", type=int, default=8081, help="TCP port (default: %(default)s)")
    commands.add_parser("poll", help="ask the WHIP server for its status every few seconds")
    trials = commands.add_parser(
        "probe", help="try every encoder of a job, each in a process of its own; print probes.json"
    )
    trials.add_argument(
        "--job", required=True, help="the job that 'streamkit probe' makes on the controller: a file, or -"
    )
    control = commands.add_parser("ctl", help="tell the supervisor what to do and print its answer")
    control.add_argument("action", choices=COMMANDS)
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "run":
            from streamkit.run.supervisor import main as supervise

            return supervise()
        if chosen.command == "panel":
            from streamkit.panel.server import main as serve_panel

            return serve_panel(["--host", chosen.host, "--port", str(chosen.port)])
        if chosen.command == "poll":
            from streamkit.poll import main as poll

            return poll([])
        if chosen.command == "probe":
            from streamkit.probe.run import main as probe

            return probe(chosen.job)
        reply = request(Paths.from_environment().control_socket, {"command": chosen.action})
        print(json.dumps(reply))
        return ExitCode.OK if reply.get("ok") else ExitCode.FAILED
    except StreamkitError as problem:
        print(problem, file=sys.stderr)
        return problem.exit_code


if __name__ == "__main__":
    sys.exit(main())
