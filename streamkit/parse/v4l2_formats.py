"""``v4l2-ctl --list-formats-ext``: the modes a card lists, in the layouts of v4l-utils 0.8 to 1.30.

Before 1.16 each format was ``Index / Type / Pixel Format: 'YUYV' / Name``, since then ``[0]: 'YUYV' (YUYV 4:2:2)``;
``Size:`` and ``Interval:`` lines are the same in both (utils/v4l2-ctl, print_frmsize and print_frmival).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

MIN_FPS = 24
PREFERENCE = ("NV12", "YU12", "YUYV", "MJPG")
"""Cheapest to encode first; other formats come after these, in the order listed."""
MAX_FPS = 1000
"""Drivers that know no rate list intervals such as 0.000s (10000000.000 fps)."""

# What a page's typography makes of apostrophes, of hyphens and of the x in sizes.
_QUOTES = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201b\u2032\u0060\u00b4", "'"),
        **dict.fromkeys("\u2013\u2014\u2212", "-"),
        "\u00d7": "x",
    }
)
_NUMBER = r"(\d{1,9}(?:[.,]\d{1,9})?)"
_TOKEN = re.compile(
    r"ioctl:\s{1,4}(?P<ioctl>VIDIOC_\w{1,40})"
    r"|(?P<info>Driver Info)"
    r"|(?P<m2m>Memory-to-Memory)"
    r"|\bType\s{0,20}:\s{0,8}(?P<type>Video (?:Capture|Output)|VBI|Sliced VBI|SDR|Metadata|Meta|Touch)"
    r"|(?:\[\d{1,5}\]:|Pixel Format\s{0,20}:)\s{0,8}'(?P<format>[^'\n]{0,12})'(?P<flags>[^\n]{0,200})"
    r"|\bSize\s{0,20}:\s{1,8}(?P<layout>Discrete|Stepwise|Continuous)\s{1,40}(?P<width>\d{1,6})x(?P<height>\d{1,6})"
    r"(?:\s{1,40}-\s{1,40}(?P<max_width>\d{1,6})x(?P<max_height>\d{1,6}))?"
    r"|(?P<broken>\bSize\s{0,20}:\s{1,8}(?:Discrete|Stepwise|Continuous))"
    rf"|\bInterval\s{{0,20}}:[^(\n]{{0,100}}\n?[^(\n]{{0,100}}\(\s?{_NUMBER}(?:\s?-\s?{_NUMBER})?\s{{0,8}}f"
)
INTERVAL_FPS = (_TOKEN.groups - 1, _TOKEN.groups)


@dataclass(frozen=True)
class ListedMode:
    """One format, size in pixels and rate as printed; ``emulated``: made by libv4l in software, not by the card."""

    pixel_format: str
    width: int
    height: int
    fps: Decimal
    emulated: bool = False

    def rank(self) -> tuple[int, Decimal, bool, int]:
        """Order of worth: area, rate, the card's own, then PREFERENCE."""
        worth = -PREFERENCE.index(self.pixel_format) if self.pixel_format in PREFERENCE else -len(PREFERENCE)
        return (self.width * self.height, self.fps, not self.emulated, worth)

    def facts(self) -> dict[str, Any]:
        """Return ``format width height fps``; fps is an integer where the text's number is one."""
        whole = self.fps == self.fps.to_integral_value()
        fps = int(self.fps) if whole else float(self.fps)
        return {"format": self.pixel_format, "width": self.width, "height": self.height, "fps": fps}


@dataclass
class Formats:
    """What a text says about formats: its modes, and how far it goes where there are none."""

    modes: list[ListedMode] = field(default_factory=list)
    listings: int = 0
    formats: int = 0
    sizes: int = 0
    outputs: int = 0

    def best(self) -> ListedMode | None:
        """Return the best mode of at least MIN_FPS; the first listed among equals."""
        return max((mode for mode in self.modes if mode.fps >= MIN_FPS), key=ListedMode.rank, default=None)

    def reason(self) -> str | None:
        """Say why there is no best mode; None where there is one."""
        if self.best():
            return None
        if self.modes:
            return f"no listed mode reaches {MIN_FPS} frames per second"
        if self.sizes:
            return "sizes are listed without frame rates"
        if self.formats:
            return "formats are listed without sizes: --list-formats-ext prints them"
        if self.outputs:
            return "only formats for output are listed"
        return "the list of formats is empty" if self.listings else "the text lists no formats"


def _joined(lines: list[str]) -> str:
    """Return the text without node prefixes such as ``/dev/video0 | ``, and in plain quotes."""
    return "\n".join(re.sub(r"^\s{0,8}/dev/\S{1,40} \| ?", "", line) for line in lines).translate(_QUOTES)


def read_formats(lines: list[str]) -> Formats:
    """Return every mode listed for capture.

    A range of sizes (stepwise, continuous) counts as its largest, a range of rates as its highest; a size without a
    rate is no mode, as nothing says that it reaches MIN_FPS.  Formats for output and those of memory-to-memory
    devices are not the picture of a card, and a format without a name ('') cannot be asked for.
    """
    found = Formats()
    seen: set[ListedMode] = set()
    pixel_format: str | None = None
    size: tuple[int, int] | None = None
    captures, processor, emulated = True, False, False
    for token in _TOKEN.finditer(_joined(lines)):
        groups = token.groupdict()
        if groups["ioctl"]:
            found.listings += groups["ioctl"] == "VIDIOC_ENUM_FMT"
            pixel_format, size, captures = None, None, True
        elif groups["info"]:
            pixel_format, size, captures, processor = None, None, True, False
        elif groups["m2m"]:
            processor = True
        elif groups["type"]:
            captures = groups["type"] == "Video Capture"
            found.outputs += groups["type"] == "Video Output"
            pixel_format, size = None, None
        elif groups["format"] is not None:
            pixel_format, size = groups["format"], None
            emulated = "emulated" in groups["flags"]
            found.formats += captures
        elif groups["layout"]:
            prefix = "max_" if groups["max_width"] else ""
            size = int(groups[prefix + "width"]), int(groups[prefix + "height"])
            if groups["layout"] != "Discrete" and not prefix:
                size = None  # cut within the range: its end is not said
            found.sizes += captures and size is not None
        elif groups["broken"]:
            size = None
        elif captures and not processor and pixel_format and size and all(size):
            rates = [token[group] for group in INTERVAL_FPS if token[group]]
            fps = max(Decimal(rate.replace(",", ".")) for rate in rates)
            mode = ListedMode(pixel_format, *size, fps, emulated)
            if 0 < fps <= MAX_FPS and mode not in seen:
                seen.add(mode)
                found.modes.append(mode)
    return found
