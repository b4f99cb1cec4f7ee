"""Asking each viewer to show frames as they come: the RTP header extension "playout-delay", with both limits zero.

A browser holds frames back on its own account: for a jitter buffer, for an even rhythm, and until the sound that belongs
to them is due.  A sender may ask it not to (https://webrtc.googlesource.com/src/+/main/docs/native-code/rtp-hdrext/playout-delay);
Chromium and what is built on it do as they are told, others do not offer the extension and are left alone.

The sink answers an offer with what its transceivers prefer, so the extension is put there under the number that this
viewer's offer gives it (RFC 8285 section 5).  The payloader then makes ``rtphdrextplayoutdelay`` by itself, an element of
the image (templates/container/playout).
"""

from __future__ import annotations

import sys
from typing import Any

import gi

from streamkit.launch.offers import extension_id

gi.require_version("Gst", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GObject, Gst, GstWebRTC  # noqa: E402 - the versions must be required first

URI = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"
ELEMENT = "rtphdrextplayoutdelay"


def ask_no_delay(sink: Any) -> None:
    """Have a WebRTC sink ask every viewer that offers to be asked; other sinks are left as they are."""
    if sink is None or not GObject.signal_lookup("consumer-added", sink):
        return
    if Gst.ElementFactory.find(ELEMENT) is None:
        sys.stderr.write(f"Viewers are not asked to show frames at once: there is no {ELEMENT} here.\n")
        return
    sink.connect("consumer-added", _consumer_added)


def _consumer_added(_sink: Any, _viewer: str, webrtcbin: Any) -> None:
    webrtcbin.connect("notify::signaling-state", _signaling_state)


def _signaling_state(webrtcbin: Any, _property: Any) -> None:
    """Between a viewer's offer and the answer to it: neither earlier nor later is its number known and of use."""
    if webrtcbin.get_property("signaling-state") != GstWebRTC.WebRTCSignalingState.HAVE_REMOTE_OFFER:
        return
    number = extension_id(webrtcbin.get_property("remote-description").sdp.as_text(), "video", URI)
    if number is None:
        return
    place = 0
    while (transceiver := webrtcbin.emit("get-transceiver", place)) is not None:
        place += 1
        caps = transceiver.get_property("codec-preferences").copy()
        # Its own "kind" is not known yet.
        with caps.get_structure(0) as structure:
            is_video = structure.get_value("media") == "video"
        if is_video:
            caps.set_value(f"extmap-{number}", URI)
            transceiver.set_property("codec-preferences", caps)
