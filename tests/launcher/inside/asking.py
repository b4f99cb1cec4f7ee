"""A viewer that runs in the image and offers a header extension: ``asking.py ENDPOINT CAPS KIND ID URI PACKETS``.

CAPS is what it can take, as in "application/x-rtp,media=video,…"; to the section of KIND (video or audio) the extension
is added under ID, 0 for none.  When so many packets of video have come it prints a JSON object and ends with 0: the
answer's lines about header extensions, by section, and how often each value of the extension was in a packet, in
hexadecimal digits ("" where there was none).  After a minute it ends with 1.
"""

from __future__ import annotations

import collections
import json
import sys
import urllib.request
from typing import Any

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtp", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstRtp, GstSdp, GstWebRTC  # noqa: E402 - the versions must be required first

LIMIT_S = 60
AUDIO = "application/x-rtp,media=audio,encoding-name=OPUS,clock-rate=48000,encoding-params=(string)2,payload=111"


class Asking:
    """One viewer; ``found`` is what it prints, once it has that."""

    def __init__(self, arguments: list[str], loop: Any) -> None:
        self._endpoint, video, kind, number, uri, packets = arguments
        self._id, self._wanted = int(number), int(packets)
        self._loop = loop
        self._offered = self._asked = False
        self._answer: dict[str, list[str]] = {}
        self._values: collections.Counter[str] = collections.Counter()
        self.found: dict[str, Any] | None = None
        self.pipeline = Gst.Pipeline.new(None)
        self._peer = Gst.ElementFactory.make("webrtcbin", None)
        self._peer.set_property("bundle-policy", GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
        self.pipeline.add(self._peer)
        self._peer.connect("pad-added", self._added)
        self._peer.connect("on-negotiation-needed", self._offer)
        self._peer.connect("notify::ice-gathering-state", self._gathered)
        for media, caps in (("video", video), ("audio", AUDIO)):
            if self._id and media == kind:
                caps += f',extmap-{self._id}=(string)"{uri}"'
            direction = GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY
            self._peer.emit("add-transceiver", direction, Gst.Caps.from_string(caps))
        self.pipeline.set_state(Gst.State.PLAYING)

    def _offer(self, _peer: Any) -> None:
        if self._offered:
            return
        self._offered = True

        def made(promise: Any, _data: Any) -> None:
            # The description is a part of the reply, which must live as long.
            reply = promise.get_reply()
            self._peer.emit("set-local-description", reply.get_value("offer"), Gst.Promise.new())

        self._peer.emit("create-offer", None, Gst.Promise.new_with_change_func(made, None))

    def _gathered(self, peer: Any, _property: Any) -> None:
        if peer.get_property("ice-gathering-state") != GstWebRTC.WebRTCICEGatheringState.COMPLETE or self._asked:
            return
        self._asked = True
        offer = peer.get_property("local-description").sdp.as_text().encode()
        request = urllib.request.Request(self._endpoint, offer, {"Content-Type": "application/sdp"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read().decode()
        section = ""
        for line in text.splitlines():
            if line.startswith("m="):
                section = line[2:].partition(" ")[0]
            elif line.startswith("a=extmap:"):
                self._answer.setdefault(section, []).append(line)
        _, message = GstSdp.SDPMessage.new_from_text(text)
        description = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, message)
        peer.emit("set-remote-description", description, Gst.Promise.new())

    def _added(self, _peer: Any, pad: Any) -> None:
        end = Gst.ElementFactory.make("fakesink", None)
        end.set_property("sync", False)
        end.set_property("async", False)
        self.pipeline.add(end)
        end.sync_state_with_parent()
        pad.link(end.get_static_pad("sink"))
        pad.add_probe(Gst.PadProbeType.BUFFER, self._packet)

    def _packet(self, pad: Any, info: Any) -> Any:
        if "media=(string)video" in pad.get_current_caps().to_string() and self.found is None:
            mapped, packet = GstRtp.RTPBuffer.map(info.get_buffer(), Gst.MapFlags.READ)
            if mapped:
                has, value = packet.get_extension_onebyte_header(self._id, 0) if self._id else (False, b"")
                self._values[bytes(value).hex() if has else ""] += 1
                packet.unmap()
            if sum(self._values.values()) == self._wanted:
                self.found = {"answer": self._answer, "values": dict(self._values)}
                GLib.idle_add(self._loop.quit)
        return Gst.PadProbeReturn.OK


def main() -> int:
    """Watch until there were packets enough."""
    Gst.init(None)
    loop = GLib.MainLoop()
    viewer = Asking(sys.argv[1:], loop)
    GLib.timeout_add_seconds(LIMIT_S, loop.quit)
    loop.run()
    if viewer.found is not None:
        sys.stdout.write(json.dumps(viewer.found) + "\n")
    viewer.pipeline.set_state(Gst.State.NULL)
    return int(viewer.found is None)


if __name__ == "__main__":
    sys.exit(main())
