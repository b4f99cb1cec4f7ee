"""The time code is read back from the luma of every format and size it is painted into."""

from __future__ import annotations

import random

import pytest

from streamkit.launch.timecode import (
    COLUMNS,
    ROWS,
    Pattern,
    TimeCode,
    bits_of,
    cell_pixels,
    code_of,
    fits,
    planes,
    read_timecode,
)

CODE = TimeCode(0xBEEF, 0x89ABCDEF)


def picture(pixel_format: str, width: int, height: int, padding: int = 0) -> tuple[bytearray, int]:
    """A painted picture of noise, and its luma stride."""
    stride = (2 if pixel_format == "YUY2" else 1) * width + padding
    size = stride * height
    offsets, strides = [0], [stride]
    if pixel_format == "I420":
        offsets, strides = [0, size, size * 5 // 4], [stride, stride // 2, stride // 2]
    elif pixel_format == "NV12":
        offsets, strides = [0, size], [stride, stride]
    whole = bytearray(random.Random(width).randbytes(size * 3 // 2))
    pattern = Pattern(planes(pixel_format, height, offsets, strides))
    for offset, line in pattern.lines(CODE):
        assert offset + len(line) <= pattern.end
        whole[offset : offset + len(line)] = line
    return whole, stride


@pytest.mark.parametrize(("width", "height"), [(256, 64), (640, 360), (1280, 720), (1920, 1080), (2560, 1440)])
@pytest.mark.parametrize("pixel_format", ["I420", "NV12", "YUY2"])
def test_code_is_read_back(pixel_format: str, width: int, height: int) -> None:
    luma, stride = picture(pixel_format, width, height, padding=64)
    assert read_timecode(luma, stride, height, step=2 if pixel_format == "YUY2" else 1) == CODE


def test_chroma_of_the_code_is_grey_and_the_rest_untouched() -> None:
    width, height = 640, 360
    whole, stride = picture("NV12", width, height)
    before = random.Random(width).randbytes(stride * height * 3 // 2)
    chroma = stride * height
    assert whole[chroma : chroma + 256] == bytes([128]) * 256
    assert whole[chroma + 256 : chroma + stride] == before[chroma + 256 : chroma + stride]
    assert whole[64 * stride : chroma] == before[64 * stride : chroma]


def test_code_survives_noise_and_a_dim_picture() -> None:
    luma, stride = picture("I420", 640, 360)
    noise = random.Random(3)
    assert (
        read_timecode(bytes(min(255, max(0, b // 2 + 64 + noise.randrange(-30, 30))) for b in luma), stride, 360)
        == CODE
    )


def test_one_wrong_bit_is_never_a_wrong_code() -> None:
    bits = bits_of(CODE)
    assert code_of(bits) == CODE
    for place in range(len(bits)):
        assert code_of([bit ^ (i == place) for i, bit in enumerate(bits)]) is None


@pytest.mark.parametrize("luma", [b"", bytes(640 * 360), bytes([255]) * (640 * 360), bytes(100)])
def test_picture_without_a_code_has_none(luma: bytes) -> None:
    assert read_timecode(luma, 640, 360) is None


def test_numbers_wrap() -> None:
    assert code_of(bits_of(TimeCode(65536 + 7, 2**32 + 9))) == TimeCode(7, 9)


def test_cells_grow_with_the_picture_and_fit() -> None:
    assert [cell_pixels(height) for height in (64, 360, 720, 1080, 1440, 2160)] == [16, 16, 16, 24, 32, 48]
    for width, height in ((1280, 720), (1920, 1080), (3840, 2160)):
        assert fits(width, height)
        assert COLUMNS * cell_pixels(height) <= width // 4 + width // 20
    assert not fits(255, 480)
    assert not fits(640, ROWS * 16 - 1)


def test_format_that_cannot_be_painted_has_no_planes() -> None:
    assert planes("GRAY16_LE", 720, [0], [1280]) == []
