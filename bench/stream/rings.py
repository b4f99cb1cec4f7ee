"""The picture by which quality is told: rings that move, each made by formula from its number alone.  Pure.

``videotestsrc pattern=zone-plate``: every sample is a sine of ``kx2 x^2 / width + ky2 y^2 / height + kt n`` (in 256ths of a
turn) for picture number n (gst-plugins-base, gst_video_test_src_zoneplate).  So the same words make the same pictures
whenever they run.  Details get finer from the middle to the edges (32 pixels), and all of them move in each picture: two
neighbours are 24.5 dB apart, less than an encoder takes from either of them, so that they cannot be mistaken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from streamkit.errors import StreamkitError

RINGS = ("pattern=zone-plate", "kx2=8", "ky2=8", "kt=8")
PERIOD_FRAMES = 32
"""256 / kt: from here on the pictures come again.  It divides 2^16, at which painted numbers begin anew."""
TEST_PICTURE = """\
      pattern=smpte
      # The bars wander so that a frozen picture shows.
      horizontal-speed=4
"""
WHEN_ONLY = frozenset({"queue", "videorate"})
"""Elements that decide when a picture passes, or whether, and never what it shows."""


def with_rings(release: Mapping[str, str]) -> dict[str, str]:
    """Return the release's files with rings for the test picture.  Raises StreamkitError where a script has changed."""
    made = dict(release)
    lines = "".join(f"      {word}\n" for word in RINGS)
    for path in made:
        if path.startswith("scripts/stream"):
            if made[path].count(TEST_PICTURE) != 1:
                raise StreamkitError(
                    f"{path} makes the test picture otherwise than bench knows; see bench/stream/rings.py."
                )
            made[path] = made[path].replace(TEST_PICTURE, lines)
    return made


def reference_words(words: Sequence[str]) -> list[str]:
    """Return the words that make the first PERIOD_FRAMES pictures as the encoder gets them, as fast as it goes.

    ``words`` are those of the streaming process: of them the source and every conversion are left, up to the element that
    is named encoder.  Raises StreamkitError where they do not show rings.
    """
    try:
        # The name is the first property of each named element, so its factory stands right before it.
        way = list(words[words.index("name=capture") - 1 : words.index("name=encoder") - 1])
    except ValueError:
        way = []
    elements: list[list[str]] = [[]]
    for word in way:
        if word == "!":
            elements.append([])
        else:
            elements[-1].append(word)
    source, *others = elements
    if source[:1] != ["videotestsrc"] or not set(RINGS) <= set(source):
        raise StreamkitError("The streaming process does not show rings, so its pictures cannot be made again.")
    made = [word for word in source if not word.startswith(("is-live=", "num-buffers="))]
    made.append(f"num-buffers={PERIOD_FRAMES}")
    for element in others:
        if element and element[0] not in WHEN_ONLY:
            made += ["!", *element]
    return made
