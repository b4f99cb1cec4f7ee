"""Several viewers that run in the image until they are ended: ``receivers.py ENDPOINT COUNT``.

Each is a WebRTC session of its own that asks as a browser does (H.264 constrained baseline and Opus, one connection for
both, lost packets asked for again).  Nothing is decoded: packets are decrypted, put in order and thrown away, so that
the machine's time is left to the sender.
"""

from __future__ import annotations

import signal
import sys
import urllib.request
from typing import Any
from urllib.parse import urljoin

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402 - the versions must be required first

VIDEO = (
    "application/x-rtp,media=video,encoding-name=H264,clock-rate=90000,payload=96,"
    "packetization-mode=(string)1,profile-level-id=(string)42e01f,level-asymmetry-allowed=(string)1"
)
AUDIO = "application/x-rtp,media=audio,encoding-name=OPUS,clock-rate=48000,encoding-params=(string)2,payload=111"


class Receiver:
    """One viewer of ``endpoint``: offers, and throws away what comes."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._offered = self._asked = False
        self._session = ""
        self.pipeline = Gst.Pipeline.new(None)
        self._peer = Gst.ElementFactory.make("webrtcbin", None)
        self._peer.set_property("bundle-policy", GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
        self.pipeline.add(self._peer)
        self._peer.connect("pad-added", self._added)
        self._peer.connect("on-negotiation-needed", self._offer)
        self._peer.connect("notify::ice-gathering-state", self._gathered)
        direction = GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY
        for caps in (VIDEO, AUDIO):
            transceiver = self._peer.emit("add-transceiver", direction, Gst.Caps.from_string(caps))
            transceiver.set_property("do-nack", True)
        self.pipeline.set_state(Gst.State.PLAYING)

    def _offer(self, _peer: Any) -> None:
        # Told for each transceiver; the first offer has them all.
        if self._offered:
            return
        self._offered = True

        def made(promise: Any, _data: Any) -> None:
            # The description is a part of the reply, which must live as long.
            reply = promise.get_reply()
            self._peer.emit("set-local-description", reply.get_value("offer"), Gst.Promise.new())

        self._peer.emit("create-offer", None, Gst.Promise.new_with_change_func(made, None))

    def _gathered(self, _peer: Any, _what: Any) -> None:
        complete = GstWebRTC.WebRTCICEGatheringState.COMPLETE
        if not self._asked and self._peer.get_property("ice-gathering-state") == complete:
            self._asked = True
            GLib.idle_add(self._ask)

    def _ask(self) -> bool:
        offer = self._peer.get_property("local-description").sdp.as_text()
        request = urllib.request.Request(self._endpoint, offer.encode(), {"Content-Type": "application/sdp"})
        with urllib.request.urlopen(request, timeout=10) as reply:
            self._session = urljoin(self._endpoint, reply.headers["Location"])
            _, answer = GstSdp.SDPMessage.new_from_text(reply.read().decode())
        kind = GstWebRTC.WebRTCSDPType.ANSWER
        description = GstWebRTC.WebRTCSessionDescription.new(kind, answer)
        self._peer.emit("set-remote-description", description, Gst.Promise.new())
        return False

    def leave(self) -> None:
        """Take leave of the sender, which would otherwise wait half a minute for a sign of life."""
        if self._session:
            with urllib.request.urlopen(urllib.request.Request(self._session, method="DELETE"), timeout=10):
                pass
        self.pipeline.set_state(Gst.State.NULL)

    def _added(self, _peer: Any, pad: Any) -> None:
        end = Gst.ElementFactory.make("fakesink", None)
        end.set_property("sync", False)
        end.set_property("async", False)
        self.pipeline.add(end)
        end.sync_state_with_parent()
        pad.link(end.get_static_pad("sink"))


def main() -> int:
    """Watch until SIGTERM."""
    endpoint, count = sys.argv[1], int(sys.argv[2])
    Gst.init(None)
    viewers = [Receiver(endpoint) for _ in range(count)]
    loop = GLib.MainLoop()
    GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, signal.SIGTERM, loop.quit)
    loop.run()
    for viewer in viewers:
        viewer.leave()
    return 0


if __name__ == "__main__":
    sys.exit(main())
