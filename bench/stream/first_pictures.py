"""Writes the raw pictures of a pipeline that ends by itself: ``first_pictures.py FILE WORD...``.  Runs in the image.

Prints one line of JSON: format, width and height in pixels, and where luma lies in each picture, in bytes.
"""

from __future__ import annotations

import json
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstVideo", "1.0")
from gi.repository import GLib, Gst, GstVideo  # noqa: E402 - the versions must be required first

WITHIN_S = 50


def main() -> int:
    """Run the pipeline to its end; exit code 1 with a sentence where it does not come to one."""
    target, *words = sys.argv[1:]
    Gst.init(None)
    try:
        pipeline = Gst.parse_launchv([*words, "!", "filesink", "name=end", f"location={target}"])
    except GLib.Error as problem:
        return _failed(problem.message)
    pipeline.set_state(Gst.State.PLAYING)
    message = pipeline.get_bus().timed_pop_filtered(WITHIN_S * Gst.SECOND, Gst.MessageType.EOS | Gst.MessageType.ERROR)
    caps = pipeline.get_by_name("end").get_static_pad("sink").get_current_caps()
    pipeline.set_state(Gst.State.NULL)
    if message is None:
        return _failed(f"it did not end within {WITHIN_S} s")
    if message.type == Gst.MessageType.ERROR:
        return _failed(message.parse_error()[0].message)
    info = GstVideo.VideoInfo.new_from_caps(caps)
    found = {
        "format": info.finfo.name,
        "width": info.width,
        "height": info.height,
        "size": info.size,
        "offset": info.offset[0],
        "stride": info.stride[0],
    }
    sys.stdout.write(json.dumps(found) + "\n")
    return 0


def _failed(why: str) -> int:
    sys.stderr.write(f"{why}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
