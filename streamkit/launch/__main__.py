"""Run a pipeline until it ends or is told to: ``streamkit-launch WORD...``, in place of gst-launch-1.0."""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import time
from typing import Any

from gi.repository import GLib

from streamkit.documents import SCHEMA_VERSION, write_atomically
from streamkit.errors import ExitCode, StreamkitError
from streamkit.launch.arguments import HELP, Options, read_options
from streamkit.launch.figures import Figures
from streamkit.launch.pipeline import Pipeline

SWITCH_S = 0.0005
"""How long a frame may wait for the main thread to let go of the interpreter while it writes figures."""


class Launcher:
    """The running program: one pipeline, one main loop, one file of figures."""

    def __init__(self, options: Options) -> None:
        self._started_s = time.monotonic()
        self._code: int = ExitCode.OK
        self._errors: list[str] = []
        self._loop = GLib.MainLoop()
        self._pipeline = Pipeline(
            options.words,
            self._ended,
            options.max_frame_age_ms,
            sink_waits=options.sink_waits,
            no_playout_delay=options.no_playout_delay,
        )
        self._figures = Figures()
        self._out = options.figures_file
        if options.key_file:
            self._pipeline.use_key(options.key_file)
        if options.paint_timecode:
            self._pipeline.video.paint_timecode()

    def run(self) -> int:
        """Run until the end; return the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):
            GLib.unix_signal_add(GLib.PRIORITY_HIGH, number, self._stop)
        GLib.unix_signal_add(GLib.PRIORITY_HIGH, signal.SIGHUP, self._rebuild_sink)
        GLib.timeout_add(1000, self._every_second)
        # The start is said at once, not a second later: the supervisor waits for it.
        GLib.timeout_add(100, self._until_playing)
        self._pipeline.start()
        # What is loaded by now stays: it need not be searched for rubbish again and again.
        gc.collect()
        gc.freeze()
        sys.setswitchinterval(SWITCH_S)
        self._loop.run()
        self._write("stopping")
        self._pipeline.video.close()
        in_time = self._pipeline.stop()
        # Nothing flows any more: this one is final.
        self._write("stopping")
        if not in_time:
            print(
                "The sink did not end in time; its server may think for a while that it still streams.", file=sys.stderr
            )
            sys.stderr.flush()
            os._exit(self._code)
        return self._code

    def _stop(self) -> bool:
        self._loop.quit()
        return bool(GLib.SOURCE_REMOVE)

    def _rebuild_sink(self) -> bool:
        self._pipeline.sink.rebuild()
        return bool(GLib.SOURCE_CONTINUE)

    def _ended(self, message: str, code: int) -> None:
        print(message, file=sys.stderr, flush=True)
        self._errors.append(message)
        self._code = code
        self._loop.quit()

    def _until_playing(self) -> bool:
        self._pipeline.look_at_clock()
        self._pipeline.video.enter_notes()
        if not self._pipeline.video.playing:
            return bool(GLib.SOURCE_CONTINUE)
        self._write("playing")
        return bool(GLib.SOURCE_REMOVE)

    def _every_second(self) -> bool:
        self._pipeline.look_at_clock()
        self._write("playing" if self._pipeline.video.playing else "starting")
        return bool(GLib.SOURCE_CONTINUE)

    def _write(self, state: str) -> None:
        if self._out is None:
            return
        now_s = time.monotonic()
        pipeline = self._pipeline
        totals = pipeline.video.totals()
        audio = pipeline.audio.row()
        document: dict[str, Any] = {
            "schema_version": SCHEMA_VERSION,
            "sampled_at": time.time(),
            "pid": os.getpid(),
            "uptime_s": round(now_s - self._started_s, 3),
            "state": state,
            **self._figures.document(now_s, pipeline.video_caps(), totals, audio),
            "ledger": {"video": totals.row if pipeline.video.follows else None, "audio": audio},
            "viewers": self._figures.viewers(now_s, pipeline.peers()),
            "sink": {"rebuilding": pipeline.sink.busy, "rebuilds": pipeline.sink.rebuilds},
            "errors": self._errors,
        }
        try:
            write_atomically(self._out, json.dumps(document, separators=(",", ":")))
        except OSError as problem:
            # A full tmpfs must not end the stream.
            print(f"figures cannot be written: {problem.strerror}", file=sys.stderr, flush=True)


def main() -> int:
    """Run the words of the command line."""
    if sys.argv[1:2] in (["--help"], ["-h"]):
        print(HELP)
        return ExitCode.OK
    try:
        return Launcher(read_options(sys.argv[1:], os.environ)).run()
    except StreamkitError as problem:
        print(problem, file=sys.stderr)
        return problem.exit_code


if __name__ == "__main__":
    sys.exit(main())
