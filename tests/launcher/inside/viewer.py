"""A viewer that runs in the image: ``viewer.py ENDPOINT FRAMES``.

Ends with 0 when so many RTP packets of video that end a picture have come from a WHEP endpoint; after a minute with 1.
"""

from __future__ import annotations

import sys
from typing import Any

import gi

gi.require_version("Gst", "1.0")
from gi.repository import GLib, Gst  # noqa: E402 - the version must be required first

LIMIT_S = 60


def main() -> int:
    """Watch, count, and say how it went."""
    endpoint, wanted = sys.argv[1], int(sys.argv[2])
    Gst.init(None)
    pipeline = Gst.Pipeline.new("viewer")
    source = Gst.ElementFactory.make("whepclientsrc", "source")
    source.set_property("stun-server", None)
    source.get_property("signaller").set_property("whep-endpoint", endpoint)
    pipeline.add(source)
    loop = GLib.MainLoop()
    pictures = 0

    def packet(pad: Any, info: Any) -> Any:
        nonlocal pictures
        caps = pad.get_current_caps().to_string()
        # The marker bit (RFC 3550, 5.1) stands on the last packet of a picture.
        if "video" in caps and info.get_buffer().extract_dup(1, 1)[0] & 0x80:
            pictures += 1
            if pictures == wanted:
                sys.stdout.write(caps + "\n")
                GLib.idle_add(loop.quit)
        return Gst.PadProbeReturn.OK

    def added(_source: Any, pad: Any) -> None:
        end = Gst.ElementFactory.make("fakesink", None)
        end.set_property("sync", False)
        end.set_property("async", False)
        pipeline.add(end)
        end.sync_state_with_parent()
        pad.link(end.get_static_pad("sink"))
        pad.add_probe(Gst.PadProbeType.BUFFER, packet)

    source.connect("pad-added", added)
    pipeline.set_state(Gst.State.PLAYING)
    GLib.timeout_add_seconds(LIMIT_S, loop.quit)
    loop.run()
    sys.stdout.write(f"{pictures} pictures\n")
    pipeline.set_state(Gst.State.NULL)
    return int(pictures < wanted)


if __name__ == "__main__":
    sys.exit(main())
