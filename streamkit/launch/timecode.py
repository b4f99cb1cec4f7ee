"""A time code of black and white cells in the corner of a picture: where each cell is, and how to read it.  Pure.

64 bits in 16 columns and 4 rows, row by row, highest bit first, white is 1: frame number (16), capture time in ms of
Unix time (32), CRC-16/CCITT-FALSE of those six bytes (16).  A cell is at least 16 pixels wide, the size of a
macroblock, so that it outlives an encoder that has few bits to spend.
"""

from __future__ import annotations

import binascii
from collections.abc import Sequence
from dataclasses import dataclass

COLUMNS, ROWS = 16, 4
BLACK, WHITE, GREY = 16, 235, 128
"""Luma of limited range video (ITU-R BT.709, 3.5); 128 is no colour in either chroma plane."""
SMALLEST_CELL = 16


@dataclass(frozen=True)
class TimeCode:
    """What is painted: frame number modulo 2^16, capture time in ms of Unix time modulo 2^32."""

    frame: int
    capture_ms: int


@dataclass(frozen=True)
class Plane:
    """Bytes of one plane that the cells cover: ``cell_bytes`` by ``cell_lines`` for each cell."""

    offset: int
    stride: int
    cell_bytes: int
    cell_lines: int
    kind: str
    """luma, chroma, or packed (luma in every second byte, YUY2)."""


def cell_pixels(height: int) -> int:
    """Return the side of a cell in pixels for a picture of this height: 16 up to 720 lines, 24 at 1080, 48 at 2160."""
    return max(SMALLEST_CELL, height // 45 // 8 * 8)


def fits(width: int, height: int) -> bool:
    """Return whether the code has room in a picture of this size."""
    cell = cell_pixels(height)
    return width >= COLUMNS * cell and height >= ROWS * cell


def bits_of(code: TimeCode) -> list[int]:
    """Return the 64 bits of a code, in the order of the cells."""
    body = (code.frame & 0xFFFF).to_bytes(2, "big") + (code.capture_ms & 0xFFFFFFFF).to_bytes(4, "big")
    whole = int.from_bytes(body + binascii.crc_hqx(body, 0xFFFF).to_bytes(2, "big"), "big")
    return [whole >> place & 1 for place in range(63, -1, -1)]


def code_of(bits: Sequence[int]) -> TimeCode | None:
    """Return the code of 64 bits; None where the check sum says that a bit is wrong."""
    whole = 0
    for bit in bits:
        whole = whole << 1 | bit
    octets = whole.to_bytes(8, "big")
    if len(bits) != COLUMNS * ROWS or binascii.crc_hqx(octets[:6], 0xFFFF).to_bytes(2, "big") != octets[6:]:
        return None
    return TimeCode(int.from_bytes(octets[:2], "big"), int.from_bytes(octets[2:6], "big"))


def planes(pixel_format: str, height: int, offsets: Sequence[int], strides: Sequence[int]) -> list[Plane]:
    """Return the planes to paint for a GStreamer video format; empty for a format that cannot be painted."""
    cell = cell_pixels(height)
    luma = Plane(offsets[0], strides[0], cell, cell, "luma")
    if pixel_format in ("I420", "YV12"):
        return [luma, *(Plane(offsets[i], strides[i], cell // 2, cell // 2, "chroma") for i in (1, 2))]
    if pixel_format in ("NV12", "NV21"):
        return [luma, Plane(offsets[1], strides[1], cell, cell // 2, "chroma")]
    if pixel_format == "YUY2":
        return [Plane(offsets[0], strides[0], 2 * cell, cell, "packed")]
    return []


class Pattern:
    """The bytes of one picture format, made once; only which cell is white changes from frame to frame."""

    def __init__(self, found: Sequence[Plane]) -> None:
        self._planes = [(plane, _cells(plane)) for plane in found]
        self.end = max(
            plane.offset + (ROWS * plane.cell_lines - 1) * plane.stride + COLUMNS * plane.cell_bytes for plane in found
        )
        """Bytes of a picture that the code reaches."""

    def lines(self, code: TimeCode) -> list[tuple[int, bytes]]:
        """Return (offset in the picture, bytes) of every line to write."""
        bits = bits_of(code)
        found = []
        for plane, cells in self._planes:
            for row in range(ROWS):
                line = b"".join([cells[bit] for bit in bits[row * COLUMNS : (row + 1) * COLUMNS]])
                start = plane.offset + row * plane.cell_lines * plane.stride
                found += [(start + i * plane.stride, line) for i in range(plane.cell_lines)]
        return found


def _cells(plane: Plane) -> tuple[bytes, bytes]:
    """Return one line of a black cell and of a white cell."""
    if plane.kind == "chroma":
        grey = bytes([GREY]) * plane.cell_bytes
        return grey, grey
    if plane.kind == "packed":
        return bytes([BLACK, GREY]) * (plane.cell_bytes // 2), bytes([WHITE, GREY]) * (plane.cell_bytes // 2)
    return bytes([BLACK]) * plane.cell_bytes, bytes([WHITE]) * plane.cell_bytes


def read_timecode(luma: Sequence[int], stride: int, height: int, step: int = 1) -> TimeCode | None:
    """Return the code in a picture's luma samples; None where there is none or it cannot be read.

    ``luma`` is indexed by ``y * stride + x * step`` (step 2 for YUY2); ``height`` is that of the whole picture, of
    which the code's part is enough.  The middle half of each cell is averaged: its edges belong to its neighbours too.
    """
    cell = cell_pixels(height)
    quarter = cell // 4
    inner = range(quarter, cell - quarter)
    if len(luma) < (ROWS * cell - quarter - 1) * stride + COLUMNS * cell * step - quarter * step:
        return None
    bits = []
    for row in range(ROWS):
        for column in range(COLUMNS):
            samples = [luma[(row * cell + y) * stride + (column * cell + x) * step] for y in inner for x in inner]
            bits.append(int(sum(samples) > GREY * len(samples)))
    return code_of(bits)
