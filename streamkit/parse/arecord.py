"""What ``arecord -l`` prints: one line for each device that can record, in the language of the machine.

The line is ``card 1: ID [name], device 0: ID [name]`` (alsa-utils, aplay/aplay.c, device_list).  The translations keep
its order and brackets, but not its words, its comma or its colon, and one puts the number first (``1 txartela: …``).
``arecord -L`` names the same devices without the number of their card.
"""

from __future__ import annotations

import re
from typing import Any

from streamkit.parse.pasted import not_started, session_lines

# The full-width colon and comma, and the enumeration comma, of Chinese and Japanese.
_WORD = "[^\\s\\d:\uff1a,\uff0c\u3001\\[\\]()#*]{1,30}"
_COLON = "\\s{0,3}[:\uff1a]"
_COMMA = "[,\uff0c\u3001]"
_NUMBERED = rf"(?:{_WORD}\s{{0,3}}(?P<number>\d{{1,4}})|(?P<first>\d{{1,4}})\s{{1,3}}{_WORD}){_COLON}"
_CARD = re.compile(_NUMBERED + r"\s{0,4}(?P<id>[^\s\[\]]{0,40})\s{0,4}\[")
_CARD_START = re.compile(r"[\W_]{0,8}" + _NUMBERED)
# A word whose accents were garbled may hold a space.
_DEVICE = re.compile(rf"\]\s{{0,4}}{_COMMA}\s{{0,4}}(?:{_WORD} )?" + _NUMBERED)
_COUNT = re.compile(r":\s{0,4}(\d{1,4})\s{0,2}/\s{0,2}(\d{1,4})(?!\d)")
_FLAT_TAIL = re.compile(rf"\]\s{{1,8}}(?:{_WORD} ?){{1,3}}\s?:\s?\d{{1,4}}/\d")
_FLAT_CARD = re.compile(rf"(?<!{_COMMA})\s(?={_WORD}\s\d{{1,4}}\s?: \S{{1,40}} \[)")
_PCM = re.compile(r"\s{0,8}(?:plug)?hw:CARD=(?P<id>[^,\s]{1,40}),DEV=(?P<device>\d{1,4})\s*$")
_PLAYBACK = re.compile(r"PLAYBACK|WIEDERGABE|LECTURE|REPRODU|ODTWARZ|ВОСПРОИЗВ|再生|播放|回放")
_HEADER = re.compile(r"\*{4}|\b(?:PLAYBACK|CAPTURE)\b")
_FAILURE = re.compile(r"(?:arecord|aplay)\s?:\s?(?:\w{1,40}:\d{1,6}:\s?)?(?P<message>[^\n]{1,200})")
MAX_WRAPPED = 3
"""Lines that one entry may be wrapped over."""


def _number(match: re.Match[str]) -> int:
    return int(match["number"] or match["first"])


def _split_brackets(text: str) -> tuple[str, str | None]:
    """Return (what stands before the last bracketed group, the group); the group may hold brackets itself.

    A group that is cut before its end is returned as far as it goes; None where there is no bracket.
    """
    end = text.rfind("]")
    if end < 0:
        before, bracket, cut = text.partition("[")
        return before.strip(), cut.strip() if bracket else None
    depth = 0
    for position in range(end, -1, -1):
        depth += {"]": 1, "[": -1}.get(text[position], 0)
        if depth == 0:
            return text[:position].strip(), text[position + 1 : end].strip()
    before, _, inside = text[:end].partition("[")
    return before.strip(), inside.strip()


def _entry(line: str) -> tuple[dict[str, Any], bool, str] | None:
    """Return (one capture device, whether its line ends as it should, the device's id); None for any other line."""
    device = _DEVICE.search(line)
    card = _CARD.search(line, 0, device.start()) if device else None
    if not device or not card:
        return None
    rest = line[device.end() :].strip()
    if tail := _FLAT_TAIL.search(rest):
        rest = rest[: tail.start() + 1]
    device_id, device_name = _split_brackets(rest)
    found = {
        "card": _number(card),
        "device": _number(device),
        "name": line[card.end() : device.start()].strip(),
        "device_name": device_name,
        "id": card["id"],
    }
    return found, rest.count("[") == rest.count("]") > 0, device_id


def _repeats(line: str) -> bool:
    """Tell whether a line is a whole entry whose device has the same id and name, as most drivers give it."""
    entry = _entry(line)
    return entry is not None and entry[1] and entry[2] == entry[0]["device_name"]


def _unwrapped(lines: list[str], index: int) -> dict[str, Any] | None:
    """Return the entry that begins in a line and may go on in the next ones."""
    line = lines[index]
    entry = _entry(line)
    for following in lines[index + 1 : index + 1 + MAX_WRAPPED]:
        if entry and entry[1]:
            break
        if not following.strip() or _COUNT.search(following) or "#" in following or _HEADER.search(following):
            break
        if _CARD_START.match(following):
            break
        # Wrapped at a space or within a word.
        spaced, glued = f"{line} {following.strip()}", line + following.strip()
        line = glued if _repeats(glued) and not _repeats(spaced) else spaced
        entry = _entry(line) or entry
    return entry[0] if entry else None


class _List:
    """What the lists of ``-l`` in a text hold: capture ``cards``, which of them are ``busy``, which lists there are."""

    def __init__(self) -> None:
        self.cards: list[dict[str, Any]] = []
        self.busy: list[dict[str, int]] = []
        self.capture = self.playback = False
        self._seen: set[tuple[Any, ...]] = set()

    def add(self, entry: dict[str, Any]) -> bool:
        """Keep an entry unless the text lists it a second time; returns whether it was new."""
        key = tuple(entry.values())
        new = key not in self._seen
        if new:
            self._seen.add(key)
            self.cards.append(entry)
        return new


def _listed(lines: list[str]) -> _List:
    """Read the lists of ``-l``: entries under a playback header are left out."""
    found = _List()
    playback = in_cards = False
    for index, line in enumerate(lines):
        if ("]" in line and _DEVICE.search(line)) or _CARD_START.match(line):
            entry = _unwrapped(lines, index)
            if entry:
                in_cards = not playback and found.add(entry)
                continue
        if _HEADER.search(line):
            playback = bool(_PLAYBACK.search(line.upper()))
            found.playback |= playback
            found.capture |= not playback
        elif "aplay -" in line and "arecord" not in line:
            playback = True
        elif "arecord -" in line and "aplay" not in line:
            playback = False
        elif in_cards and (count := _COUNT.search(line)):
            if count[1] == "0":
                found.busy.append({key: found.cards[-1][key] for key in ("card", "device")})
            in_cards = False
    return found


def _named(lines: list[str]) -> list[dict[str, Any]]:
    """Return the devices of ``-L``: ``hw:CARD=ID,DEV=n`` and, below it, ``card name, device name``."""
    cards: dict[tuple[str, int], dict[str, Any]] = {}
    for index, line in enumerate(lines):
        if not (pcm := _PCM.match(line)):
            continue
        described = lines[index + 1].strip() if index + 1 < len(lines) and lines[index + 1][:1].isspace() else ""
        name, comma, device_name = described.partition(", ")
        entry = {
            "card": None,
            "device": int(pcm["device"]),
            "name": name or None,
            "device_name": device_name if comma else None,
            "id": pcm["id"],
        }
        cards.setdefault((pcm["id"], int(pcm["device"])), entry)
    return list(cards.values())


def parse(text: str) -> dict[str, Any]:
    """Return ``cards``: ``card device name device_name id`` of every device that can record, names as printed.

    ``name`` and ``device_name`` are what stands in brackets, "" where that is empty, None where the text ends before
    it.  ``busy`` are the cards and devices of which no subdevice is free.  From ``arecord -L`` ``card`` is None, as
    that list has no numbers.  ``error`` says why there is no card; it is absent where there is one.
    """
    lines = [_FLAT_CARD.sub("\n", line) if line.count("[") > 2 else line for line in session_lines(text)]
    lines = [part for line in lines for part in line.split("\n")]
    found = _listed(lines)
    facts: dict[str, Any] = {"cards": found.cards or _named(lines), "busy": found.busy}
    if facts["cards"]:
        return facts
    failure = next((match for line in lines if (match := _FAILURE.match(line.strip()))), None)
    if failure:
        facts["error"] = failure["message"].strip()
    elif said := not_started(lines, "arecord"):
        facts["error"] = said
    elif found.capture:
        facts["error"] = "the list of recording devices is empty"
    elif found.playback:
        facts["error"] = "only playback devices are listed"
    else:
        facts["error"] = "the text lists no recording devices"
    return facts
