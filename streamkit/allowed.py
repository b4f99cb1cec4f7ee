"""What a setting's value may be: each check returns the value in its own type, or raises ValueError or TypeError."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from streamkit.video import format_fps, parse_fps, parse_mode, parse_size

Value = str | int | float | bool

# No colon: compose would read it as the end of the path. Names below /dev/v4l/by-id have none.
DEVICE = r"auto|/dev/[A-Za-z0-9_./@+-]+"
ABSOLUTE = r"/[A-Za-z0-9_./+-]*[A-Za-z0-9_+-]"
NAME = r"[a-z0-9][a-z0-9_.-]{0,62}"
# Visible ASCII without quotes in the path: a URL has nothing else, and it becomes an environment variable.
_PATH = r"(/[!#-&(-~]*)?"
HTTP = rf"https?://[A-Za-z0-9.\-]+(:\d{{1,5}})?{_PATH}|https?://\[[0-9A-Fa-f:]+\](:\d{{1,5}})?{_PATH}"
ALSA = r"(plug)?hw:[A-Za-z0-9_=,]+"
PULSE = r"[A-Za-z0-9_@][A-Za-z0-9_.@+:-]*"
QUEUE = r"queue( max-size-(buffers|time|bytes)=\d+)+"
QUEUE_ALLOWED = "'queue' with max-size-buffers=, max-size-time= (ns) and max-size-bytes=, never leaky"
STREAM_KEY = re.compile(r"[!-~]{1,512}")
"""A stream key travels as a bearer token: visible ASCII, which every token of RFC 6750 (2.1) is, and no spaces."""
CAPABILITIES = r"([A-Z][A-Z_]{2,30}(,[A-Z][A-Z_]{2,30})*)?"


_HOST = r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?"
HOSTS = rf"({_HOST}(,{_HOST})*)?"


def text(pattern: str) -> Callable[[object], str]:
    """Text that the whole of ``pattern`` matches."""

    def check(raw: object) -> str:
        written = raw if isinstance(raw, str) else str(raw)
        if isinstance(raw, bool) or raw is None or not re.fullmatch(pattern, written, re.ASCII):
            raise ValueError(raw)
        return written

    return check


def url(raw: object) -> str:
    """A full web address, or nothing; what only looks like one (port 70000, [::1::2]) is none."""
    written = text(HTTP + "|")(raw)
    # Reading the port is what checks it; brackets are checked by the split.
    if urlsplit(written).port == 0:
        raise ValueError(raw)
    return written


def choice(*choices: str) -> Callable[[object], str]:
    """One of ``choices``."""

    def check(raw: object) -> str:
        if raw not in choices:
            raise ValueError(raw)
        return str(raw)

    return check


def number(low: float, high: float, *also: int, kind: type[int] | type[float] = int) -> Callable[[object], Value]:
    """A number from ``low`` to ``high``, or one of ``also``; digits in a text count."""

    def check(raw: object) -> Value:
        if isinstance(raw, bool) or not isinstance(raw, int | float | str):
            raise ValueError(raw)
        value = kind(raw)
        if kind is int and float(raw) != value:
            raise ValueError(raw)
        if not low <= value <= high and value not in also:
            raise ValueError(raw)
        return value

    return check


def boolean(raw: object) -> bool:
    """True or false.  Ansible hands -e values over as text; these are the words its own documentation uses."""
    words = {"true": True, "yes": True, "false": False, "no": False}
    if isinstance(raw, bool):
        return raw
    if str(raw).lower() not in words:
        raise ValueError(raw)
    return words[str(raw).lower()]


def fps(raw: object) -> str:
    """A frame rate as it is written everywhere, or auto."""
    written = text(r"[0-9./ ]+|auto")(raw)
    return written if written == "auto" else format_fps(parse_fps(written))


def size(raw: object) -> str:
    """WIDTHxHEIGHT, or auto."""
    written = text(r"[0-9x ]+|auto")(raw).strip()
    return written if written == "auto" else "{}x{}".format(*parse_size(written))


def mode(raw: object) -> str:
    """FORMAT WIDTHxHEIGHT@FPS, or auto."""
    written = text(r"[^\0\n]+")(raw).strip()
    return written if written == "auto" else str(parse_mode(written))
