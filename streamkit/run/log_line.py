"""One line of the log: how it stands in the file, and how bad it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, get_args

Level = Literal["error", "warning", "info", "debug"]
LEVELS: Final[tuple[Level, ...]] = get_args(Level)
"""From the worst to the least."""

_NAMES: Final[dict[str, Level]] = {
    "error": "error",
    "critical": "error",
    "fatal": "error",
    "warning": "warning",
    "warn": "warning",
    "fixme": "debug",
    "info": "info",
    "note": "info",
    "notice": "info",
    "message": "info",
    "debug": "debug",
    "log": "debug",
    "trace": "debug",
    "memdump": "debug",
}
_SAID = (
    # GST_DEBUG's lines: time, process, thread, level (gst_debug_log_default).
    re.compile(r"\d+:\d\d:\d\d\.\d+\s+\d+\s+0x[0-9a-f]+\s+([A-Z]+)\b"),
    # GLib's: (program:process): domain-LEVEL **: (g_log_writer_format_fields).
    re.compile(r"(?:\([^()]*\): |\*\* )?[\w.-]*-?(CRITICAL|WARNING|ERROR|Message|INFO|DEBUG) \*\*"),
    # A level in front, alone or in brackets, as most programs write it.
    re.compile(r"\W*(\w+)\b(?=\W*(?:[:\]|]|\s-))"),
)
_BAD = re.compile(
    r"\b(?:\w*error|critical|fatal|panicked|traceback|\w*exception|segmentation fault|aborted|core dumped)\b", re.I
)
_DOUBTFUL = re.compile(
    r"\b(?:warn(?:ing)?|deprecated|failed|failure|cannot|could not|refused|timed out|lost|was ended by|ended with exit)\b",
    re.I,
)
_LINE = re.compile(rf"(\d{{1,16}}) ({'|'.join(LEVELS)}) ([^ :]{{1,64}}): ?(.*)", re.S)


@dataclass(frozen=True)
class LogLine:
    """``at`` is in seconds since 1970; ``source`` is the child that said it, or the supervisor."""

    at: float
    level: Level
    source: str
    text: str


def guess_level(text: str) -> Level:
    """Return how bad a program's line is: by the level it names itself, else by its words, else "info"."""
    for pattern in _SAID:
        match = pattern.match(text)
        if match and (level := _NAMES.get(match[1].lower())):
            return level
    if _BAD.search(text):
        return "error"
    return "warning" if _DOUBTFUL.search(text) else "info"


def format_line(line: LogLine) -> str:
    """Return the line as it stands in the file, without its end."""
    return f"{round(1000 * line.at)} {line.level} {line.source}: {line.text}"


def parse_line(text: str) -> LogLine:
    """Return a line of the file; what is not of its form, such as the rest of a torn one, is kept as text."""
    match = _LINE.fullmatch(text)
    if match is None:
        return LogLine(0.0, "info", "log", text)
    level: Level = next(level for level in LEVELS if level == match[2])
    return LogLine(int(match[1]) / 1000, level, match[3], match[4])
