"""PSNR and which picture is shown, on rings with errors of a known size."""

from __future__ import annotations

import numpy as np
import pytest

from bench.measure.psnr import (
    AROUND_PIXELS,
    LOSSLESS_DB,
    Luma,
    Match,
    match,
    match_all,
    mean_db,
    mean_squared_error,
    offsets,
    plane,
    psnr_db,
)
from bench.stream.rings import PERIOD_FRAMES
from streamkit.launch.timecode import COLUMNS, ROWS
from tests.bench.stream.formula import ring

WIDTH, HEIGHT = 640, 360
RINGS = [ring(number, WIDTH, HEIGHT) for number in range(PERIOD_FRAMES)]


def coded(number: int, error: int) -> Luma:
    """A ring whose samples are all ``error`` off, this way and that."""
    signs = np.where(np.arange(WIDTH * HEIGHT).reshape(HEIGHT, WIDTH) % 2, 1, -1)
    found: Luma = (RINGS[number].astype(int) + error * signs).astype(np.uint8)
    return found


def test_decibels_of_known_errors() -> None:
    assert psnr_db(255.0**2) == pytest.approx(0.0)
    assert psnr_db(1.0) == pytest.approx(48.13, abs=0.01)
    assert psnr_db(6.5025) == pytest.approx(40.0)
    assert psnr_db(0.0) == psnr_db(1e-12) == LOSSLESS_DB


def test_several_pictures_are_one_mean_of_errors_and_not_of_decibels() -> None:
    matches = [Match(0, 0, 1.0, 9.0), Match(1, 1, 99.0, 9.0)]
    assert mean_db(matches) == pytest.approx(psnr_db(50.0))
    assert mean_db(matches) < (matches[0].psnr_db + matches[1].psnr_db) / 2
    with pytest.raises(ValueError, match="no pictures"):
        mean_db([])


@pytest.mark.parametrize("error", [1, 5, 10])
def test_a_picture_is_found_and_its_error_is_exact(error: int) -> None:
    found = match(4711, coded(19, error), RINGS)
    assert (found.frame, found.place) == (4711, 19)
    assert found.mse == pytest.approx(error**2) and found.psnr_db == pytest.approx(psnr_db(error**2))
    assert found.apart_db > 3


def test_what_could_be_any_picture_is_not_told_apart() -> None:
    grey = np.full((HEIGHT, WIDTH), 126, dtype=np.uint8)
    assert match(0, grey, RINGS).apart_db < 0.5


def test_a_coarse_picture_takes_the_offset_of_those_that_are_clear() -> None:
    grey = np.full((HEIGHT, WIDTH), 126, dtype=np.uint8)
    found = match_all([10, 20, 30], [coded(13, 2), grey, coded(1, 2)], RINGS)
    assert [one.place for one in found] == [13, 23, 1] and [one.is_sure for one in found] == [True, False, True]
    assert found[1].mse == pytest.approx(mean_squared_error(grey, RINGS[23]))
    # Where numbers shifted meanwhile, the better of both.
    shown = (0.96 * 126 + 0.04 * RINGS[24].astype(float)).astype(np.uint8)
    moved = match_all([10, 20, 30], [coded(13, 2), shown, coded(2, 2)], RINGS)
    assert not moved[1].is_sure and [one.place for one in moved] == [13, 24, 2]
    # Where none is clear, there is nothing to take.
    assert not match_all([5], [grey], RINGS)[0].is_sure


def test_the_time_code_and_what_is_around_it_are_left_out() -> None:
    painted = RINGS[0].copy()
    painted[: ROWS * 16 + AROUND_PIXELS, : COLUMNS * 16 + AROUND_PIXELS] = 0
    assert mean_squared_error(painted, RINGS[0]) == 0.0
    # A sample below it and one to the right of it count.
    for row, column in ((ROWS * 16 + AROUND_PIXELS, 0), (0, COLUMNS * 16 + AROUND_PIXELS)):
        other = painted.copy()
        other[row, column] ^= 16
        counted = WIDTH * HEIGHT - (ROWS * 16 + AROUND_PIXELS) * (COLUMNS * 16 + AROUND_PIXELS)
        assert mean_squared_error(other, RINGS[0]) == pytest.approx(256 / counted)


def test_samples_do_not_wrap_around() -> None:
    black, white = (np.full((HEIGHT, WIDTH), value, dtype=np.uint8) for value in (0, 255))
    assert mean_squared_error(black, white) == mean_squared_error(white, black) == 255.0**2


def test_offsets_hold_where_numbers_begin_anew() -> None:
    matches = [Match(frame, (frame + 3) % PERIOD_FRAMES, 1.0, 9.0) for frame in (5, 65535, 0, 31)]
    assert offsets(matches, PERIOD_FRAMES) == [3, 3, 3, 3]
    assert offsets([Match(10, 9, 1.0, 9.0)], PERIOD_FRAMES) == [31]


def test_bytes_become_rows() -> None:
    assert plane(bytes(range(6)), 3, 2).tolist() == [[0, 1, 2], [3, 4, 5]]
    with pytest.raises(ValueError, match="reshape"):
        plane(bytes(5), 3, 2)
