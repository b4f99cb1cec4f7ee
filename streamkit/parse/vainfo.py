"""``vainfo``: which driver libva opened, and which codecs it decodes and encodes.

Names and messages as printed by libva (``va/va.c``, ``va/va_str.c``), libva-utils (``vainfo/vainfo.c``,
``common/va_display*.c``) and the vendor strings of the drivers (``vaQueryVendorString``).
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import Any

from streamkit.parse import noise
from streamkit.parse.vainfo_driver import Opening, openings, vendor_driver
from streamkit.parse.vainfo_failure import reason

CODECS = (
    ("H264", "h264"),
    ("HEVC", "hevc"),
    ("VP8", "vp8"),
    ("VP9", "vp9"),
    ("AV1", "av1"),
    ("MPEG2", "mpeg2"),
    ("MPEG4", "mpeg4"),
    ("H263", "h263"),
    ("VC1", "vc1"),
    ("JPEG", "jpeg"),
    ("VVC", "vvc"),
)
"""Start of a profile's name, after ``VAProfile``, to the codec's name."""

_ENCODED = {"h264", "hevc", "vp8", "vp9", "av1", "mpeg2"}
_ENTRYPOINTS = {
    "VLD",
    "IZZ",
    "IDCT",
    "MoComp",
    "Deblocking",
    "EncSlice",
    "EncPicture",
    "EncSliceLP",
    "VideoProc",
    "FEI",
    "Stats",
    "ProtectedTEEComm",
    "ProtectedContent",
}
_PROFILES = {
    "MPEG2": ("Simple", "Main"),
    "MPEG4": ("Simple", "AdvancedSimple", "Main"),
    "H264": ("Baseline", "ConstrainedBaseline", "Main", "High", "High10", "High422", "MultiviewHigh", "StereoHigh"),
    "VC1": ("Simple", "Main", "Advanced"),
    "H263": ("Baseline",),
    "JPEG": ("Baseline",),
    "VP8": ("Version0_3",),
    "HEVC": (
        "Main",
        "Main10",
        "Main12",
        "Main422_10",
        "Main422_12",
        "Main444",
        "Main444_10",
        "Main444_12",
        "SccMain",
        "SccMain10",
        "SccMain444",
        "SccMain444_10",
    ),
    "VP9": ("Profile0", "Profile1", "Profile2", "Profile3"),
    "AV1": ("Profile0", "Profile1", "Profile2"),
    "VVC": ("Main10", "MultilayerMain10"),
}
_NAMES = {"VAProfileNone", "VAProfileProtected", *(f"VAEntrypoint{name}" for name in _ENTRYPOINTS)}
_NAMES |= {f"VAProfile{codec}{profile}" for codec, profiles in _PROFILES.items() for profile in profiles}
_STARTS = {name[:length] for name in _NAMES for length in range(1, len(name) + 1)}

_WRAPPED = re.compile(r"\b(V[A-Za-z0-9_]{0,40})[ \t]*\n[ \t]*(?!VA)([A-Za-z0-9_]{1,40})(?![A-Za-z0-9_])")
_TOKEN = re.compile(
    r"VA(?P<kind>Profile|Entrypoint)(?P<name>(?:(?!VAProfile|VAEntrypoint)[A-Za-z0-9_]){1,64})|<unknown profile>"
)
# Between a profile and its entry point: ``:``, ``/``, table bars, tabs; a wrapped line, quoted or not.
_SEPARATORS = re.compile(r"[\s:|/,;=>*`\"'#&+-]*\Z")
_SENTENCE = re.compile(r"[ \t`'\"*]*(?!VA)[^\W\d_]")
_DENIED = re.compile(r"unsupported|not supported|fail|cannot|can't|could not|missing|\bno\b", re.IGNORECASE)
# The same table without libva's prefixes, as some front ends print it.
_BARE_ROW = re.compile(
    r"^[ \t|>*-]{0,40}((?:H26[34]|HEVC|VP[89]|AV1|MPEG[24]|VC1|JPEG|VVC)[A-Za-z0-9_]{0,40})[ \t]{0,60}[:|/ \t][ \t]{0,60}"
    r"((?:(?:VLD|EncSliceLP|EncSlice|EncPicture|FEI|Stats)\b[ \t,|/]{0,60}){1,8})",
    re.MULTILINE,
)
_HEADING = re.compile(r"Supported (?:profiles?|config attributes|VA-?API profiles)")
_MAX_RUNS = 64
_VENDOR = re.compile(r"Driver version\b|VAAPI driver\b")


@dataclass
class _Run:
    """One run of vainfo within the text."""

    openings: list[Opening] = field(default_factory=list)
    vendor: str | None = None
    pairs: list[tuple[str | None, str]] = field(default_factory=list)
    """(codec or None for VAProfileNone and unknown ones, entry point without its prefix)"""

    def codecs(self, *entrypoints: str) -> list[str]:
        return list(dict.fromkeys(codec for codec, entrypoint in self.pairs if codec and entrypoint in entrypoints))

    @property
    def encode(self) -> list[str]:
        return [codec for codec in self.codecs("EncSlice", "EncSliceLP") if codec in _ENCODED]

    @property
    def driver(self) -> str | None:
        opened = [opening.driver for opening in self.openings if opening.result == 0]
        tried = [opening.driver for opening in self.openings]
        return next((name for name in [*opened[-1:], self.vendor, *tried[-1:]] if name), None)


def parse(text: str) -> dict[str, Any]:
    """Return ``usable driver encode low_power_only decode encode_still``, and ``error`` where it is not usable.

    A text holding several runs (other GPUs, other drivers) answers for the one that encodes the most codecs, the first
    of equals; ``runs`` then says how many list profiles.
    """
    text = _unwrapped(noise.without_prefixes(noise.without_markdown(noise.clean(text))))
    runs = _runs(text)
    listing = [run for run in runs if run.codecs(*_ENTRYPOINTS)]
    run = max(listing, key=lambda run: len(run.encode), default=runs[-1])
    slow_too = run.codecs("EncSlice")
    facts: dict[str, Any] = {
        "usable": bool(listing),
        "driver": run.driver,
        "encode": run.encode,
        "low_power_only": [codec for codec in run.encode if codec not in slow_too],
        "decode": run.codecs("VLD"),
        "encode_still": [codec for codec in run.codecs("EncPicture") if codec == "jpeg"],
    }
    if len(listing) > 1:
        facts["runs"] = len(listing)
    if not listing:
        everything = [opening for each in runs for opening in each.openings]
        facts["driver"] = run.driver or next((o.driver for o in reversed(everything) if o.driver), None)
        facts["error"] = reason(text, everything, profile_none=any(each.pairs for each in runs))
    return facts


def _unwrapped(text: str) -> str:
    """Put libva's names together again where a narrow terminal cut them in two."""

    def joined(match: re.Match[str]) -> str:
        whole = match[1] + match[2]
        # A whole name goes on only as another whole one: EncSlice + LP.
        return whole if whole in (_NAMES if match[1] in _NAMES else _STARTS) else match[0]

    for _ in range(3):  # a name in four pieces would need a terminal of ten columns
        rejoined = _WRAPPED.sub(joined, text)
        if rejoined == text:
            break
        text = rejoined
    return text


def _runs(text: str) -> list[_Run]:
    marks = [match.start() for match in _HEADING.finditer(text)]
    if len(marks) < 2:
        marks = [match.start() for match in _VENDOR.finditer(text)]
    marks = marks[:_MAX_RUNS] if len(marks) > 1 else [0]
    # A run's messages stand before its heading, its profiles behind: [previous heading, heading) and [heading, next).
    runs = [_Run() for _ in marks]
    last = len(runs) - 1
    for opening in openings(text):
        runs[min(bisect_left(marks, opening.position), last)].openings.append(opening)
    vendors = {min(bisect_left(marks, match.start()), last): match.end() for match in _VENDOR.finditer(text)}
    for index, position in vendors.items():
        runs[index].vendor = vendor_driver(text[position : position + 400])
    for position, codec, entrypoint in _pairs(text):
        runs[max(bisect_right(marks, position) - 1, 0)].pairs.append((codec, entrypoint))
    return runs


def _codec(profile: str) -> str | None:
    return next((codec for start, codec in CODECS if profile.startswith(start)), None)


def _pairs(text: str) -> list[tuple[int, str | None, str]]:
    """Return (position, codec, entry point) of each row of the table of profiles."""
    found: list[tuple[int, str | None, str]] = []
    profile: re.Match[str] | None = None
    last_end = 0
    paired = False
    for token in _TOKEN.finditer(text):
        if token["kind"] != "Entrypoint":
            profile, last_end, paired = token, token.end(), False
            continue
        gap = text[last_end : min(token.start(), last_end + 400)]
        name = (token["name"] or "").rstrip("_")  # the end of Markdown's italics
        if profile is None or name not in _ENTRYPOINTS or not _belongs(text, profile, gap, paired, token):
            continue
        found.append((profile.start(), _codec(profile["name"] or ""), name))
        last_end, paired = token.end(), True
    if not found and profile is None:
        for row in _BARE_ROW.finditer(text):
            for entrypoint in re.findall(r"\w+", row[2]):
                found.append((row.start(), _codec(row[1]), entrypoint))
    return found


def _belongs(text: str, profile: re.Match[str], gap: str, paired: bool, entrypoint: re.Match[str]) -> bool:
    """Tell whether ``entrypoint`` is of ``profile``: side by side, or parted by a log line; not in a sentence."""
    before = text[max(0, profile.start() - 160) : profile.start()].rpartition("\n")[2]
    if _DENIED.search(before):
        return False
    if "\n" in gap and _SENTENCE.match(text, entrypoint.end()):
        return False
    if _SEPARATORS.match(gap):
        # A row whose profile's name was lost (a web page that ate ``<unknown profile>``) begins with the colon.
        return not (paired and "\n" in gap and gap.rpartition("\n")[2].lstrip().startswith(":"))
    if paired or len(gap) >= 400 or not re.match(r"[ \t]*[:|/]", gap):
        return False
    if "\n" not in gap:
        return not _DENIED.search(gap)
    first, _, rest = gap.partition("\n")
    return bool(_SEPARATORS.match(first) and _SEPARATORS.match(rest.rpartition("\n")[2]))
