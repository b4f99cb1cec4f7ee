"""``v4l2-ctl --list-devices``: which nodes belong to which device, and which device captures a picture.

The tool prints ``card (bus):`` and below it, behind a tab, every node with that bus, with links to it after ``<-``
(v4l-utils, utils/v4l2-ctl/v4l2-ctl-common.cpp, list_devices).  It knows no difference between a card and a codec;
that is told here by bus and name.
"""

from __future__ import annotations

import re

from streamkit.parse.pasted import is_command

_NODE = re.compile(
    r"/dev/(?:video|media|vbi|radio|swradio|v4l-subdev|v4l-touch)(?:\d{1,6}|[-_]?[A-Za-z][\w-]{0,40})?(?![\w/.-])",
    re.ASCII,
)
_LINE_MARK = re.compile(r"[-*•├└│─+|>#\s]{1,12}(?=/dev/)")
_COMMENT = re.compile(r"\s{0,8}(?:<|#|//|←|→|--|\(|;|\*|…|=)")
_VIDEO = re.compile(r"/dev/video\d{1,6}", re.ASCII)
_BUS = re.compile(r"\((?:usb-|platform:|PCI|pci|v4l2loopback|gadget|ISA:|i2c)[^()]{0,80}\)", re.I)
# A comment sign or a list's bullet before a name or a node.
_REMARK = re.compile(r"[#*•-]{1,2}\s{1,12}(?=[^\n]{0,200}:$|/dev/)")
_FLAT = re.compile(r"\):\s{1,8}(?=/dev/)")
_FLAT_HEADER = re.compile(_BUS.pattern + r":\s{1,8}/dev/", re.I)
_SECTION = re.compile(r"ioctl: |Driver Info|Media Driver|Format Video|Priority:|\S{1,80}\s?\*{4}")
_LABEL = re.compile(
    r"\b(?:output|example|result|expected|following|list|nodes?|ls|found|available|ausgabe|salida|sortie)\b", re.I
)

_VIRTUAL = re.compile(
    r"loopback|\bdummy video|virtual.?(?:cam|video)|virtualcam|droidcam|akvcam|iriun|\bvivid\b|\bvimc\b"
    r"|\bvim2m\b|\bvicodec\b|\bvisl\b|obs.?cam|\bavld\b"
)
"""Devices that a program feeds (v4l2loopback and its kin), and the kernel's own test drivers (vivid, vimc, vim2m, …:
Documentation/admin-guide/media), of which none has a picture from outside."""
_VIRTUAL_BUS = re.compile(r"platform:(?:v4l2loopback|akvcam|vivid|vimc|vim2m|vicodec|visl)|v4l2loopback|vloopback")
_GADGET = re.compile(r"gadget|\budc\b")
_PCI_PROCESSOR = re.compile(r"\bipu[3-9]|isys|atomisp|\bimgu|cio2")
_PROCESSOR = re.compile(
    # Decoders, encoders, JPEG and other video processing units.
    r"codec|encod|decod|(?<![a-z])(?:[a-z0-9]{0,8})(?:vdec|venc|vpu|mfc|jpeg)|[-_,](?:enc|dec)(?![a-z])|hevc|h26[45]"
    r"|rpivid|hantro|cedrus|venus|\biris\b|wave5|\bcoda|chips&media|allegro|amphion|vcodec"
    # Image signal processors and the nodes that feed them; the Raspberry Pi's pispbe; Intel's IPU3 to IPU7.
    r"|(?<!d)isp(?:v?\d|p?(?:[^a-z]|$))|pisp|\bimgu\b|\bipu[3-7](?![a-z0-9]*_csi)|intel ipu|atomisp|isys|statistics|neoisp"
    r"|mali-c55|cio2"
    # Scaling, rotating, blending, de-interlacing: memory to memory.
    r"|m2m|mem2mem|(?<![a-z])rga|\brot\b|rotat|scal(?:e|er|ing)|vpss|\bg2d\b|\bgsc|deinterlac|\biep\b|\bpxp\b|\bmdp|\bvpe\b"
    r"|\bvsp\d|\bfdp\d|\bfcp|bdisp|dw100|\bdi\b|amlvideo|ionvideo|videosync"
)
"""Parts of a chip that work on pictures which are already in memory, by the names their drivers register
(kernel: drivers/media/platform, drivers/staging/media, the Raspberry Pi's and Rockchip's own trees)."""


def bus_of(name: str) -> str:
    """Return the last parenthesised group of a device's name in lower case; "" where there is none."""
    start = name.rfind("(")
    return name[start + 1 :].rstrip(") ").lower() if start >= 0 else ""


def kind(name: str) -> str:
    """Return ``capture``, ``virtual``, ``gadget`` or ``processor`` for a device's name with its bus.

    Something on USB or PCI is a capture device whatever its maker calls it, except Intel's IPU, whose PCI function
    delivers the sensor's raw data.  A camera interface of a chip (unicam, rp1-cfe, rkcif, Tegra's vi) captures:
    HDMI receivers such as the TC358743 hang there.
    """
    bus, lower = bus_of(name), name.lower()
    if _VIRTUAL_BUS.search(bus):
        return "virtual"
    if _GADGET.search(bus):
        return "gadget"
    if bus.startswith("usb"):
        return "capture"
    if bus.startswith("pci"):
        return "processor" if _PCI_PROCESSOR.search(lower) else "capture"
    if _VIRTUAL.search(lower):
        return "virtual"
    if _GADGET.search(lower):
        return "gadget"
    return "processor" if _PROCESSOR.search(lower) else "capture"


def _nodes(line: str) -> list[str]:
    """Return the nodes of a line that holds nothing else but links (``<-``) and remarks; [] for any other line."""
    mark = _LINE_MARK.match(line)
    rest = line[mark.end() :] if mark else line
    found: list[str] = []
    while match := _NODE.match(rest):
        found.append(match[0])
        rest = rest[match.end() :].lstrip(" \t,")
    return found if not rest or _COMMENT.match(rest) else []


class _Reader:
    """Walks the lines; ``devices`` grows."""

    def __init__(self) -> None:
        # The inner dict is a set that keeps its order.
        self.devices: dict[str, dict[str, None]] = {}
        self._current: str | None = None
        self._pending: tuple[str, int] | None = None
        self._interrupted = False
        self._before = ""
        self._gap = self._spaced = False
        self._indent = 0

    def _end(self) -> None:
        self._current = self._pending = None

    def _add(self, nodes: list[str], indent: int) -> None:
        if self._pending:
            name, header_indent = self._pending
            if _BUS.search(name) or name.endswith(")") or (indent > header_indent and not _LABEL.search(name)):
                self._current = name
            self._pending = None
            self._spaced, self._indent = self._gap, indent
        # At the left edge, behind a gap: no longer the list, but what "ls" or a loop over the nodes printed.
        elif not indent and (self._interrupted or self._indent or (self._gap and not self._spaced)):
            return
        if self._current is None:
            return
        self.devices.setdefault(self._current, {}).update(dict.fromkeys(nodes))

    def _header(self, line: str, indent: int) -> bool:
        name = line.removesuffix(":").rstrip()
        if line.startswith("(") or name.count(")") > name.count("("):
            # A name that the terminal wrapped.
            joined = self._before + (" " if line.startswith("(") else "") + name
            name = joined if self._before and joined.count("(") == joined.count(")") else name
        complete = name.count("(") == name.count(")")
        if not name or len(name) > 200 or not (complete and (line.endswith(":") or _BUS.search(name))):
            return False
        self._current, self._pending, self._interrupted = None, (name, indent), False
        if line.endswith(":") and _BUS.search(name):
            # Said even where the list is cut before its nodes.
            self.devices.setdefault(name, {})
        return True

    def line(self, raw: str) -> None:
        """Read one line."""
        line = _REMARK.sub("", raw.strip().strip("`*").strip())
        indent = len(raw) - len(raw.lstrip())
        if not line:
            self._before, self._gap = "", True
            return
        if nodes := _nodes(line):
            self._add(nodes, indent)
            self._before = ""
        elif not (line.endswith(":") and _BUS.search(line)) and (
            is_command(line, ("v4l2-ctl", "media-ctl")) or _SECTION.match(line)
        ):
            self._end()
            self._before = ""
        elif not (line.endswith((":", ")")) and self._header(line, indent)):
            self._interrupted = True
            self._before = line
        self._gap = False


def read_devices(lines: list[str]) -> dict[str, list[str]]:
    """Return {name as printed, bus included, without the colon: its nodes in their order}.

    A name that is listed twice (two runs in one text) keeps the nodes of both.
    """
    reader = _Reader()
    for raw in lines:
        flat = _FLAT.split(raw) if _FLAT_HEADER.search(raw) else [raw]
        if len(flat) == 1:
            reader.line(raw)
            continue
        # The whole list on one line: what follows a device's nodes is the next device's name.
        for position, part in enumerate(flat):
            last = None
            if position:
                for last in _NODE.finditer(part):
                    reader.line("\t" + last[0])
            rest = part[last.end() :] if last else part
            if position < len(flat) - 1:
                reader.line(rest.strip() + "):")
    return {name: list(nodes) for name, nodes in reader.devices.items()}


def _first_video(nodes: list[str]) -> str | None:
    return next((node for node in nodes if _VIDEO.fullmatch(node)), None)


def capture_candidates(devices: dict[str, list[str]]) -> list[str]:
    """Return the first ``/dev/videoN`` of each device that captures; whether it is a metadata node is not said."""
    firsts = [_first_video(nodes) for name, nodes in devices.items() if kind(name) == "capture"]
    return list(dict.fromkeys(node for node in firsts if node))


def virtual(devices: dict[str, list[str]]) -> list[str]:
    """Return every ``/dev/videoN`` of devices without a picture from outside."""
    found = [n for name, nodes in devices.items() if kind(name) == "virtual" for n in nodes if _VIDEO.fullmatch(n)]
    return list(dict.fromkeys(found))
