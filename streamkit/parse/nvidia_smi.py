"""What ``nvidia-smi`` prints: its table of any driver series, ``-L``, ``-q``, ``--query-gpu … --format=csv``, failures.

The table's layout is that of nvidia-smi(1) of drivers 304 to 610: a row per GPU begins with index and name, and the
bus id stands in the next cell.  Names are cut to the column (``NVIDIA GeForce ...``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from streamkit.nvenc import NvencAnswer, codecs_by_name
from streamkit.parse.pasted import not_started, session_lines

_BUS_ID = re.compile(r"(?<![0-9a-fA-F:])[0-9a-fA-F]{4,8}:[0-9a-fA-F]{2}:[0-9a-fA-F]{2}\.[0-9a-fA-F]")
_ROW = re.compile(r"(?:^|\s)(\d{1,3})\\?\.?\s+(\S.*)$")
_STATE = re.compile(r"\s+(?:On|Off|N/A|WDDM|TCC|MCDM|Enabled|Disabled|ERR!|Unknown Error)\s*$")
_NOT_A_NAME = re.compile(
    r"(?:\W|\d)*$|ERR!|Unknown Error|\[?(?:N/A|Not Supported|GPU is lost|Unknown Error|No data)\]?\s*$", re.I
)
_FAMILY = re.compile(
    r"(?:NVIDIA )?(?:GeForce|Quadro|Tesla|GRID|TITAN|NVS|RTX|CMP|Graphics Device|Orin|Xavier|Thor|Jetson|Tegra|DGX"
    r"|(?:[ABHLPT]|GH|GB|PG|AX)\d{1,3}[A-Z0-9]{0,3}(?![A-Za-z0-9%°])).{0,60}",
    re.IGNORECASE,
)
_LISTED = re.compile(r"(?:^|\s)GPU (\d{1,3}): (\S.{0,100}?)(\s{0,9}\(UUID\b[^()]{0,120}\)?|$)")
_UUID = re.compile(r"\s*\((?:UUID|GPU-|U{1,2}I?D?$).*|\s+\($")
_DETAIL = re.compile(r"\s*Product Name\s*: (\S.{0,100})$")
_DRIVER = re.compile(r"(?:Driver|KMD) Version\s{0,40}: {0,20}([0-9]{3}(?:\.[0-9Xx]{1,6}){0,3})")
_TABLE_HEAD = re.compile(r"NVIDIA-SMI [0-9]|NVSMI LOG")
_PROCESSES = re.compile(r"Processes:|No running (?:compute )?processes|Process name|GPU Memory")

# What it says when it fails (nvidia-smi and NVML's nvmlErrorString), and the short reason.
_FAILURES = (
    ("couldn't communicate with the nvidia driver", "the NVIDIA driver is not loaded or not running"),
    ("could not communicate with the nvidia driver", "the NVIDIA driver is not loaded or not running"),
    ("driver/library version mismatch", "driver and library versions differ; restart the machine"),
    ("driver not loaded", "the NVIDIA driver is not loaded"),
    ("driver is not loaded", "the NVIDIA driver is not loaded"),
    ("couldn't find libnvidia-ml", "libnvidia-ml.so (NVML) is not installed"),
    ("libnvidia-ml.so: cannot open", "libnvidia-ml.so (NVML) is not installed"),
    ("nvml shared library not found", "libnvidia-ml.so (NVML) is not installed"),
    ("no devices were found", "the driver found no NVIDIA GPU"),
    ("no devices found", "the driver found no NVIDIA GPU"),
    ("the device handle for gpu", "a GPU does not answer the driver"),
    ("gpu is lost", "a GPU has fallen off the bus; restart the machine"),
    ("gpu access blocked by the operating system", "the operating system blocks access to the GPU"),
    ("failed to initialize nvml", "NVML could not be initialised"),
    ("insufficient permissions", "no permission to use the GPU"),
    ("nvidia-smi has failed", "nvidia-smi failed"),
    ("failed to properly shut down nvml", "NVML failed"),
    ("segmentation fault", "nvidia-smi crashed"),
    ("no such file or directory", "nvidia-smi is not installed"),
    ("permission denied", "no permission to run nvidia-smi"),
    ("exec format error", "nvidia-smi is for another processor"),
    ("is not recognized as", "nvidia-smi is not installed"),
)
_PER_GPU = ("a GPU does not answer the driver", "a GPU has fallen off the bus; restart the machine")


def parse(text: str) -> dict[str, Any]:
    """Return ``gpus``, ``nvenc``, ``nvenc_codecs``, ``usable_now``, ``driver``, and ``error``/``reason`` where it fails.

    ``gpus``: names as printed.  ``nvenc``: True, False or "unknown", and ``nvenc_codecs``: a list or "unknown", for
    the best GPU.  ``driver``: the driver's version or None.  ``error``: what does not work, in short.  ``reason``:
    why something is unknown or absent.
    """
    lines = session_lines(text.replace("│", "|").replace("\\|", "|"))
    lines = _unwrapped([line for line in lines if line.strip("| ")])
    names = _names(lines)
    driver = next((match[1] for line in lines if (match := _DRIVER.search(line))), None)
    error, fatal = _failure(lines)
    if not names and not error and not_started(lines, "nvidia-smi"):
        error, fatal = "nvidia-smi is not installed", True
    fatal = fatal or (bool(error) and not names)
    facts: dict[str, Any] = {"gpus": names, "nvenc": "unknown", "nvenc_codecs": "unknown"}
    facts["usable_now"] = bool(names or driver) and not fatal
    facts["driver"] = driver
    if error:
        facts["error"] = error
    if names:
        series = int(driver[:3]) if driver and driver[:3].isdigit() else None
        facts |= _best([codecs_by_name(name, series) for name in dict.fromkeys(names)])
    elif not text.strip():
        facts["reason"] = "the text is empty"
    else:
        facts["reason"] = error or "the text names no GPU"
    if not facts["usable_now"] and not error:
        facts["error"] = facts["reason"]
    return facts


def _best(answers: list[NvencAnswer]) -> dict[str, Any]:
    """Join the answers for each GPU into ``nvenc``, ``nvenc_codecs`` and ``reason`` for the best of them."""
    surely = max((min(answer.possible, key=len) for answer in answers), key=len)
    perhaps = max((max(answer.possible, key=len) for answer in answers), key=len)
    certain = surely == perhaps
    decisive = next(each for each in answers if (perhaps if not certain else surely) in each.possible)
    return {
        "nvenc": True if surely else ("unknown" if perhaps else False),
        "nvenc_codecs": list(surely) if certain else "unknown",
        "reason": decisive.reason,
    }


def _unwrapped(lines: list[str]) -> list[str]:
    """Join a table row that a narrow terminal broke: it has no closing bar, and the next line begins with none."""
    whole: list[str] = []
    joined = 0
    for line in lines:
        before = whole[-1] if whole else ""
        broken = before.lstrip().startswith("|") and not before.endswith("|") and len(before) < 120
        if broken and joined < 3 and line and line.lstrip()[:1] not in ("|", "+", "`"):
            whole[-1] = before + (" " if before.count("|") > 1 and line[:1] == " " else "") + line.strip()
            joined += 1
        else:
            whole.append(line)
            joined = 0
    return whole


def _names(lines: list[str]) -> list[str]:
    """Return the GPUs' names in order, from the fullest of the forms in the text."""
    forms = [_table(lines), _listed(lines), _details(lines)]
    found = [form for form in forms if form]
    if not found:
        return _comma_separated(lines)
    names = found[0]
    for other in found[1:]:
        # The table cuts names; ``-L`` or ``-q`` in the same text have them whole.
        if len(other) == len(names):
            names = [
                full if name.endswith("...") and full.startswith(name[:-3].rstrip()) else name
                for name, full in zip(names, other, strict=True)
            ]
    return names


def _name(text: str) -> str | None:
    name = " ".join(text.split())
    return None if not name or len(name) > 100 or _NOT_A_NAME.match(name) else name


def _table(lines: list[str]) -> list[str]:
    rows: dict[tuple[str, str, str], str] = {}
    processes = False
    for line in lines:
        if _TABLE_HEAD.search(line):
            processes = False
        elif _PROCESSES.search(line):
            processes = True
        for number, bus, text in _rows(line, processes):
            name = _name(_STATE.sub("", text.rstrip()))
            if name:
                rows.setdefault((number, bus.lower()[-10:], name), name)
    return list(rows.values())


def _rows(line: str, processes: bool) -> Iterator[tuple[str, str, str]]:
    """Yield (index, bus id, name and persistence) of every GPU row in a line: several where line breaks were lost."""
    cells = line.split("|")
    for cell, after in zip(cells, [*cells[1:], ""], strict=True):
        # Of a cell without bars around it, the bus id stands behind the name.
        bus = _BUS_ID.search(after) or (_BUS_ID.search(cell) if len(cells) == 1 or cell is cells[0] else None)
        row = _ROW.search(cell[: bus.start()] if bus and bus.string is cell else cell)
        if not row or not re.search(r"[A-Za-z]{2}|[A-Z]\d", row[2]):
            continue
        if bus and (bus.string is after or _FAMILY.match(row[2])):
            yield row[1], bus[0], row[2]
        elif not processes and len(cells) > 1 and _FAMILY.match(row[2]) and not _BUS_ID.search(line):
            # A Jetson has no bus id; a row may be cut off behind the name.
            yield row[1], "", row[2]


def _listed(lines: list[str]) -> list[str]:
    found: dict[tuple[str, str], str] = {}
    for line in lines:
        for match in _LISTED.finditer(line) if "GPU " in line else ():
            name = _name(_UUID.sub("", match[2]))
            if name and (match[3] or _FAMILY.match(name)):
                found.setdefault((match[1], name + match[3]), name)
    return list(found.values())


def _details(lines: list[str]) -> list[str]:
    return [name for line in lines if (match := _DETAIL.match(line)) and (name := _name(match[1]))]


def _comma_separated(lines: list[str]) -> list[str]:
    """Return the names in ``--format=csv`` output, by its header, or without one by what looks like a GPU's name."""
    column, width = None, 0
    found: list[str] = []
    for line in lines:
        cells = [cell.strip(' "') for cell in line.split(",")]
        titles = [cell.lower() for cell in cells]
        title = next((each for each in ("name", "gpu_name") if each in titles), None)
        if title:
            column, width = titles.index(title), len(titles)
        elif column is not None and len(cells) == width and width > 1:
            found += [cells[column]] if _name(cells[column]) else []
        elif len(line) < 200:
            cell = next((each for each in cells[:3] if _FAMILY.fullmatch(each)), None)
            if cell and codecs_by_name(cell).reason.find("not a known GPU name") < 0:
                found.append(cell)
    return found


def _failure(lines: list[str]) -> tuple[str | None, bool]:
    """Return (short error or None, whether no GPU can be used): a failure printed behind a good table counts."""
    error, fatal = None, False
    for line in lines:
        low = line.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
        said = next((reason for words, reason in _FAILURES if words in low), None)
        if said in ("nvidia-smi is not installed", "no permission to run nvidia-smi") and "nvidia-smi" not in low:
            continue
        if said:
            error, fatal = error or said, said not in _PER_GPU
        elif fatal and (_TABLE_HEAD.search(line) or _LISTED.search(line)):
            error, fatal = None, False  # it worked at a later try
    return error, fatal
