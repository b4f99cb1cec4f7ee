"""What ``lspci`` prints, in any of its forms: plain, ``-nn``, ``-n``, ``-k``, ``-v``, ``-D``, ``-mm``, ``-vmm``.

GPUs are the devices of PCI base class 03 (PCI Code and ID Assignment Specification): by its number where it is
printed, else by its name in pci.ids.  A device line begins with the slot; what is indented below it belongs to it.
"""

from __future__ import annotations

import re
from typing import Any

from streamkit.parse.pasted import not_started, session_lines

_SLOT = r"(?:[0-9a-fA-F]{4,8}:)?[0-9a-fA-F]{2}:[01][0-9a-fA-F]\.[0-7]"
_CLASS = r"(?:VGA compatible controller|XGA compatible controller|3D controller|Display controller)"
_DEVICE = re.compile(rf"(?<![0-9a-fA-F:.\-/])({_SLOT})[ \t:]\s{{0,20}}(?=[A-Za-z0-9\"])")
_DEVICE_LINE = re.compile(rf"\S{{0,20}}\s{{0,8}}{_SLOT}[ \t:]")
_LINE_NUMBER = re.compile(rf"^\d{{1,3}}[:-](?=(?:{_SLOT})[ \t]|[ \t])")
_NUMBERED = re.compile(r"([A-Za-z0-9][^\[\]:\"]{0,60}?) ?\[([0-9a-fA-F]{4})(?:[0-9a-fA-F]{2})?\] ?: ?")
_NAMED = re.compile(rf"({_CLASS}) ?: ?", re.IGNORECASE)
_NUMERIC = re.compile(r"(?:Class )?([0-9a-fA-F]{4})(?:[0-9a-fA-F]{2})? ?: ?")
_BARE = re.compile(rf"\W{{0,8}}({_CLASS})(?: ?\[(03[0-9a-fA-F]{{2}})\])? ?: (?=\S)", re.IGNORECASE)
_QUOTED = re.compile(r'"([^"]{0,200})"')
_ID = re.compile(r"\[([0-9a-fA-F]{4}):([0-9a-fA-F]{4})\]")
_BARE_ID = re.compile(r"(?:(?:Unknown )?device )?([0-9a-fA-F]{4}):([0-9a-fA-F]{4})\b", re.IGNORECASE)
_REVISION = re.compile(r"\(rev ([0-9a-fA-F]{2})\)")
_END_OF_NAME = re.compile(
    r"\s*(?:\(rev [0-9a-fA-F]{0,2}\)?|\(prog-if|\(subsys|\bDriver: |\bKernel driver in use: |\bSubsystem: ).*$"
)
_DRIVER = re.compile(r"\b(?:Kernel driver in use|Driver): ?([A-Za-z0-9_.\-]{1,40})")
_FIELD = re.compile(
    r"\W{0,6}(Slot|Class|Vendor|Device|SVendor|SDevice|Rev|Driver|ProgIf|PhySlot|Module|IOMMUGroup):\s+(\S.*)$"
)
_FIELD_ID = re.compile(r" ?\[([0-9a-fA-F]{4})\]$")
_ATTRIBUTE = re.compile(
    r"\s*(?:Subsystem|Kernel|Flags|Memory|I/O|Capabilities|Control|Status|Latency|Interrupt|Region|Expansion|DeviceName"
    r"|NUMA|IOMMU|Physical|Access denied|!!!|Module|lspci|pcilib|\S{1,40}@|[$#%`+~*=-]{1,3}(?:\s|$)|--)",
)
_OPEN_ENDED = re.compile(r"\[[^\]]*$|\([^)]*$")
_TERMINAL_WIDTHS = (80, 100, 120, 132, 160)

_VENDOR_IDS = {"8086": "intel", "1002": "amd", "1022": "amd", "10de": "nvidia", "12d2": "nvidia"}
_VENDORS = (
    ("intel", r"Intel (?:Corporation|Corp\.?|Inc\.?)"),
    ("nvidia", r"NVIDIA(?: Corporation| Corp\.?)|NVidia / SGS Thomson(?: \(Joint Venture\))?"),
    (
        "amd",
        r"Advanced Micro Devices,? ?(?:Inc\.?)? ?(?:\[AMD(?:/ATI)?\])?(?: nee ATI(?: Technologies Inc\.?)?)?"
        r"|ATI Technologies,? Inc\.?|\[?AMD/ATI\]?(?= )",
    ),
    (
        "other",
        r"Red Hat,? Inc\.?|VMware(?:,? Inc\.?)?|Cirrus Logic|ASPEED Technology,? Inc\.?|Matrox (?:Electronics Systems Ltd|Graphics,? Inc)\.?"
        r"|Microsoft Corporation|InnoTek Systemberatung GmbH|VIA Technologies,? Inc\.?|Silicon Integrated Systems \[SiS\]"
        r"|XGI Technology Inc\.?(?: \(eXtreme Graphics Innovation\))?|S3 (?:Graphics Ltd|Inc)\.?|Silicon Motion,? Inc\.?"
        r"|Huawei Technologies Co\.,? Ltd\.?|Moore Threads Technology Co\., ?Ltd\.?|Parallels,? Inc\.?|Trident Microsystems"
        r"|3[Dd]fx Interactive,? Inc\.?|Loongson Technology LLC|Zhaoxin|Amazon\.com,? Inc\.?|Google,? Inc\.?|Apple Inc\.?"
        r"|(?:Changsha )?Jing ?[Jj]ia ?(?:[Mm]icro)?(?:electronics)? Co\.?,? Ltd\.?|Hygon|Neomagic Corporation|Number 9 Visual Technology"
        r"|Glenfly Tech Co\., Ltd\.?|Innosilicon Co Ltd|Qumranet,? Inc\.?|Citrix Systems,? Inc\.?|Xilinx Corporation|QEMU",
    ),
)  # fmt: skip
_VENDOR = tuple((vendor, re.compile(rf"(?:{names})(?=\s|:|$)[: ]*", re.IGNORECASE)) for vendor, names in _VENDORS)


def parse(text: str) -> dict[str, Any]:
    """Return ``gpus`` (class 03xx, in order) and, where there is none, ``reason``.

    Each has ``vendor`` ("intel", "amd", "nvidia", "other"), ``pci_id`` ("8086:7d55" or None), ``name`` (the text
    behind the vendor, or None) and ``slot`` (as printed, or None), and where the text says so ``driver`` (in use)
    and ``state``: "off" for a device that does not answer (``rev ff``).
    """
    lines = [line for line in session_lines(text) if line.strip("| ")]
    gpus: list[dict[str, Any]] = []
    at_slot: dict[str, dict[str, Any]] = {}
    for gpu in _records(lines):
        slot = (gpu["slot"] or "").lower()
        slot = slot if slot.count(":") != 1 else f"0000:{slot}"
        known = at_slot.get(slot)
        if slot and known and (known["pci_id"] == gpu["pci_id"] or None in (known["pci_id"], gpu["pci_id"])):
            # One device, printed by two runs of lspci in one text.
            known |= {key: value for key, value in gpu.items() if known.get(key) is None}
        else:
            gpus.append(gpu)
            at_slot[slot] = gpu
    facts: dict[str, Any] = {"gpus": gpus}
    if not gpus:
        facts["reason"] = _reason(text, lines)
    return facts


def _records(lines: list[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    current: dict[str, Any] | None = None
    block: dict[str, str] = {}
    lines = [_LINE_NUMBER.sub("", line) for line in lines]
    for index, line in enumerate(lines):
        field = _FIELD.match(line)
        # ``-vmm``: a block of fields per device; in old versions the slot, too, is called Device.
        if field and (block or field[1] in ("Slot", "Class") or re.fullmatch(_SLOT, field[2].strip())):
            key, value = field[1], field[2].strip()
            if key == "Slot" or key in block:
                if key == "Device" and "Class" in block and "Slot" not in block:
                    block["Slot"] = block["Device"]
                else:
                    found += _of_block(block)
                    block = {}
            block[key] = value
            continue
        if block:
            found += _of_block(block)
            block = {}
        device = _DEVICE.search(line)
        bare = None if device else _BARE.match(line)
        if device or bare:
            start = device.end() if device else (bare.start() if bare else 0)
            current = _of_line(
                device[1] if device else None, line[start:].lstrip(" *->|"), lines[index + 1 : index + 3], len(line)
            )
            if current:
                found.append(current)
        elif current and (driver := _DRIVER.search(line)):
            current.setdefault("driver", driver[1])
        elif current and "Unknown header type 7f" in line:
            current["state"] = "off"
    return found + _of_block(block)


def _of_line(slot: str | None, rest: str, following: list[str], width: int) -> dict[str, Any] | None:
    """Read a device line from its class on; None for a device of another class."""
    if rest.startswith('"') or (slot and rest.count('"') >= 4):
        return _of_quoted(slot, rest)
    number: str | None = None
    for pattern in (_NUMERIC, _NUMBERED, _NAMED):
        match = pattern.match(rest)
        if match:
            number = match[2] if pattern is _NUMBERED else match[1] if pattern is _NUMERIC else "03xx"
            break
    if not match or not number or not number.startswith("03"):
        return None
    body = _joined(rest[match.end() :], following, width, numbered=pattern is _NUMBERED)
    return _device(slot, body)


def _joined(body: str, following: list[str], width: int, *, numbered: bool) -> str:
    """Join what a narrow terminal or a mail program broke: the device line goes on in the next one or two."""
    for line in following:
        open_ended = bool(_OPEN_ENDED.search(body))
        if not open_ended and (_ID.search(body) or (_REVISION.search(body) and not numbered)):
            break
        if not line.strip() or any(each.match(line) for each in (_DEVICE_LINE, _ATTRIBUTE, _FIELD, _BARE)):
            break
        if not (open_ended or _ID.search(line) or _REVISION.search(line)):
            break
        in_id = re.search(r"\[[0-9a-fA-F]{0,4}:?[0-9a-fA-F]{0,3}$", body)
        tight = bool(in_id) or width in _TERMINAL_WIDTHS or body.endswith(("/", "-"))
        body += ("" if tight and line[:1] != " " else " ") + line.strip()
        width = len(line)
    return body


def _device(slot: str | None, body: str) -> dict[str, Any]:
    printed = _ID.search(body)
    bare = None if printed else _BARE_ID.match(body)
    pci_id = ":".join((printed or bare).groups()).lower() if printed or bare else None  # type: ignore[union-attr]
    vendor, name = _vendor(_END_OF_NAME.sub("", body[: printed.start()] if printed else body), pci_id)
    if bare and name == bare[0] and not name.lower().startswith(("device", "unknown")):
        name = ""  # ``-n``: numbers only
    gpu: dict[str, Any] = {"vendor": vendor, "pci_id": pci_id, "name": name or None, "slot": slot}
    if driver := _DRIVER.search(body):
        gpu["driver"] = driver[1]
    if (revision := _REVISION.search(body)) and revision[1].lower() == "ff":
        gpu["state"] = "off"
    return gpu


def _vendor(text: str, pci_id: str | None) -> tuple[str, str]:
    """Return (vendor, text without the vendor's name); the id's vendor part wins over the name."""
    text = " ".join(text.split())
    vendor = "other"
    for each, pattern in _VENDOR:
        if match := pattern.match(text):
            vendor, text = each, text[match.end() :].strip()
            break
    return (_VENDOR_IDS.get(pci_id[:4], "other") if pci_id else vendor), text


def _of_quoted(slot: str | None, rest: str) -> dict[str, Any] | None:
    """Read a ``-mm`` line: slot "class" "vendor" "device" -rREV …, with ids in brackets (-nn) or alone (-n)."""
    fields = _QUOTED.findall(rest)
    if len(fields) < 3:
        return None
    revision = re.search(r" -r([0-9a-fA-F]{2})\b", rest)
    block = dict(zip(("Class", "Vendor", "Device"), fields, strict=False))
    if slot:
        block["Slot"] = slot
    if revision:
        block["Rev"] = revision[1]
    return next(iter(_of_block(block)), None)


def _of_block(block: dict[str, str]) -> list[dict[str, Any]]:
    title = block.get("Class", "")
    number = _FIELD_ID.search(title)
    code = number[1] if number else title if re.fullmatch(r"[0-9a-fA-F]{4}", title) else ""
    if not (code.startswith("03") if code else re.fullmatch(_CLASS, title, re.IGNORECASE)):
        return []
    names, ids = [], []
    for key in ("Vendor", "Device"):
        value = block.get(key, "")
        numeric = re.fullmatch(r"[0-9a-fA-F]{4}", value)
        printed = _FIELD_ID.search(value)
        ids.append(value.lower() if numeric else printed[1].lower() if printed else None)
        names.append("" if numeric else _FIELD_ID.sub("", value))
    pci_id = f"{ids[0]}:{ids[1]}" if all(ids) else None
    vendor = _VENDOR_IDS.get(ids[0], "other") if ids[0] else _vendor(names[0], None)[0]
    gpu: dict[str, Any] = {"vendor": vendor, "pci_id": pci_id, "name": names[1] or None, "slot": block.get("Slot")}
    if "Driver" in block:
        gpu["driver"] = block["Driver"]
    if block.get("Rev", "").lower() == "ff":
        gpu["state"] = "off"
    return [gpu]


def _reason(text: str, lines: list[str]) -> str:
    if not text.strip():
        return "the text is empty"
    if "Cannot open /proc/bus/pci" in text or "Cannot find any working access method" in text:
        return "lspci found no PCI bus that it may read"
    if not_started(lines, "lspci"):
        return "lspci is not installed"
    if any(_DEVICE.search(line) or _FIELD.match(line) for line in lines):
        return "no display controller is listed"
    return "the text lists no PCI device"
