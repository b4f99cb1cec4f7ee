"""``gst-inspect-1.0``: the plugin a text lists, and its encoder elements.

Reads what gst-inspect prints of a plugin, of an element, and of everything (``plugin:  element: long name``), as in
``tools/gst-inspect.c`` of GStreamer 0.10 to 1.28.
"""

from __future__ import annotations

import itertools
import re
from typing import Any

from streamkit.parse import noise
from streamkit.parse.gst_element import element_encoders, inspected

_MAX_PLUGINS = 1000
_MAX_ROWS = 20_000  # GStreamer with every plugin has some 3,000

# The label stands first in the plugin's section in every language; most translations leave "Name" as it is.
_NAME = re.compile(
    r"^[ \t|>*+-]{0,60}(?:Name|Nom|Nombre|Nome|Naam|Navn|Namn|Nazwa|Název|Názov|Имя|Название|Назва|Име|Név|Nimi|Ad\u0131?|Nume"
    r"|Όνομα|名称|名稱|名前|이름|Nama|Tên|Ime)[ \t]{0,60}[:\uff1a|]?[ \t]{1,80}([A-Za-z0-9][\w.+-]{0,63})[ \t|]{0,200}$",
    re.MULTILINE,
)
_SECTION = re.compile(
    r"Details|Détails|Detalles|Detalhes|Dettagli|Detaljer|Gegevens|Szczegóły|Podrobnosti|Подробност|Детал|Részletek"
    r"|詳細|详[细情]|詳情|세부|Ayr\u0131nt\u0131|Tiedot",
    re.IGNORECASE,
)
_MODULE = re.compile(r"(?:\blib)?gst([a-z0-9]\w{1,60})\.(?:so|dylib|dll)\b")
_FILENAME = re.compile(
    r"^[ \t|]{0,60}[^\s:'\"()\[\]]{2,30}[ \t:|]{1,60}[^\s'\"()]{0,300}?[/\\](?:lib)?gst([a-z0-9]\w{1,60})\.(?:so|dylib|dll)"
    r"[ \t|]{0,80}$",
    re.MULTILINE,
)
_ROW = re.compile(
    r"^[ \t|>*•+-]{0,60}([a-z0-9][\w.+-]{0,127}):(?:[ \t]{1,60}|$)([^\n]{0,4000})",
    re.MULTILINE,
)
_NAMED = re.compile(r"(?:^|(?<=[ \t]))([a-z0-9][\w.+-]{0,127}):(?=[ \t]|$)")
_FACTORY_ROW = re.compile(r"([a-z0-9][\w.+-]{0,127}) \(Gst\w{1,60}\)")
_PROGRAMS = re.compile(
    r"(?:bash|sh|dash|zsh|ksh|fish|sudo|env|docker|exec|error|warning|info|note|libva|gst-\w+)(?![\w:-])"
)

_ENCODER_NAME = re.compile(r"enc(?:$|[_-])")
_ENCODER_WORD = re.compile(r"\bencoder\b", re.IGNORECASE)
# Named "encoder", but what they make is no coded picture or sound: transport, protection, containers.
_NO_MEDIA_NAME = re.compile(r"(?:dtls|srtp|sctp|rtp|rist|gdp|encodebin|transcodebin|aesenc|uritranscode)")
_NO_MEDIA_WORDS = re.compile(r"\bFEC\b|encrypt|cipher|\bmuxer\b|payloader|\bDTLS\b|\bSRTP\b", re.IGNORECASE)
_OTHER_NAME = re.compile(r"(?:dec|pay|parse|mux|sink|src|bin|convert|postproc|timestamper|proxy)$")

_MISSING = re.compile(r"No such element or plugin(?:\s{0,3}['\"\u2018\u2019`«»„“”]\s{0,2}([\w.+-]{1,100}))?")
_WARNING = re.compile(
    r"^[ \t]{0,20}(?:Warning|Warnung|Avertissement|Advertencia|警告):\s{0,4}([^\n]{1,300})", re.MULTILINE
)
_NOT_LOADED = re.compile(r"(?:Could not load plugin file|Opening module failed|Failed to load plugin)[^\n]{0,300}")
_NO_FEATURES = re.compile(r"^[ \t|]{0,20}0 \w{4,20}:?[ \t]{0,20}$", re.MULTILINE)


def parse(text: str) -> dict[str, Any]:
    """Return ``plugin`` (None where the text names none, or several) and ``encoders``: its video and audio encoders.

    ``reason`` says why ``plugin`` is None or the list is empty; ``error`` why the text shows neither.
    """
    text = noise.without_prefixes(noise.without_markdown(noise.clean(text)))
    plugins = _plugins(text)
    listed, encoders = _rows(text)
    encoders = list(dict.fromkeys(encoders + element_encoders(text)))
    candidates = plugins or listed
    plugin = candidates[0] if len(candidates) == 1 else None
    if not candidates and encoders:
        # `gst-inspect-1.0 va | grep enc` leaves the rows alone; the command may still be there.
        asked = list(dict.fromkeys(inspected(text)))
        plugin = asked[0] if len(asked) == 1 and asked[0] not in encoders else None
    facts: dict[str, Any] = {"plugin": plugin, "encoders": encoders}
    if not candidates and not encoders:
        facts["error"] = _error(text)
    elif plugin is None:
        facts["reason"] = "several plugins are listed" if candidates else "the text does not name the plugin"
    elif not encoders:
        facts["reason"] = _empty(text)
    return facts


def _plugins(text: str) -> list[str]:
    """Return the names in the plugins' own sections, in order."""
    names = []
    for match in itertools.islice(_NAME.finditer(text), _MAX_PLUGINS):
        before = text[max(0, match.start() - 300) : match.start()]
        if _SECTION.search(before) or _MODULE.search(text[match.end() : match.end() + 900]):
            names.append(match[1])
    if not names:  # the first lines are cut off
        names = [match[1] for match in itertools.islice(_FILENAME.finditer(text), _MAX_PLUGINS)]
    return list(dict.fromkeys(names))


def _rows(text: str) -> tuple[list[str], list[str]]:
    """Return (plugins, encoders) of the rows ``plugin:  element: long name`` and ``element: long name``."""
    plugins: list[str] = []
    encoders: list[str] = []
    in_element = "Factory Details" in text
    for row in itertools.islice(_ROW.finditer(text), _MAX_ROWS):
        if _PROGRAMS.match(row[1]) or row[2].startswith("gst-inspect"):
            continue
        words = f"{row[1]}: {row[2]}"
        marks = list(_NAMED.finditer(words))
        ends = [mark.start() for mark in marks[1:]] + [len(words)]
        elements = [(mark[1], words[mark.end() : end].strip()) for mark, end in zip(marks, ends, strict=True)]
        factory = _FACTORY_ROW.match(row[2])
        if factory or (len(elements) > 1 and not elements[0][1]):
            plugins.append(elements.pop(0)[0])
        encoders += [
            name
            for index, (name, long_name) in enumerate(elements)
            if is_encoder(name, "" if in_element or index else long_name)
        ]
    return list(dict.fromkeys(plugins)), encoders


def is_encoder(name: str, long_name: str) -> bool:
    """Tell whether an element codes video, pictures or sound, by its factory's and its long name."""
    if _NO_MEDIA_NAME.match(name):
        return False
    if _NO_MEDIA_WORDS.search(long_name) and not _ENCODER_WORD.search(long_name):
        return False
    if _ENCODER_NAME.search(name):
        return True
    return bool(_ENCODER_WORD.search(long_name)) and not _OTHER_NAME.search(name)


def _empty(text: str) -> str:
    warning = _WARNING.search(text)
    if warning:
        return warning[1].strip()
    return "the plugin registers no element here" if _NO_FEATURES.search(text) else "none of its elements encodes"


def _error(text: str) -> str:
    if not text.strip():
        return "the text is empty"
    if missing := _MISSING.search(text):
        return f"no element or plugin {missing[1]}" if missing[1] else "no such element or plugin"
    if noise.tool_is_missing(text, "gst-inspect-1.0"):
        return "gst-inspect-1.0 is not installed"
    if failed := _NOT_LOADED.search(text):
        return failed[0].strip()
    return "the text lists no plugin"
