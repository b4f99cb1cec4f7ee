"""The pipeline and what is hung into it: key, clocksync, pad probes, bus.  The only door to GStreamer."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gi

from streamkit.errors import BadInputError, StreamkitError
from streamkit.launch.figures import Counters

gi.require_version("Gst", "1.0")
from gi.repository import GLib, Gst  # noqa: E402 - the version must be required first


def parse(words: Sequence[str]) -> Any:
    """Return the pipeline that the words of a gst-launch line describe.  Raises BadInputError."""
    Gst.init(None)
    try:
        return Gst.parse_launchv(list(words))
    except GLib.Error as problem:
        raise BadInputError(f"The pipeline cannot be built: {problem.message}.") from None


class Pipeline:
    """One parsed pipeline.  ``on_end(message, code)`` is called once when it ends by itself."""

    def __init__(self, words: Sequence[str], on_end: Callable[[str, int], None]) -> None:
        self.counters = Counters()
        self.playing = False
        self._on_end = on_end
        self._pipeline = parse(words)
        self._sink = self._pipeline.get_by_name("sink")
        self._encoder = self._pipeline.get_by_name("encoder")
        # What waits inside the sink for the latency that an encoder reports would add it to every frame.
        self._pipeline.connect("deep-element-added", self._element_added)
        for element in self._all_elements():
            self._element_added(None, None, element)
        self._probe("capture", self._captured)
        self._probe("encoder", self._encoded)
        self.has_audio = self._probe("audio_capture", self._audio)
        bus = self._pipeline.get_bus()
        bus.add_signal_watch()
        bus.connect("message", self._message)

    def use_key(self, key_file: Path) -> None:
        """Hand the stream key to the sink's signaller; it appears in no argument and in no log."""
        signaller = self._sink.get_property("signaller") if self._sink else None
        if signaller is None or signaller.find_property("auth-token") is None:
            return
        try:
            key = key_file.read_text(encoding="utf-8").strip()
        except OSError as problem:
            raise StreamkitError(f"The stream key cannot be read from {key_file}: {problem.strerror}.") from None
        if key:
            signaller.set_property("auth-token", key)

    def start(self) -> None:
        """Go to PLAYING; what goes wrong arrives on the bus."""
        self._pipeline.set_state(Gst.State.PLAYING)

    def stop(self) -> None:
        """Go to NULL: devices are closed, and a WHIP session is deleted on its server."""
        self._pipeline.set_state(Gst.State.NULL)
        self._pipeline.get_state(5 * Gst.SECOND)

    def video_caps(self) -> dict[str, Any]:
        """Return codec, width, height and configured_fps as negotiated; None where they are not yet."""
        found: dict[str, Any] = {"codec": None, "width": None, "height": None, "configured_fps": None}
        pad = self._encoder.get_static_pad("src") if self._encoder else None
        caps = pad.get_current_caps() if pad else None
        if caps and caps.get_size():
            with caps.get_structure(0) as structure:
                found["codec"] = structure.get_name().removeprefix("video/x-")
                found["width"], found["height"] = structure.get_value("width"), structure.get_value("height")
                known, numerator, denominator = structure.get_fraction("framerate")
            if known and denominator:
                found["configured_fps"] = round(numerator / denominator, 3)
        return found

    def peers(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Return {session: {entry: {field: value}}} from the sink's ``stats``; empty for other sinks."""
        if self._sink is None or self._sink.find_property("stats") is None:
            return {}
        return {name: entries for name, entries in _plain(self._sink.get_property("stats")).items() if entries}

    def _all_elements(self) -> list[Any]:
        found: list[Any] = []
        iterator = self._pipeline.iterate_recurse()
        while True:
            result, element = iterator.next()
            if result != Gst.IteratorResult.OK:
                return found
            found.append(element)

    def _element_added(self, _bin: Any, _sub_bin: Any, element: Any) -> None:
        factory = element.get_factory()
        if factory is not None and factory.get_name() == "clocksync":
            element.set_property("sync", False)

    def _probe(self, name: str, count: Callable[[Any], None]) -> bool:
        element = self._pipeline.get_by_name(name)
        pad = element.get_static_pad("src") if element else None
        if pad is None:
            return False

        def probe(_pad: Any, info: Any) -> Any:
            count(info.get_buffer())
            return Gst.PadProbeReturn.OK

        pad.add_probe(Gst.PadProbeType.BUFFER, probe)
        return True

    def _captured(self, _buffer: Any) -> None:
        self.counters.captured += 1

    def _encoded(self, buffer: Any) -> None:
        self.counters.encoded += 1
        self.counters.encoded_bytes += buffer.get_size()
        if not buffer.has_flags(Gst.BufferFlags.DELTA_UNIT):
            self.counters.keyframes += 1
        # The first encoded frame, not PLAYING: a pipeline can be PLAYING and wait for a card for ever.
        self.playing = True

    def _audio(self, _buffer: Any) -> None:
        self.counters.audio_buffers += 1

    def _message(self, _bus: Any, message: Any) -> None:
        if message.type == Gst.MessageType.ERROR:
            error, debug = message.parse_error()
            # The first line says where; the rest is addresses within the library.
            detail = (debug or "").strip().splitlines()[-1:]
            self._on_end(f"{message.src.get_name()}: {error.message} {' '.join(detail)}".strip(), 1)
        elif message.type == Gst.MessageType.EOS:
            self._on_end("The pipeline came to its end.", 1)
        elif message.type == Gst.MessageType.WARNING:
            error, _ = message.parse_warning()
            print(f"warning from {message.src.get_name()}: {error.message}", file=sys.stderr, flush=True)


def _plain(value: Any) -> Any:
    """Return GStreamer structures as dictionaries, everything else as it is."""
    if not isinstance(value, Gst.Structure):
        return getattr(value, "value_nick", value)
    return {value.nth_field_name(i): _plain(value.get_value(value.nth_field_name(i))) for i in range(value.n_fields())}
