"""Whole pictures out of the viewer: the luma of every so-many-th that it shows, as its decoder gave it."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from bench.viewer.devtools import Browser


@dataclass(frozen=True)
class Keep:
    """Keep every ``every``-th picture whose time code is readable, ``most`` at most."""

    every: int
    most: int


@dataclass(frozen=True)
class Picture:
    """One picture: the number painted into it (modulo 2^16), its size in pixels, ``height`` rows of ``width`` bytes of luma."""

    frame: int
    width: int
    height: int
    luma: bytes


@dataclass(frozen=True)
class Kept:
    """The pictures, as they were shown; ``refused`` says in a sentence why some are missing, None where none are."""

    pictures: tuple[Picture, ...]
    refused: str | None = None


def begin(browser: Browser, keep: Keep) -> None:
    """Let the page keep pictures from now on.  Raises GoneError, PageError."""
    browser.evaluate(f"bench.keep({keep.every:d}, {keep.most:d}); 0")


def take(browser: Browser) -> Kept:
    """Take the pictures that the page has kept, one at a time: together they are too large for one message.

    Raises GoneError, PageError.
    """
    pictures = []
    while found := browser.evaluate("bench.picture()"):
        luma = base64.b64decode(found["luma"])
        pictures.append(Picture(int(found["frame"]), int(found["width"]), int(found["height"]), luma))
    refused = browser.evaluate("bench.refused()")
    return Kept(tuple(pictures), None if refused is None else refusal(str(refused)))


def refusal(pixel_format: str) -> str:
    """Return why pictures of a format (VideoFrame.format, "null" where a page may not read them) are not kept."""
    which = "in a format that no page may read" if pixel_format == "null" else f"as {pixel_format}"
    return (
        f"Chromium gives its pictures {which}, and the luma that was decoded is in I420 and NV12 alone; measure with a "
        "Chromium that decodes in software."
    )
