"""Peak signal-to-noise ratio of luma, and which of the pictures that were sent a shown one is.  Pure.

PSNR = 10 log10(255^2 / MSE), in dB; that of several pictures is taken of the mean of their MSE (as the "average" of
ffmpeg's filter psnr), so that a bad picture counts as much as it is bad.  The rectangle of the painted time code is left
out, with a macroblock around it: prediction and deblocking carry it over its edge.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamkit.launch.timecode import COLUMNS, ROWS, cell_pixels

Luma = NDArray[np.uint8]
PEAK = 255.0
LOSSLESS_DB = 100.0
"""What is said of pictures without any difference."""
AROUND_PIXELS = 16
SEARCHED_ROWS = 4
"""Every so-many-th row is enough to find which picture it is."""
APART_DB = 2.0
"""A picture that is not nearer than this to its own place than to any other does not tell which it is by itself: an encoder
that is starved leaves parts of the picture before."""


@dataclass(frozen=True)
class Match:
    """Of one shown picture: the number painted into it, its ``place`` in the reference, its mean squared error.

    ``apart_db`` is by how much the best place is nearer than the next: near 0, the picture could be either.
    """

    frame: int
    place: int
    mse: float
    apart_db: float

    @property
    def psnr_db(self) -> float:
        """PSNR of this picture."""
        return psnr_db(self.mse)

    @property
    def is_sure(self) -> bool:
        """Whether the picture tells by itself which it is."""
        return self.apart_db >= APART_DB


def psnr_db(mse: float) -> float:
    """Return the PSNR of a mean squared error, LOSSLESS_DB at most."""
    return min(10 * math.log10(PEAK**2 / mse), LOSSLESS_DB) if mse > 0 else LOSSLESS_DB


def mean_db(matches: Sequence[Match]) -> float:
    """Return the PSNR of several pictures together.  Raises ValueError for none."""
    if not matches:
        raise ValueError("no pictures")
    return psnr_db(sum(match.mse for match in matches) / len(matches))


def plane(luma: bytes, width: int, height: int) -> Luma:
    """Return bytes as ``height`` rows of ``width``.  Raises ValueError where they are not as many."""
    return np.frombuffer(luma, dtype=np.uint8).reshape(height, width)


def mean_squared_error(one: Luma, other: Luma, step: int = 1) -> float:
    """Return the mean squared error of two planes of one size outside of the time code; of every ``step``-th row."""
    height = one.shape[0]
    cell = cell_pixels(height)
    down, right = ROWS * cell + AROUND_PIXELS, COLUMNS * cell + AROUND_PIXELS
    parts = ((slice(down, None, step), slice(None)), (slice(0, down, step), slice(right, None)))
    errors: list[NDArray[Any]] = [one[part].astype(np.int32) - other[part] for part in parts]
    samples = sum(error.size for error in errors)
    return sum(float(np.square(error).sum(dtype=np.float64)) for error in errors) / samples if samples else 0.0


def match(frame: int, shown: Luma, reference: Sequence[Luma]) -> Match:
    """Return which picture of the reference (two or more) is shown; all of one size."""
    errors = [mean_squared_error(shown, one, SEARCHED_ROWS) for one in reference]
    place, second = sorted(range(len(errors)), key=errors.__getitem__)[:2]
    apart = psnr_db(errors[place]) - psnr_db(errors[second])
    return Match(frame, place, mean_squared_error(shown, reference[place]), apart)


def match_all(frames: Sequence[int], shown: Sequence[Luma], reference: Sequence[Luma]) -> list[Match]:
    """Return the matches of pictures whose painted numbers are ``frames``.

    A picture that is too coarse to tell which it is, as the first behind a key frame may be, is taken at an offset that
    those have which do tell: the best, where there are several.
    """
    period = len(reference)
    found = [match(frame, one, reference) for frame, one in zip(frames, shown, strict=True)]
    known = set(offsets([one for one in found if one.is_sure], period))
    for number, one in enumerate(found):
        if known and not one.is_sure:
            places = {(one.frame + offset) % period for offset in known}
            errors = {place: mean_squared_error(shown[number], reference[place]) for place in places}
            place = min(errors, key=errors.__getitem__)
            found[number] = replace(one, place=place, mse=errors[place])
    return found


def offsets(matches: Sequence[Match], period: int) -> list[int]:
    """Return for each picture how far the source was ahead of the painted number, modulo ``period``."""
    return [(match.place - match.frame) % period for match in matches]
