"""The panel's process: one gevent server on one port, ended by SIGTERM without dropping half an answer."""

from __future__ import annotations

import argparse
import gc
import os
import resource
import signal
import sys
from collections.abc import Sequence

from streamkit.errors import ExitCode, StreamkitError, UnavailableError
from streamkit.panel.context import Context

STOP_TIMEOUT_S = 2.0
OPEN_FILES = 4096


def main(argv: Sequence[str] | None = None) -> int:
    """Run the panel until SIGTERM or SIGINT; returns the exit code."""
    parser = argparse.ArgumentParser(prog="streamkit panel", description="Serve the panel.")
    parser.add_argument("--host", default="0.0.0.0", help="address to listen on (default %(default)s)")
    parser.add_argument("--port", type=_port, default=8081, help="port, 0 for any free one (default %(default)s)")
    arguments = parser.parse_args(argv)
    try:
        context = Context.from_environment(os.environ)
        serve(context, arguments.host, arguments.port)
    except StreamkitError as problem:
        sys.stderr.write(f"{problem}\n")
        return problem.exit_code
    return ExitCode.OK


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"port is {text!r}; use a whole number from 0 to 65535")
    return int(text)


def _allow_files() -> None:
    """Let this process hold as many connections as it takes; systems begin with 1,024 files for each process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def serve(context: Context, host: str, port: int) -> None:
    """Serve ``context`` until a signal ends it.  Raises UnavailableError when the port cannot be had."""
    # Patched here and not on import, before anything that keeps state per thread is loaded: bottle's request
    # becomes one per greenlet, and sockets of the proxy and the control client yield instead of blocking all.
    from gevent import monkey

    monkey.patch_all()

    import gevent
    from gevent.event import Event

    from streamkit.panel.app import create_app
    from streamkit.panel.wire import Server

    _allow_files()
    panel = create_app(context)
    server = Server((host, port), panel)
    try:
        server.start()
    except OSError as problem:
        raise UnavailableError(
            f"The panel cannot listen on {host} port {port} ({problem.strerror}); choose another with --port, "
            "or streamkit_panel_port in the inventory."
        ) from None
    ended = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, ended.set)
    # What is loaded by now stays: it need not be searched for rubbish again and again.
    gc.collect()
    gc.freeze()
    sys.stderr.write(f"The panel listens on http://{host}:{server.server_port}/\n")
    ended.wait()
    panel.close()
    server.stop(timeout=STOP_TIMEOUT_S)
