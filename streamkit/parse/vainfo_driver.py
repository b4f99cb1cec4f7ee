"""Which drivers libva tried, with what result, and which driver a vendor string belongs to."""

from __future__ import annotations

import re
from dataclasses import dataclass

_RESULT = re.compile(r"va_openDriver\(\)\s{1,4}returns\s{1,4}(-?\d{1,9})")
# i965 says "…/hybrid_drv_video.so init failed" too, of a part it can do without: then no "libva error:" leads the line.
_LIBVA_SAYS = re.compile(r"\blibva(?: error| info)?:\s{0,8}(?:dlopen of\s{1,4})?\S{0,200}\s?\S{0,200}\Z")
_REQUESTED = re.compile(
    r"requested driver\s{1,4}['\"\u2018\u2019`]([\w+-]{1,64})['\"\u2018\u2019`]|LIBVA_DRIVER_NAME=[\"']?([\w+-]{1,64})"
)
_MODULE = "_drv_video"
_MESSAGE = re.compile(r"\blibva(?: info| error)?:")
_MODULES = re.compile(r"(?<=[\w+.-])_drv_video(?=\.\w|\s)")
_DLOPEN = re.compile(r"dlopen of\s+\S+\s+failed:\s*([^\n]{1,200})")

# Gallium chips of the r600 driver (Mesa's include/pci_ids/r600_pci_ids.h); all other AMD chips are radeonsi's.
_R600 = (
    "R600|RV6[1-3]0|RV635|RV670|RS[78]80|RV7[1347]0|CEDAR|REDWOOD|JUNIPER|CYPRESS|HEMLOCK|PALM|SUMO2?|BARTS|TURKS|CAICOS"
    "|CAYMAN|ARUBA"
)
# What a vendor string begins with, or holds, and the file name its driver is known by.
_VENDORS = (
    (r"Intel iHD", "iHD"),
    (r"iHD driver", "iHD"),
    (r"Intel i965|i965 driver", "i965"),
    (r"NVDEC driver|NVIDIA VA-?API", "nvidia"),
    (r"VDPAU backend for VA-?API", "vdpau"),
    (r"XvBA backend for VA-?API", "fglrx"),
    (r"hantro", "hantro"),
    (r"v4l2[-_ ]request", "v4l2_request"),
    (r"Rockchip", "rockchip"),
    (r"PowerVR|IMG Video|Intel UMG", "pvr"),
    (r"Poulsbo|\bpsb\b", "psb"),
    (r"EMGD", "emgd"),
    (r"Crystal ?HD", "crystalhd"),
)
_GALLIUM = (
    (r"for D3D12", "d3d12"),
    (r"for virgl", "virtio_gpu"),
    (r"for zink", "zink"),
    (r"for (?:NV[0-9A-F]{2,3}\b|NVIDIA|nouveau|Nouveau)|\(nouveau|\bnouveau\b", "nouveau"),
    (r"\(r600\b|\br600\b|\b(?:" + _R600 + r")\b", "r600"),
    (r"\bradeonsi\b|for (?:AMD|ATI|Radeon|gfx\d|[A-Z]{4,}\d*\b)|\bRadeon\b", "radeonsi"),
)


@dataclass
class Opening:
    """One attempt of libva to open a driver.

    ``problem`` is what libva said of its file, in libva's words; ``result`` is the code of ``va_openDriver()``, None
    where the text shows none.
    """

    position: int
    driver: str | None
    result: int | None = None
    problem: str | None = None


def openings(text: str) -> list[Opening]:
    """Return libva's attempts in ``text`` in order; the same driver in several folders, up to a result, is one."""
    events: list[tuple[int, str, str]] = []
    for match in _MODULES.finditer(text):
        if event := _module_event(text, match.start()):
            events.append((match.start(), *event))
    events += [(match.start(), "result", match[1]) for match in _RESULT.finditer(text)]
    events += [(match.start(), "requested", match[1] or match[2]) for match in _REQUESTED.finditer(text)]
    found: list[Opening] = []
    requested: str | None = None
    opening: Opening | None = None
    for position, kind, value in sorted(events):
        if kind == "requested":
            requested, opening = value, None
        elif kind == "result":
            if opening is None:
                opening = Opening(position, requested)
                found.append(opening)
            opening.result = int(value)
            opening = None
        elif kind == "tried":
            if opening is None or opening.driver != value:
                opening = Opening(position, value)
                found.append(opening)
        else:
            if opening is None or opening.driver != value:
                opening = Opening(position, value)
                found.append(opening)
            opening.problem = opening.problem or kind
    if requested and not found:
        found.append(Opening(0, requested))
    return found


def _module_event(text: str, at: int) -> tuple[str, str] | None:
    """Return (``tried`` or the problem, driver) of the module's name that ends at ``at``; None for a mere file name."""
    before = text[max(0, at - 240) : at]
    after = text[at : at + 320]
    trying = before.rfind("Trying to open")
    if trying >= 0 and _MODULE not in before[trying:] and not _MESSAGE.search(before[trying:]):
        path = re.sub(r"\s+", "", before[trying + len("Trying to open") :])
        return ("tried", name) if (name := _name(path)) else None
    line = before.rpartition("\n")[2]
    name = _name(re.split(r"[\s'\"`]", line)[-1])
    if not name:
        return None
    if not _LIBVA_SAYS.search(before):
        return None
    # In full, as a wrapped line may have put "init failed" on the next one.
    if re.match(r"_drv_video\.\w{2,5}\s+init\s+failed", after):
        return "init failed", name
    if "has no function" in after[:60]:
        return "has no init function that this libva knows", name
    dlopen = _DLOPEN.search(line + after)
    if "dlopen of" in line and dlopen:
        return "could not be loaded: " + dlopen[1].strip(), name
    return ("tried", name) if "failed" in after.partition("\n")[0] else None


def _name(path: str) -> str | None:
    name = re.split(r"[/\\]", path)[-1]
    return name if re.fullmatch(r"[\w+.-]{1,64}", name) else None


def vendor_driver(words: str) -> str | None:
    """Return the driver that calls itself ``words`` (what follows "Driver version"); None where it is not known.

    Mesa before 17 says only "mesa gallium vaapi" for every driver.
    """
    words = re.split(r"vainfo:|VAProfile|Supported|\n\s*\n|libva", words, maxsplit=1)[0]
    words = re.sub(r"\s+", " ", words)
    if re.search(r"gallium", words, re.IGNORECASE):
        # "for virgl (AMD …)": the driver is named before the GPU of the host.
        return next((driver for pattern, driver in _GALLIUM if re.search(pattern, words)), None)
    return next((driver for pattern, driver in _VENDORS if re.search(pattern, words, re.IGNORECASE)), None)
