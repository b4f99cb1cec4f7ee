"""Tearing the sink down and building it anew, while card and encoder go on.

Only the mechanism: when it is worth doing is decided elsewhere.  The order matters: gates closed (coded frames are
dropped and counted), pads unlinked where nothing flows, old sink to NULL in a thread of its own (a WHIP server that
hangs must not block the card), its listening address free again, new sink linked, gates opened, a key frame asked for.
"""

from __future__ import annotations

import errno
import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

import gi

from streamkit.errors import StreamkitError
from streamkit.launch.pads import DROP, Probe

gi.require_version("Gst", "1.0")
gi.require_version("GstVideo", "1.0")
from gi.repository import GLib, Gst, GstVideo  # noqa: E402 - the versions must be required first

UNLINK_S = 3.0
"""How long a frame may take inside the sink before its pads count as stuck."""
TEARDOWN_S = 5.0
"""How long the old sink may take to say good-bye to its server; after that it goes on doing so alone."""
ADDRESS_S = 3.0


class SinkRebuilder:
    """Replaces the element called ``sink`` by one made of the same words."""

    def __init__(
        self,
        pipeline: Any,
        make: Callable[[], Any],
        gate: Callable[[bool], None],
        gated_pad: Any,
        on_failure: Callable[[str, int], None],
    ) -> None:
        """``make`` returns a new, configured sink; ``gate(open)`` passes or drops coded video in front of it.

        ``gated_pad`` is the pad that the gate guards; the others (sound) are guarded here.
        """
        self.rebuilds = 0
        self.busy = False
        self._pipeline = pipeline
        self._make = make
        self._gate = gate
        self._gated_pad = gated_pad
        self._on_failure = on_failure
        self._old: Any = None
        self._links: list[tuple[Any, str]] = []
        self._gates: list[Probe] = []
        self._linked = 0
        self._deadline_s = 0.0
        self._gone = threading.Event()

    def rebuild(self) -> None:
        """Begin; the rest happens on the main loop.  Does nothing while a rebuild is under way."""
        if self.busy:
            return
        self._old = self._pipeline.get_by_name("sink")
        if self._old is None:
            self._on_failure("The sink cannot be rebuilt: no element of the pipeline is called sink.", 1)
            return
        self.busy = True
        self._gate(False)
        self._links = []
        for pad in self._old.sinkpads:
            source = pad.get_peer()
            if source is not None:
                self._links.append((source, pad.get_pad_template().name_template))
        self._gates = [
            Probe(source, lambda _pad, _info, _user: DROP) for source, _ in self._links if source != self._gated_pad
        ]
        self._linked = len(self._links)
        self._deadline_s = time.monotonic() + UNLINK_S
        for source, _ in self._links:
            # Called where and when nothing flows through the pad, perhaps at once.
            source.add_probe(Gst.PadProbeType.IDLE, self._unlink)
        GLib.timeout_add(20, self._until_unlinked)

    def owns(self, message_source: Any) -> bool:
        """Return whether a message comes from the sink that is being torn down: its troubles are over."""
        old = self._old
        return old is not None and (message_source == old or message_source.has_as_ancestor(old))

    def _unlink(self, source: Any, _info: Any) -> Any:
        peer = source.get_peer()
        if peer is not None:
            source.unlink(peer)
        self._linked -= 1
        return Gst.PadProbeReturn.REMOVE

    def _until_unlinked(self) -> bool:
        if self._linked > 0:
            if time.monotonic() < self._deadline_s:
                return bool(GLib.SOURCE_CONTINUE)
            self._on_failure(f"The sink cannot be rebuilt: it has held a frame for {UNLINK_S:.0f} s.", 1)
            return bool(GLib.SOURCE_REMOVE)
        self._pipeline.remove(self._old)
        self._gone = threading.Event()
        threading.Thread(target=_end, args=(self._old, self._gone), name="sink teardown", daemon=True).start()
        self._deadline_s = time.monotonic() + TEARDOWN_S
        GLib.timeout_add(20, self._until_gone)
        return bool(GLib.SOURCE_REMOVE)

    def _until_gone(self) -> bool:
        if not self._gone.is_set() and time.monotonic() < self._deadline_s:
            return bool(GLib.SOURCE_CONTINUE)
        address = listening_address(self._old)
        if address is not None and not is_free(address):
            if time.monotonic() < self._deadline_s + ADDRESS_S:
                return bool(GLib.SOURCE_CONTINUE)
            self._on_failure(f"The sink cannot be rebuilt: {address[0]}:{address[1]} is still in use.", 1)
            return bool(GLib.SOURCE_REMOVE)
        try:
            self._link_new()
        except StreamkitError as problem:
            self._on_failure(str(problem), int(problem.exit_code))
        return bool(GLib.SOURCE_REMOVE)

    def _link_new(self) -> None:
        new = self._make()
        self._pipeline.add(new)
        for source, template in self._links:
            pad = new.request_pad_simple(template) if "%" in template else new.get_static_pad(template)
            if pad is None or source.link(pad) != Gst.PadLinkReturn.OK:
                raise StreamkitError("The sink cannot be rebuilt: the new one takes no such stream.")
        if not new.sync_state_with_parent():
            raise StreamkitError("The sink cannot be rebuilt: the new one does not start.")
        for probe in self._gates:
            probe.remove()
        self._gate(True)
        for source, _ in self._links:
            # Whoever watches the new sink can begin at once; min-force-key-unit-interval bounds how often.
            event = GstVideo.video_event_new_upstream_force_key_unit(Gst.CLOCK_TIME_NONE, True, 0)
            source.send_event(event)
        self._old = None
        self.rebuilds += 1
        self.busy = False


def _end(sink: Any, gone: threading.Event) -> None:
    sink.set_state(Gst.State.NULL)
    gone.set()


def listening_address(sink: Any) -> tuple[str, int] | None:
    """Return (host, port) where a WHEP server sink takes offers; None for sinks that do not listen."""
    signaller = sink.get_property("signaller") if sink.find_property("signaller") is not None else None
    if signaller is None or signaller.find_property("host-addr") is None:
        return None
    parts = urlsplit(signaller.get_property("host-addr") or "")
    return (parts.hostname, parts.port or 80) if parts.hostname else None


def is_free(address: Sequence[Any]) -> bool:
    """Return whether nobody listens at (host, port)."""
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(tuple(address))
        except OSError as problem:
            return problem.errno != errno.EADDRINUSE
    return True
