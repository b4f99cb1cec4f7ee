"""Which video codecs the encoder (NVENC) of an NVIDIA GPU writes, by marketing name or by PCI device id.

Sources: NVIDIA "Video Encode and Decode GPU Support Matrix" and the capability tables of the "NVENC Application Note"
(chip -> codecs); pci.ids (device id -> chip, name -> chips); the list of adapters without NVENC in OBS Studio
(``plugins/obs-ffmpeg/obs-ffmpeg.c``) and HandBrake issues 1998 and 2943 (cards whose encoder is switched off);
the "Supported chips" appendices of NVIDIA's Linux drivers (last driver of a generation).

Where one name stands for chips with different answers, or nothing published settles it, the answer is unknown.
"""

from __future__ import annotations

import bisect
import functools
import re
from dataclasses import dataclass

Codecs = tuple[str, ...]

NONE: Codecs = ()
H264: Codecs = ("h264",)
HEVC: Codecs = ("h264", "hevc")
AV1: Codecs = ("h264", "hevc", "av1")
EVERY = frozenset({NONE, H264, HEVC, AV1})

# The longest prefix of a chip's name decides.  None: nothing published, or contradictory reports (GK208).
CHIPS: dict[str, Codecs | None] = {
    **dict.fromkeys(("old", "GF", "GM108", "GP108", "GA100", "GH", "GB10", "GB11"), NONE),
    **dict.fromkeys(("GK", "GM107"), H264),
    **dict.fromkeys(("GM20", "GP", "GV", "TU", "GA"), HEVC),
    **dict.fromkeys(("AD", "GB20"), AV1),
    **dict.fromkeys(("GK208", "GB10B", "GB112", "Tegra", "?"), None),
}
LAST_DRIVER = {"old": 340, "GF": 390, "GK": 475, "GM": 582, "GP": 582, "GV": 582}
"""Generation to the last driver series (Linux or Windows) that runs it."""

# First device id of each block and its chip; pci.ids.  "?" is a block without GPUs, or with none named yet.
_BLOCKS = """
0000 old, 0fc0 GK107, 1000 GK110, 1040 GF119, 1080 GF110, 10c0 old, 1140 GF117, 1180 GK104, 11c0 GK106, 1200 GF114,
1240 GF116, 1280 GK208, 12c0 ?, 1340 GM108, 1380 GM107, 13c0 GM204, 1400 GM206, 1440 ?, 15c0 GP100, 1600 GM204,
1700 GP100, 1740 GM108, 1780 GM107, 17c0 GM200, 1800 ?, 1b00 GP102, 1b80 GP104, 1c00 GP106, 1c80 GP107, 1d00 GP108,
1d80 GV100, 1e00 TU102, 1e80 TU104, 1f00 TU106, 1f80 TU117, 2000 ?, 2080 GA100, 2100 ?, 2180 TU116, 2200 GA102,
2280 ?, 2300 GH100, 2400 GA103, 2480 GA104, 2500 GA106, 2580 GA107, 2600 AD102, 2700 AD103, 2780 AD104,
2800 AD106, 2880 AD107, 2900 GB100, 2980 GB102, 2a00 ?, 2b00 GB10B, 2b80 GB202, 2c00 GB203, 2c80 ?, 2d00 GB206,
2d80 GB207, 2e00 GB20B, 2e80 ?, 2f00 GB205, 2f80 ?, 3180 GB110, 3200 GB112, 3280 ?
"""
_STARTS = [int(entry.split()[0], 16) for entry in _BLOCKS.split(",")]
_CHIPS_OF_BLOCKS = [entry.split()[1] for entry in _BLOCKS.split(",")]

# Device ids that differ from their chip: the encoder is switched off, or reports disagree ("?").
_EXCEPTIONS: dict[int, str] = {
    **dict.fromkeys((0x0FC5, 0x1390, 0x1393, 0x1398, 0x1399, 0x139C, 0x179C), "off"),  # GT 1030, 840M to 945M, 940MX
    **dict.fromkeys((0x1C90, 0x1C94, 0x1C96, 0x1F97, 0x1F98, 0x1F9C), "off"),  # MX150, MX350, MX450
    **dict.fromkeys((0x1B07, 0x1B87, 0x1BC7, 0x1C07, 0x1C09), "off"),  # P102 to P106 for mining
    **dict.fromkeys((0x0FDF, 0x0FE1, 0x0FE2, 0x0FE3, 0x0FEC, 0x0FED, 0x0FEE), "?"),  # GT 730M to 745M, 710A, 810M, 820M
    **dict.fromkeys((0x1F9F, 0x1FA0, 0x1FB7, 0x1FBB, 0x25A6, 0x25A7, 0x25AA), "?"),  # MX550, T550, T500, MX570
    **dict.fromkeys((0x15C2, 0x1D83, 0x1D84, 0x1DC1, 0x1DF4, 0x1E09, 0x1F0B, 0x2189, 0x220D, 0x248A), "?"),  # CMP
}

# Chip, family, models: every name starts with "FAMILY MODEL".  "+off": the encoder is switched off; "+?": not known.
_CATALOGUE = """
old|GeForce|205, 210, 310, 315, 405, 8300, 8400, 8500, 8600, 8800, 9300, 9400, 9500, 9600, 9800, G100, G210
old|GeForce GT|120, 130, 140, 220, 230, 240, 320, 330, 340
old|GeForce GTS|150, 240, 250
old|GeForce GTX|260, 275, 280, 285, 295
old|Quadro|FX, NVS
old|NVS|300, 2100M, 3100M, 5100M
GF1xx|GeForce GT|415M, 420, 420M, 425M, 430, 435M, 440, 445M, 520, 520M, 520MX, 525M, 530, 540M, 545, 550M, 555M, 560M
GF1xx|GeForce GT|610, 610M, 620, 620M, 625, 625M, 630, 630M, 635M, 640, 640M LE, 645, 705, 710, 720M, 730
GF1xx|GeForce|410M, 510, 605, 610M, 705M, 710M, 810M, 820M
GF1xx|GeForce GTS|450
GF1xx|GeForce GTX|460, 460M, 465, 470, 470M, 480, 480M, 485M, 550 Ti, 555, 560, 560M, 570, 570M, 580, 580M, 590, 670M, 675M
GF1xx|Quadro|400, 500M, 600, 1000M, 2000, 2000M, 3000M, 4000, 4000M, 5000, 5000M, 5010M, 6000, 7000
GF1xx|Tesla|C2050, C2070, C2075, C2090, M2050, M2070, M2075, M2090, S2050
GF1xx|NVS|310, 315, 4200M, 5200M, 5400M
GK10x|GeForce GT|640, 640M, 640M LE, 645M, 650M, 740, 750M, 755M
GK10x+?|GeForce GT|730M, 740M, 745M
GK10x+?|GeForce|710A, 810M, 820M
GK10x|GeForce GTX|645, 650, 650 Ti, 660, 660M, 660 Ti, 670, 670MX, 675MX, 680, 680M, 680MX, 690, 760, 760M, 765M, 770, 770M
GK10x|GeForce GTX|775M, 780M, 860M, 870M, 880M
GK110|GeForce GTX|780, TITAN, TITAN Black, TITAN Z
GK10x|Quadro|410, K420, K500M, K600, K1000M, K1100M, K2000, K2000D, K2000M, K2100M, K3000M, K3100M, K4000, K4000M, K4100M
GK10x|Quadro|4100, K4200, K5000, K5000M, K5100M, K5200, K6000
GK10x|Tesla|K8, K10, K20, K20c, K20m, K20s, K20X, K20Xm, K40c, K40d, K40m, K40s, K40st, K40t, K80
GK10x|GRID|K1, K2, K100, K120Q, K140Q, K160Q, K180Q, K200, K220Q, K240Q, K260Q, K280Q, K340, K520
GK10x|NVS|510, 1000
GK208|GeForce GT|630, 635, 640, 710, 720, 730, 720M, 730M, 735M, 740M
GK208|GeForce|710M, 825M, 910M, 920M, 920A
GK208|Quadro|K510M, K610M
GM107|GeForce GTX|745, 750, 750 Ti, 850M, 860M, 950M, 950A, 960M, 960A
GM107|Quadro|K620, K1200, K2200, K2200M, M600M, M620, M1000M, M1200, M2000M
GM107|Tesla|M10
GM107|GRID|M10, M30, M3-3020
GM107|NVS|810
GM108+off|GeForce|830A, 830M, 840A, 840M, 845M, 930A, 930M, 930MX, 940A, 940M, 940MX, 945A, 945M, 920MX, MX110, MX130
GM108|Quadro|K620M, M500M, M520
GM20x|GeForce GTX|950, 960, 965M, 970, 970M, 980, 980M, 980 Ti, TITAN X
GM20x|Quadro|M2000, M2200, M3000M, M4000, M4000M, M5000, M5000M, M5500, M6000
GM20x|Tesla|M4, M6, M40, M60
GM20x|GRID|M6, M40, M60
GP10x|GeForce GTX|1050, 1050 Ti, 1060, 1070, 1070 Ti, 1080, 1080 Ti
GP10x|TITAN|X, Xp
GP10x|Quadro|P400, P600, P620, P1000, P2000, P2200, P3000, P3200, P4000, P4200, P5000, P5200, P6000, GP100
GP10x|Tesla|P4, P6, P10, P40, P100
GP10x|GRID|P4, P6, P40, P100
GP108|GeForce GT|1010, 1030
GP108|GeForce|MX150, MX230, MX250, MX330
GP108|Quadro|P500, P520
GP107+off|GeForce|MX350
GP10x+off||P102-100, P104-100, P104-101, P106-090, P106-100
GV100|TITAN|V
GV100|Quadro|GV100
GV100|Tesla|GV100, V100, V100S
GV100|GRID|V100, V100D, V100DX, V100L, V100S, V100X
TU10x|GeForce RTX|2060, 2070, 2080
TU10x|TITAN|RTX
TU10x|Quadro RTX|3000, 4000, 5000, 6000, 8000
TU10x|Tesla|T4, T10, T40
TU10x|GRID|T4, RTX6000, RTX6000P, RTX8000, RTX8000P, RTX T10
TU10x||RTX6000, RTX8000, T4, T4G, T400, T400E, T600, T1000, T1200
TU11x|GeForce GTX|1630, 1650, 1660
TU11x|Quadro|T400, T600, T1000, T1200, T2000
TU117+off|GeForce|MX450
TU117+?|GeForce|MX550
TU117+?|Quadro|T500
TU117+?||T500, T550
GA107|GeForce RTX|2050, 3050, 3060, 3070, 3080, 3090
GA107+?|GeForce|MX570
GA10x|RTX|A400, A500, A1000, A2000, A3000, A4000, A4500, A5000, A5500, A6000
GA10x||RTXA5000, RTXA5500, RTXA6000, A2, A10, A10G, A10M, A16, A40
GA100||A100, A100X, A30, A30X, A800, AX800, PG506, DRIVE A100
GA100|GRID|A30, A100, A100A, A100B, A100D, A100X
GA100|CMP|170HX
GA10x|GRID|A10, A40
?|CMP|30HX, 40HX, 50HX, 70HX, 90HX, 100, 100-100, 100-200, 100-210
GH100||GH200, H20, H20B, H100, H100L, H200, H800
AD10x|GeForce RTX|4050, 4060, 4070, 4080, 4090
AD10x|RTX|500 Ada, 1000 Ada, 2000 Ada, 2000E Ada, 3000 Ada, 3500 Ada, 4000 Ada, 4000 SFF Ada, 4500 Ada, 5000 Ada, 5880 Ada
AD10x|RTX|6000 Ada, TITAN Ada
AD10x||L2, L4, L16, L20, L30, L40, L40G, L40S, RTX5000-Ada, RTX5880-Ada, RTX6000-Ada
GB20x|GeForce RTX|5050, 5060, 5070, 5080, 5090
GB20x|RTX PRO|500 Blackwell, 1000 Blackwell, 2000 Blackwell, 3000 Blackwell, 4000 Blackwell, 4500 Blackwell, 5000 Blackwell
GB20x|RTX PRO|6000 Blackwell, 6000D Blackwell, 5000 72GB Blackwell
GB20x|RTX|6000D
GB20B||GB10, RTX Spark
GB10x||B100, B200, B300, GB200, GB300, HGX B200, HGX GB200
Tegra||Orin, Xavier, Jetson, Tegra, Thor, NVIDIA Thor
"""
_MODELS: dict[str, set[str]] = {}
for _row in _CATALOGUE.strip().splitlines():
    _chip, _family, _models = _row.split("|")
    for _model in _models.split(", "):
        _MODELS.setdefault(f"{_family} {_model}".strip().lower(), set()).add(_chip)
# Too rare to be weighed where a cut name could also be one of its many namesakes.
_RARE = {"geforce rtx 3050 a": {"AD10x"}}

_MAKER = re.compile(r"^\s*(?:nvidia(?: corporation)?|nv)\s+", re.IGNORECASE)
_CHIP = re.compile(r"(GB10B|GB20B|(?:GF|GK|GM|GP|GV|TU|GA|GH|AD|GB)\d{2,3})(?:B?GLM?|BM|M|B)?(?=\W|$)")
_OLD_CHIP = re.compile(r"(?:G[789]\d|GT2\d\d|NV\d\w|C51|C6\d|C7\d|MCP\d\w)\w{0,3} \[")
_CUT = re.compile(r"(?:\.{2,3}|…)\s*$")
_PCI_ID = re.compile(r"(?:(?:0x)?10de:)?(?:0x)?([0-9a-f]{4})", re.IGNORECASE)
_NOTES = {
    "GK208": "reports on GK208 disagree",
    "Tegra": "Jetson encodes through its own V4L2 driver; its NVENC cannot be told from the name",
}


@dataclass(frozen=True)
class NvencAnswer:
    """What is known of one GPU's encoder.

    ``codecs``: of "h264", "hevc", "av1"; empty: it has no NVENC; None: unknown.  ``chip`` (or its family, ``AD10x``)
    where the name or id stands for one.  ``reason``: one clause for people.  ``possible``: every answer that is not ruled out.
    """

    codecs: Codecs | None
    chip: str | None
    reason: str
    possible: frozenset[Codecs] = EVERY


def _possible(chip: str) -> frozenset[Codecs]:
    base, _, mark = chip.partition("+")
    if mark == "off":
        return frozenset({NONE})
    prefix = max((known for known in CHIPS if base.startswith(known)), key=len, default="?")
    codecs = CHIPS[prefix]
    if codecs is None:
        return frozenset({NONE, H264}) if prefix == "GK208" else EVERY
    return frozenset({NONE, codecs}) if mark else frozenset({codecs})


def _answer(chips: set[str], what: str) -> NvencAnswer:
    """Judge the ``chips`` that ``what`` (a name or id, for the reason) can stand for."""
    possible = frozenset().union(*(_possible(chip) for chip in chips)) if chips else EVERY
    bases = {chip.split("+")[0] for chip in chips} - {"old", "?"}
    chip = bases.pop() if len(bases) == 1 else None
    if len(possible) == 1:
        codecs = next(iter(possible))
        if codecs:
            return NvencAnswer(codecs, chip, f"{what}: NVENC writes {', '.join(codecs)}", possible)
        off = any(each.endswith("+off") for each in chips) and chip not in ("GM108", "GP108")
        return NvencAnswer(
            codecs, chip, f"{what} has no NVENC" + (" in use: it is switched off" if off else ""), possible
        )
    note = _NOTES.get(chip or "", "NVIDIA's support matrix does not settle it" if chips else "not a known GPU name")
    if len(bases) > 0 and chip is None:
        note = "the name stands for GPUs with different encoders"
    return NvencAnswer(None, chip, f"{what}: {note}", possible)


def _runs(chip: str, driver: int | None) -> bool:
    """Tell whether a driver series can run a chip: that rules old chips out where a name covers several."""
    return not driver or all(driver <= last for prefix, last in LAST_DRIVER.items() if chip.startswith(prefix))


@functools.lru_cache(maxsize=1024)
def codecs_by_name(name: str, driver: int | None = None) -> NvencAnswer:
    """Answer for a name as nvidia-smi, lspci or pci.ids print it, cut (``NVIDIA GeForce RTX 40...``) or whole.

    A cut name is answered only where every GPU it can stand for has the same encoder.  ``driver`` is the series in
    use (390, 535), where known: it rules out the generations that this driver no longer runs.
    """
    what = " ".join(name.split())[:120]
    bare = _MAKER.sub("", what)
    key = _CUT.sub("", bare).lower().replace("(tm)", "").strip(" \"'")
    chip = _CHIP.match(bare)
    if _OLD_CHIP.match(bare):
        return _answer({"old"}, what)
    if chip and key not in _MODELS and (len(chip[0]) == len(key) or "[" in key):
        # lspci: the chip, then the marketing names in brackets, which tell where the encoder is switched off.
        marketing = {each for part in re.split(r"[\[\]/]", key)[1:] for each in _whole(part.strip())}
        exceptions = {each for each in marketing if each == "?" or ("+" in each and each[:2] == chip[1][:2])}
        if marketing and all(_possible(each) == {NONE} for each in marketing):
            exceptions = {f"{chip[1]}+off"}
        return _answer(exceptions or {chip[1]}, what)
    if _CUT.search(what):
        chips = {each for model, stands in _MODELS.items() if model.startswith(key) for each in stands}
        chips |= _whole(key)
    else:
        chips = _whole(key)
    return _answer({each for each in chips if _runs(each, driver)} or chips, what)


def _whole(key: str) -> set[str]:
    """Return the chips of the longest catalogued name that ``key`` begins with, ending at a word's end."""
    for end in range(len(key), 1, -1):
        known = _RARE.get(key[:end]) or _MODELS.get(key[:end])
        if known and (end == len(key) or not key[end].isalnum()):
            return known
    return set()


def codecs_by_pci_id(pci_id: str, name: str | None = None) -> NvencAnswer:
    """Answer for a device id, ``10de:2820`` or ``2820``; ``name`` helps where the id is in no known block."""
    match = _PCI_ID.fullmatch(pci_id.strip())
    if not match:
        return NvencAnswer(None, None, f"{pci_id} is not an NVIDIA device id (10de:xxxx)")
    device = int(match[1], 16)
    chip = _CHIPS_OF_BLOCKS[bisect.bisect_right(_STARTS, device) - 1]
    exception = _EXCEPTIONS.get(device)
    if exception:
        chip += f"+{exception}"
    if chip == "?" and name:
        return codecs_by_name(name)
    return _answer({chip}, f"{name} ({pci_id})" if name else pci_id)
