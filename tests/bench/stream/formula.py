"""The rings once more, by their formula and not by GStreamer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def ring(number: int, width: int, height: int) -> NDArray[np.uint8]:
    """Return the luma of a picture of ``zone-plate kx2=8 ky2=8 kt=8``; GStreamer's own may be 1 away from it."""
    x, y = np.arange(width) - width // 2, np.arange(height) - height // 2
    turn = (8 * x * x * (0xFFFF // width) >> 16)[None, :] + (8 * y * y // height)[:, None] + 8 * number
    return np.rint(125.5 + 109.5 * np.sin(turn % 256 * np.pi / 128)).astype(np.uint8)
