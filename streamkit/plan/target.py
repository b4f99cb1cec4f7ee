"""The sizes and rates a host may stream, best first, and what is asked of the capture card for each.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from streamkit.config import Value
from streamkit.encoders import Encoder
from streamkit.plan.capture import NEARLY, choose_mode, modes_of
from streamkit.video import Mode, format_fps, parse_fps, parse_mode, parse_size

LADDER = (
    ((1920, 1080), Fraction(60)),
    ((1280, 720), Fraction(60)),
    ((1920, 1080), Fraction(30)),
    ((1280, 720), Fraction(30)),
    ((960, 540), Fraction(30)),
    ((640, 360), Fraction(30)),
    ((480, 270), Fraction(30)),
    ((480, 270), Fraction(15)),
)
"""What is tried, best first: for games a doubled rate is worth more than the step from 720 to 1080 lines."""
DEMO = 3
"""Where the ladder begins without a capture card: a test picture must not take a whole machine."""


@dataclass(frozen=True)
class Rung:
    """One size (pixels) and rate (frames per second), with the capture mode that feeds it; None: no card."""

    size: tuple[int, int]
    fps: Fraction
    mode: Mode | None = None

    def __str__(self) -> str:
        return f"{self.size[0]}x{self.size[1]}@{format_fps(self.fps)}"

    @property
    def pixel_rate(self) -> float:
        """Encoded pixels per second."""
        return float(self.size[0] * self.size[1] * self.fps)


def ladder_for(
    encoder: Encoder, values: Mapping[str, Value], with_card: bool
) -> list[tuple[tuple[int, int], Fraction]]:
    """Return (size, rate) pairs for one encoder, best first, as far as the settings leave them open."""
    fixed_size = parse_size(str(values["resolution"])) if values["resolution"] != "auto" else None
    fixed_fps = parse_fps(str(values["fps"])) if values["fps"] != "auto" else None
    steps = list(LADDER if with_card else LADDER[DEMO:])
    if encoder.size and not fixed_size:
        # Its own size first, at every rate; below that what is smaller.
        area = encoder.size[0] * encoder.size[1]
        rates = sorted({fps for _, fps in steps if fps >= 30}, reverse=True)
        smaller = [(size, fps) for size, fps in steps if size[0] * size[1] < area]
        steps = [(encoder.size, fps) for fps in rates] + smaller
    found = [(fixed_size or size, fixed_fps or fps) for size, fps in steps]
    return list(dict.fromkeys(found))


def rungs(encoder: Encoder, values: Mapping[str, Value], device: Mapping[str, Any] | None) -> list[Rung]:
    """Return what this encoder may stream from ``device`` (None: the test picture), best first, never empty."""
    steps = ladder_for(encoder, values, device is not None)
    if device is None:
        return [Rung(size, fps) for size, fps in steps]
    if values["capture_mode"] != "auto":
        fixed = parse_mode(str(values["capture_mode"]))
        return _unique(_fitted(size, fps, fixed, values) for size, fps in steps)
    modes = modes_of(device)
    if not modes:
        # A card that lists nothing is asked for whatever it delivers.
        return [Rung(size, fps) for size, fps in steps]
    # A source that sends 15 frames per second is streamed at 15, at its size, and not at the size of the 15 below.
    fastest = max(mode.fps for mode in modes)
    steps = list(dict.fromkeys((size, min(fps, fastest)) for size, fps in steps))
    best = [choose_mode(modes, size, fps) for size, fps in steps]
    met = [
        Rung(size, min(fps, mode.fps), mode)
        for (size, fps), mode in zip(steps, best, strict=True)
        if mode and mode.width >= size[0] and mode.height >= size[1] and mode.fps >= fps * NEARLY
    ]
    nearest = [_fitted(*step, mode, values) for step, mode in zip(steps, best, strict=True) if mode]
    return _unique(met or nearest)


def _fitted(size: tuple[int, int], fps: Fraction, mode: Mode, values: Mapping[str, Value]) -> Rung:
    # Frames that the card does not deliver cannot be encoded, and pixels are not invented unless asked for.
    if values["resolution"] == "auto" and (mode.width < size[0] or mode.height < size[1]):
        size = (mode.width, mode.height)
    return Rung(size, min(fps, mode.fps), mode)


def _unique(found: Any) -> list[Rung]:
    return list(dict.fromkeys(found))
