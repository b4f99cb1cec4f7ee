"""One trial in one process: ``python3 -m streamkit.probe.trial`` reads a job from standard input, prints a result.

A crash or a hang of an encoder ends this process alone; who started it has a time limit.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
import time
from typing import Any

import gi

from streamkit.errors import StreamkitError
from streamkit.launch.pipeline import parse
from streamkit.probe.score import Encoded

gi.require_version("Gst", "1.0")
from gi.repository import Gst  # noqa: E402 - the version must be required first

DRAIN_S = 5.0
"""How long the encoder may take to hand out what it still holds once the last frame went in."""


def make_frames(words: list[str]) -> list[Any]:
    """Return (memory, caps) of each picture of a source pipeline.  Raises StreamkitError when it makes none.

    They are made before the clock starts and handed over again and again, so that making them costs the trial nothing.
    """
    pipeline = parse(words)
    sink = pipeline.get_by_name("frames")
    pipeline.set_state(Gst.State.PLAYING)
    found = []
    while sample := sink.emit("try-pull-sample", 10 * Gst.SECOND):
        found.append((sample.get_buffer().get_all_memory(), sample.get_caps()))
    pipeline.set_state(Gst.State.NULL)
    if not found:
        raise StreamkitError("No test frame could be made: " + " ".join(words))
    return found


class Trial:
    """A pipeline between our frames and the end; ``encoded`` collects what came out of the encoder and when."""

    def __init__(self, words: list[str], frames: list[Any], frame_ns: int) -> None:
        self.encoded = Encoded()
        self.fed_s = 0.0
        self._pipeline = parse(words)
        self._frames = frames
        self._frame_ns = frame_ns
        self._source = self._pipeline.get_by_name("capture")
        self._source.set_property("caps", frames[0][1])
        encoder = self._pipeline.get_by_name("encoder")
        if encoder is None:
            raise StreamkitError("The script's pipeline has no element named encoder.")
        encoder.get_static_pad("sink").add_probe(Gst.PadProbeType.BUFFER, self._went_in)
        encoder.get_static_pad("src").add_probe(Gst.PadProbeType.BUFFER, self._came_out)

    def _went_in(self, _pad: Any, info: Any) -> Any:
        self.encoded.went_in(info.get_buffer().pts, time.monotonic())
        return Gst.PadProbeReturn.OK

    def _came_out(self, _pad: Any, info: Any) -> Any:
        buffer = info.get_buffer()
        key = not buffer.has_flags(Gst.BufferFlags.DELTA_UNIT)
        self.encoded.came_out(buffer.pts, time.monotonic(), buffer.get_size(), key)
        return Gst.PadProbeReturn.OK

    def run(self, seconds: float, most_frames: int, paced: bool) -> None:
        """Feed for ``seconds`` or ``most_frames``: at the frame rate when ``paced``, else as fast as it goes.

        Raises StreamkitError with the pipeline's own words when it fails, or when it does not end.
        """
        self._pipeline.set_state(Gst.State.PLAYING)
        feeder = threading.Thread(target=self._feed, args=(seconds, most_frames, paced), daemon=True)
        feeder.start()
        kinds = Gst.MessageType.ERROR | Gst.MessageType.EOS
        message = self._pipeline.get_bus().timed_pop_filtered(int((seconds + DRAIN_S) * Gst.SECOND), kinds)
        if message is None:
            raise StreamkitError(
                f"It did not hand out its frames within {DRAIN_S:.0f} s of the last one "
                f"({self.encoded.frames_in} in, {self.encoded.frames_out} out)."
            )
        if message.type == Gst.MessageType.ERROR:
            error, debug = message.parse_error()
            raise StreamkitError(f"{message.src.get_name()}: {error.message} {debug or ''}".strip())
        self._pipeline.set_state(Gst.State.NULL)

    def _feed(self, seconds: float, most_frames: int, paced: bool) -> None:
        began = time.monotonic()
        for number in range(most_frames):
            due = began + number * self._frame_ns / 1e9
            if paced:
                time.sleep(max(due - time.monotonic(), 0))
            if time.monotonic() - began >= seconds:
                break
            buffer = Gst.Buffer.new()
            buffer.append_memory(self._frames[number % len(self._frames)][0])
            buffer.pts = buffer.dts = number * self._frame_ns
            buffer.duration = self._frame_ns
            if self._source.emit("push-buffer", buffer) != Gst.FlowReturn.OK:
                break
            self.fed_s = time.monotonic() - began + (self._frame_ns / 1e9 if paced else 0)
        self._source.emit("end-of-stream")


def run_job(job: dict[str, Any]) -> dict[str, Any]:
    """Run one trial: ``words``, ``source``, ``frame_ns``, ``seconds``, ``most_frames``, ``paced``; return its figures."""
    frames = make_frames(job["source"])
    trial = Trial(job["words"], frames, job["frame_ns"])
    before = resource.getrusage(resource.RUSAGE_SELF)
    began = time.monotonic()
    trial.run(job["seconds"], job["most_frames"], job["paced"])
    took_s = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {**trial.encoded.figures(job["frame_ns"]), "fed_s": trial.fed_s, "cpu_s": cpu_s, "took_s": took_s}


def main() -> int:
    """Run the job on standard input; print the result, or the error, as one JSON object."""
    try:
        result = run_job(json.load(sys.stdin))
    except StreamkitError as problem:
        print(json.dumps({"error": str(problem)}))
        return 1
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    # Not sys.exit: what hangs in a streaming thread must not hold the process at its end.
    os._exit(code)
