"""The words of a rendered script turned into a trial: the same pipeline, fed with frames of our own.  Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from streamkit.errors import StreamkitError

FEED = ("appsrc", "name=capture", "format=time", "is-live=true", "block=true", "max-buffers=2", "max-bytes=0")
"""In place of the capture card: takes the frames that the trial hands over, two at most ahead of the encoder."""


def trial_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return a script's environment for a trial: the card's format, no sound, and an end that takes everything."""
    return {**environment, "PUBLISH": "discard", "AUDIO_SOURCE": "none", "VIDEO_SOURCE": "v4l2"}


def feed_words(words: Sequence[str]) -> list[str]:
    """Return the pipeline of ``--print`` (its first word, the launcher, left out) with the capture element replaced.

    Raises StreamkitError when there is no element named ``capture``.
    """
    pipeline = list(words[1:])
    try:
        # The name is the first property of each named element, so its factory stands right before it.
        begin = pipeline.index("name=capture") - 1
        end = pipeline.index("!", begin)
    except ValueError:
        raise StreamkitError("The script's pipeline has no element named capture; it was not rendered here.") from None
    return [*pipeline[:begin], *FEED, *pipeline[end:]]


def source_words(caps: str, frames: int) -> list[str]:
    """Return the pipeline that makes ``frames`` pictures of ``caps``, as the capture card would hand them over.

    Rings that move, finer towards the edges: neither so plain that every encoder is fast nor noise that none can code.
    """
    picture = ["videotestsrc", f"num-buffers={frames}", "pattern=zone-plate", "kx2=8", "ky2=8", "kt=2"]
    if caps.startswith("image/jpeg"):
        raw = caps.replace("image/jpeg", "video/x-raw,format=I420", 1)
        return [*picture, "!", raw, "!", "jpegenc", "quality=90", "!", "appsink", "name=frames", "sync=false"]
    return [*picture, "!", caps, "!", "appsink", "name=frames", "sync=false"]
