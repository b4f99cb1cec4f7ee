"""The pipeline and what is hung into it: key, clocksync, probes, sound, bus."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gi

from streamkit.errors import BadInputError, StreamkitError
from streamkit.launch.arguments import words_of
from streamkit.launch.audio import NAME as AUDIO_COUNT
from streamkit.launch.audio import AudioCount
from streamkit.launch.playout import ask_no_delay
from streamkit.launch.probes import VideoProbes
from streamkit.launch.sink import SinkRebuilder

gi.require_version("Gst", "1.0")
from gi.repository import GLib, Gst  # noqa: E402 - the version must be required first

STOP_S = 4.0
"""The supervisor kills after five seconds; a server that does not answer a good-bye must not cost the last figures."""

WAITING = frozenset({"clocksync", "appsink"})
"""What waits for the clock inside a WebRTC sink: for the latency an encoder reports (1.25 s for SVT-AV1), and another
20 ms (processing-deadline of a sink).  The receiver has a jitter buffer of its own."""


def parse(words: Sequence[str]) -> Any:
    """Return the pipeline that the words of a gst-launch line describe.  Raises BadInputError."""
    Gst.init(None)
    try:
        return Gst.parse_launchv(list(words))
    except GLib.Error as problem:
        raise BadInputError(f"The pipeline cannot be built: {problem.message}.") from None


class Pipeline:
    """One parsed pipeline.  ``on_end(message, code)`` is called in the main loop when it ends by itself."""

    def __init__(
        self,
        words: Sequence[str],
        on_end: Callable[[str, int], None],
        max_frame_age_ms: float | None = None,
        *,
        sink_waits: bool = False,
        no_playout_delay: bool = False,
    ) -> None:
        self._on_end = on_end
        self._sink_waits = sink_waits
        self._no_playout_delay = no_playout_delay
        self._key = ""
        self._caps: dict[str, Any] = {}
        self._waiting: list[Any] = []
        self.gst = parse(words)
        self._encoder = self.gst.get_by_name("encoder")
        self.gst.connect("deep-element-added", self._element_added)
        for element in self._all_elements():
            self._element_added(None, None, element)
        self.video = VideoProbes(self.gst, max_frame_age_ms, self._fail)
        self.audio = AudioCount(self.gst)
        self._sink_words = words_of("sink", words)
        self._prepare(self.gst.get_by_name("sink"))
        self.sink = SinkRebuilder(self.gst, self._make_sink, self._gate, self.video.sink_pad, self._fail)
        bus = self.gst.get_bus()
        bus.add_signal_watch()
        bus.connect("message", self._message)

    def use_key(self, key_file: Path) -> None:
        """Hand the stream key to the sink's signaller; it appears in no argument and in no log."""
        sink = self.gst.get_by_name("sink")
        if _token_holder(sink) is None:
            return
        try:
            self._key = key_file.read_text(encoding="utf-8").strip()
        except OSError as problem:
            raise StreamkitError(f"The stream key cannot be read from {key_file}: {problem.strerror}.") from None
        self._hand_over_key(sink)

    def start(self) -> None:
        """Go to PLAYING; what goes wrong arrives on the bus."""
        self.gst.set_state(Gst.State.PLAYING)
        self._let_nothing_wait()

    def stop(self) -> bool:
        """Go to NULL: devices are closed, a WHIP session is deleted on its server.  Return whether it ended in time."""
        ended = threading.Event()

        def end() -> None:
            self.gst.set_state(Gst.State.NULL)
            ended.set()

        threading.Thread(target=end, name="stop", daemon=True).start()
        return ended.wait(STOP_S)

    def look_at_clock(self) -> None:
        """Let the probes know the time and the source's own latency; once a second."""
        self._let_nothing_wait()
        latency_ns = 0
        capture = self.gst.get_by_name("capture")
        if capture is not None:
            query = Gst.Query.new_latency()
            if capture.query(query):
                latency_ns = query.parse_latency()[1]
        self.video.look_at_clock(latency_ns, _caps_of(self._encoder, "sink")["configured_fps"])

    def video_caps(self) -> dict[str, Any]:
        """Return codec, width, height and configured_fps as negotiated; None where they are not yet."""
        found = _caps_of(self._encoder, "src")
        if found["codec"] is not None:
            # After the end there are none any more, and the last figures are still of something.
            self._caps = found
        return self._caps or found

    def peers(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Return {session: {entry: {field: value}}} from the sink's ``stats``; empty for other sinks."""
        sink = self.gst.get_by_name("sink")
        if sink is None or sink.find_property("stats") is None:
            return {}
        found = _plain(sink.get_property("stats"))
        return {name: entries for name, entries in found.items() if entries and isinstance(entries, dict)}

    def _make_sink(self) -> Any:
        sink = parse(self._sink_words)
        self._prepare(sink)
        self._hand_over_key(sink)
        return sink

    def _prepare(self, sink: Any) -> None:
        if self._no_playout_delay:
            ask_no_delay(sink)

    def _hand_over_key(self, sink: Any) -> None:
        holder = _token_holder(sink)
        if holder is not None and self._key:
            holder.set_property("auth-token", self._key)

    def _gate(self, is_open: bool) -> None:
        self._let_nothing_wait()
        self.video.sink_present = is_open

    def _fail(self, message: str, code: int) -> None:
        """End from any thread."""

        def end() -> bool:
            self._on_end(message, code)
            return bool(GLib.SOURCE_REMOVE)

        GLib.idle_add(end)

    def _let_nothing_wait(self) -> None:
        # Not when they are added: the sink sets the property itself a moment later, without a notification.
        self._waiting = [element for element in self._waiting if element.get_parent() is not None]
        for element in self._waiting:
            if element.get_property("sync"):
                element.set_property("sync", False)

    def _all_elements(self) -> list[Any]:
        found: list[Any] = []
        iterator = self.gst.iterate_recurse()
        while True:
            result, element = iterator.next()
            if result != Gst.IteratorResult.OK:
                return found
            found.append(element)

    def _element_added(self, _bin: Any, _sub_bin: Any, element: Any) -> None:
        factory = element.get_factory()
        if self._sink_waits or factory is None:
            return
        if factory.get_name() in WAITING and _lies_in(element, "sink"):
            self._waiting.append(element)

    def _message(self, _bus: Any, message: Any) -> None:
        kind = message.type
        if kind == Gst.MessageType.ELEMENT and message.src.get_name() == AUDIO_COUNT:
            self.audio.message(message.get_structure())
        elif kind == Gst.MessageType.LATENCY:
            self.gst.recalculate_latency()
        elif self.sink.owns(message.src):
            return
        elif kind == Gst.MessageType.ERROR:
            error, debug = message.parse_error()
            # The first line says where; the rest is addresses within the library.
            detail = (debug or "").strip().splitlines()[-1:]
            self._on_end(f"{message.src.get_name()}: {error.message} {' '.join(detail)}".strip(), 1)
        elif kind == Gst.MessageType.EOS:
            self._on_end("The pipeline came to its end.", 1)
        elif kind == Gst.MessageType.WARNING:
            error, _ = message.parse_warning()
            print(f"warning from {message.src.get_name()}: {error.message}", file=sys.stderr, flush=True)


def _lies_in(element: Any, name: str) -> bool:
    parent = element.get_parent()
    return parent is not None and parent.get_name() == name


def _token_holder(sink: Any) -> Any:
    """Return the sink's signaller if it takes a bearer token, else None."""
    signaller = sink.get_property("signaller") if sink is not None and sink.find_property("signaller") else None
    return signaller if signaller is not None and signaller.find_property("auth-token") is not None else None


def _caps_of(element: Any, pad_name: str) -> dict[str, Any]:
    found: dict[str, Any] = {"codec": None, "width": None, "height": None, "configured_fps": None}
    pad = element.get_static_pad(pad_name) if element else None
    caps = pad.get_current_caps() if pad else None
    if caps and caps.get_size():
        with caps.get_structure(0) as structure:
            found["codec"] = structure.get_name().removeprefix("video/x-")
            found["width"], found["height"] = structure.get_value("width"), structure.get_value("height")
            known, numerator, denominator = structure.get_fraction("framerate")
        if known and denominator and numerator:
            found["configured_fps"] = round(numerator / denominator, 3)
    return found


def _plain(value: Any) -> Any:
    """Return GStreamer structures as dictionaries, everything else as it is."""
    if not isinstance(value, Gst.Structure):
        return getattr(value, "value_nick", value)
    return {value.nth_field_name(i): _plain(value.get_value(value.nth_field_name(i))) for i in range(value.n_fields())}
