"""Run a pipeline until it ends or is told to: ``streamkit-launch WORD...``, in place of gst-launch-1.0."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from gi.repository import GLib

from streamkit.documents import write_document
from streamkit.errors import ExitCode, StreamkitError
from streamkit.launch.figures import Figures
from streamkit.launch.pipeline import Pipeline

HELP = """usage: streamkit-launch WORD...

Runs a gst-launch-1.0 pipeline and adds the stream key from STREAM_KEY_FILE (never an argument), low delay inside
the WebRTC sink, and live figures once a second in STREAMKIT_LAUNCH_FILE. SIGTERM and SIGINT end it in order.

Exit codes: 0 ended because it was told to; 1 the pipeline failed or ended by itself; 2 it cannot be built."""


class Launcher:
    """The running program: one pipeline, one main loop, one file of figures."""

    def __init__(self, words: Sequence[str], environment: Mapping[str, str]) -> None:
        self._started_s = time.monotonic()
        self._code: int = ExitCode.OK
        self._errors: list[str] = []
        self._loop = GLib.MainLoop()
        self._pipeline = Pipeline(words, self._ended)
        self._figures = Figures(self._pipeline.counters)
        out = environment.get("STREAMKIT_LAUNCH_FILE")
        self._out = Path(out) if out else None
        if key_file := environment.get("STREAM_KEY_FILE"):
            self._pipeline.use_key(Path(key_file))

    def run(self) -> int:
        """Run until the end; return the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):
            GLib.unix_signal_add(GLib.PRIORITY_HIGH, number, self._stop)
        GLib.timeout_add(1000, self._every_second)
        # The start is said at once, not a second later: the supervisor waits for it.
        GLib.timeout_add(100, self._until_playing)
        self._pipeline.start()
        self._loop.run()
        self._write("stopping")
        self._pipeline.stop()
        return self._code

    def _stop(self) -> bool:
        self._loop.quit()
        return bool(GLib.SOURCE_REMOVE)

    def _ended(self, message: str, code: int) -> None:
        print(message, file=sys.stderr, flush=True)
        self._errors.append(message)
        self._code = code
        self._loop.quit()

    def _until_playing(self) -> bool:
        if not self._pipeline.playing:
            return bool(GLib.SOURCE_CONTINUE)
        self._write("playing")
        return bool(GLib.SOURCE_REMOVE)

    def _every_second(self) -> bool:
        self._write("playing" if self._pipeline.playing else "starting")
        return bool(GLib.SOURCE_CONTINUE)

    def _write(self, state: str) -> None:
        if self._out is None:
            return
        now_s = time.monotonic()
        document = {
            "sampled_at": time.time(),
            "pid": os.getpid(),
            "uptime_s": round(now_s - self._started_s, 3),
            "state": state,
            **self._figures.document(now_s, self._pipeline.video_caps(), self._pipeline.has_audio),
            "viewers": self._figures.viewers(now_s, self._pipeline.peers()),
            "errors": self._errors,
        }
        try:
            write_document(self._out, document)
        except OSError as problem:
            # A full tmpfs must not end the stream.
            print(f"figures cannot be written: {problem.strerror}", file=sys.stderr, flush=True)


def main() -> int:
    """Run the words of the command line."""
    words = sys.argv[1:]
    if not words or words[0] in ("--help", "-h"):
        print(HELP)
        return ExitCode.OK if words else ExitCode.BAD_INPUT
    try:
        return Launcher(words, os.environ).run()
    except StreamkitError as problem:
        print(problem, file=sys.stderr)
        return problem.exit_code


if __name__ == "__main__":
    sys.exit(main())
