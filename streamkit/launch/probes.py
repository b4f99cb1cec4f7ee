"""The four places where each picture is looked at: behind the card, around the encoder, in front of the sink."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from time import monotonic_ns
from typing import Any

import gi

from streamkit.errors import BadInputError
from streamkit.launch.lateness import Lateness
from streamkit.launch.ledger import Admitted, Totals, VideoLedger
from streamkit.launch.pads import (
    DATA,
    DELTA_UNIT,
    DROP,
    DTS,
    FLAGS,
    NONE,
    OFFSET,
    OK,
    PTS,
    Probe,
    buffer_size,
    fields_at,
    pointer_at,
    word_at,
)
from streamkit.launch.painter import Painter
from streamkit.launch.route import Route, route

gi.require_version("Gst", "1.0")
from gi.repository import Gst  # noqa: E402 - the version must be required first

DEFAULT_FPS = 60.0
NEVER_NS = 2**62
CAPTURED, ENCODER_IN, LATE, ENCODER_OUT, SINK_IN = range(5)
"""Kinds of notes: (kind, PTS, time, ...)."""
SETTLE_S = 0.05
"""For the last frames to pass the queue in front of videorate."""


class VideoProbes:
    """Feeds the ledger, drops late frames, paints.  Each probe runs in the thread that pushes through its pad."""

    def __init__(self, pipeline: Any, max_age_ms: float | None, on_failure: Callable[[str, int], None]) -> None:
        self.ledger = VideoLedger()
        self.playing = False
        """A coded frame has come out: a pipeline can be PLAYING and wait for a card for ever."""
        self.sink_present = True
        self._on_failure = on_failure
        self._max_age_ms = max_age_ms
        self._lateness = Lateness()
        self._last_words: Admitted | None = None
        self._paint = False
        self._painter: Painter | None = None
        self._clock_offset_ns = 0
        self._late_after_ns = NEVER_NS
        self._journal: deque[tuple[Any, ...]] = deque()
        self._note = self._journal.append
        self._shift_ns: int | None = None
        self._pipeline = pipeline
        self._capture = pipeline.get_by_name("capture")
        self._rate = pipeline.get_by_name("rate")
        self._encoder = pipeline.get_by_name("encoder")
        self._numbered = self._capture is not None and self._capture.get_factory().get_name() == "v4l2src"
        self._raw: Route | None = None
        self._coded: Route | None = None
        self._probes: list[Probe] = []
        if self._capture is not None and self._encoder is not None:
            self._raw = route(self._capture.get_static_pad("src"), self._encoder)
            self._coded = route(self._encoder.get_static_pad("src"), pipeline.get_by_name("sink"))
        if self._raw is not None and self._coded is not None:
            self._probes = [
                Probe(self._capture.get_static_pad("src"), self._captured),
                Probe(self._encoder.get_static_pad("sink"), self._encoder_in),
                Probe(self._encoder.get_static_pad("src"), self._encoder_out),
                Probe(self._coded.last_pad, self._sink_in),
            ]
        elif self._encoder is not None:
            self._probes = [Probe(self._encoder.get_static_pad("src"), self._encoder_out)]

    @property
    def follows(self) -> bool:
        """Whether the pipeline has the named elements, one behind the other, that a ledger needs."""
        return self._raw is not None and self._coded is not None

    @property
    def sink_pad(self) -> Any:
        """The source pad in front of the sink; None where there is no ledger."""
        return self._coded.last_pad if self._coded is not None else None

    def paint_timecode(self) -> None:
        """Paint from now on.  Raises BadInputError where the pipeline has no raw frames to paint."""
        if not self.follows:
            raise BadInputError(
                "--paint-timecode cannot paint: the pipeline has no elements called capture and encoder; "
                "use one of the rendered scripts."
            )
        self._paint = True

    def look_at_clock(self, source_latency_ns: int, fps: float | None) -> None:
        """Set what ages are reckoned with; from the main thread, once a second, for clocks drift."""
        if not self._read_clock():
            return
        self._lateness.configure(self._max_age_ms, fps or DEFAULT_FPS, source_latency_ns)
        limit_ns = self._lateness.limit_ns
        self._late_after_ns = NEVER_NS if limit_ns is None else self._clock_offset_ns + limit_ns

    def _read_clock(self) -> bool:
        """Note how far the running time of the pipeline is behind the monotonic clock; whether it has a clock."""
        clock = self._pipeline.get_clock()
        if clock is None:
            return False
        self._clock_offset_ns = monotonic_ns() - (clock.get_time() - self._pipeline.get_base_time())
        return True

    def close(self) -> None:
        """Take no more frames from the card, and ask the elements for the last time: at their end they forget."""
        if self.follows:
            pad = self._capture.get_static_pad("src")
            self._probes.append(Probe(pad, lambda _pad, _info, _user: DROP))
            self._probes[0].remove()
        if self._rate is not None:
            time.sleep(SETTLE_S)
        self._last_words = self._admitted()

    def totals(self) -> Totals:
        """Return the ledger and the counters of this moment."""
        self.enter_notes()
        return self.ledger.totals(self._last_words or self._admitted())

    def enter_notes(self) -> None:
        """Bring the ledger up to this moment; from the main thread alone."""
        journal = self._journal
        for _ in range(len(journal)):
            self._enter(journal.popleft())

    def _admitted(self) -> Admitted:
        rate = self._rate
        return Admitted(
            rate_dropped=rate.get_property("drop") if rate is not None else 0,
            rate_duplicated=rate.get_property("duplicate") if rate is not None else 0,
            leaky_raw=self._raw is not None and self._raw.leaks(),
            leaky_coded=self._coded is not None and self._coded.leaks(),
        )

    # The four probes.  Between two frames caches grow cold, and each step then costs microseconds: so they only note what
    # they see, and the main thread makes sense of it once a second.

    def _captured(self, _pad: int, info: int, _user: None) -> int:
        buffer = fields_at(pointer_at(info + DATA).value)
        self._note((CAPTURED, buffer[PTS], monotonic_ns(), buffer[OFFSET]))
        return OK

    def _encoder_in(self, _pad: int, info: int, _user: None) -> int:
        pts, now = fields_at(pointer_at(info + DATA).value)[PTS], monotonic_ns()
        if now - pts > self._late_after_ns:
            if self._lateness.is_late(now - pts - self._clock_offset_ns):
                self._note((LATE, pts, now))
                return DROP
        elif self._lateness.in_a_row:
            self._lateness.in_a_row = 0
        self._note((ENCODER_IN, pts, now))
        if self._paint:
            if not self._clock_offset_ns:
                # The first frames come before the main thread has looked, and some of them have waited for the encoder.
                self._read_clock()
            self._write_code(info, now - pts - self._clock_offset_ns)
        return OK

    def _encoder_out(self, _pad: int, info: int, _user: None) -> int:
        address = pointer_at(info + DATA).value
        buffer = fields_at(address)
        key = not word_at(address + FLAGS).value & DELTA_UNIT
        self._note((ENCODER_OUT, buffer[PTS], monotonic_ns(), buffer[DTS], buffer_size(address), key))
        return OK

    def _sink_in(self, _pad: int, info: int, _user: None) -> int:
        taken = self.sink_present
        self._note((SINK_IN, fields_at(pointer_at(info + DATA).value)[PTS], monotonic_ns(), taken))
        return OK if taken else DROP

    def _enter(self, event: tuple[Any, ...]) -> None:
        """Enter one note into the ledger."""
        kind, pts, now = event[:3]
        if kind == CAPTURED:
            sequence = event[3] if self._numbered and event[3] != NONE else None
            delay = now - self._clock_offset_ns - pts if self._clock_offset_ns and pts != NONE else None
            self.ledger.captured(pts, sequence, now, delay)
        elif kind in (ENCODER_IN, LATE):
            self.ledger.encoder_in(pts, now, kind == LATE)
        elif kind == ENCODER_OUT:
            if self._shift_ns is None:
                self._shift_ns = _start(self._encoder, "src") - _start(self._encoder, "sink")
            dts, size, key = event[3:]
            dts = pts if dts == NONE else dts
            self.ledger.encoder_out(pts - self._shift_ns, dts - self._shift_ns, size, key, now)
            self.playing = True
        else:
            self.ledger.sink_in(pts - (self._shift_ns or 0), now, event[3])

    def _write_code(self, info: int, age_ns: int) -> None:
        try:
            if self._painter is None:
                self._painter = Painter(self._encoder.get_static_pad("sink").get_current_caps())
            self._painter.paint(info, max(age_ns, 0) if self._clock_offset_ns else 0)
        except BadInputError as problem:
            self._paint = False
            self._on_failure(str(problem), int(problem.exit_code))
        except OSError as problem:
            self._paint = False
            self._on_failure(f"--paint-timecode cannot paint: {problem}.", 1)


def _start(element: Any, pad_name: str) -> int:
    """Return the time that a pad's segment begins with, in ns.

    x264enc moves its output by 1000 hours, so that no DTS is below zero, and moves the segment with it
    (gst_video_encoder_set_min_pts).
    """
    event = element.get_static_pad(pad_name).get_sticky_event(Gst.EventType.SEGMENT, 0)
    segment = event.parse_segment() if event is not None else None
    return segment.start - segment.base if segment is not None else 0
