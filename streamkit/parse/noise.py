"""What terminals, forums and log collectors add to a tool's output, taken off again.  Linear in the length of the text."""

from __future__ import annotations

import html
import re

# ECMA-48: control sequences (colours, cursor), operating system commands (titles, links), two-byte escapes.
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]{0,64}[ -/]{0,8}[@-~]|\][^\x07\x1b\n]{0,512}(?:\x07|\x1b\\)|[ -/]{0,4}[0-~])")
# The same after a tool that made ESC visible, or a clipboard that dropped it.
# "[m" alone counts only where no letter follows: "[monaco-gertrude]" is a sound card.
_DEAD_COLOURS = re.compile(
    r"(?:\^\[|␛|\\(?:e|033|x1b))\[(?:\d{1,3}(?:;\d{1,3}){0,6})?[mK]|\[\d{1,3}(?:;\d{1,3}){0,6}[mK]|\[[mK](?![A-Za-z])"
)
_TAGS = re.compile(
    r"</?(?:p|div|span|code|pre|b|i|em|strong|font|small|tt|kbd|samp|li|ul|ol|tr|td|th|table|tbody|a|blockquote)"
    r"(?:\s[^<>\n]{0,300})?/?>",
    re.IGNORECASE,
)
_TAG_START = re.compile(r"</?[a-zA-Z]")
_LINE_TAGS = re.compile(r"<br\s{0,4}/?>|</(?:p|div|li|tr)>", re.IGNORECASE)
_BBCODE = re.compile(
    r"\[/?(?:b|i|u|code|quote|pre|spoiler|noparse|color|font|size|left|indent)(?:=[^\[\]\n]{0,100})?\]", re.I
)
_ENTITY = re.compile(r"&(?:[a-zA-Z]{2,8}|#\d{1,6}|#x[0-9a-fA-F]{1,5});")
_SPACES = str.maketrans(
    dict.fromkeys(
        "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000", " "
    )
    | dict.fromkeys("\v\f\x85\u2028\u2029", "\n")
    | dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad\x00", None)
)
_MARKDOWN_ESCAPE = re.compile(r"\\([\[\]*_()#`<>~-])")
# What stands before a line that was quoted or logged: forum and mail quotes, syslog, ISO times, kernel times,
# the container's name in `docker compose logs`.
_PREFIX = re.compile(
    r"^(?:[ \t]*(?:"
    r">+"
    r"|[A-Z][a-z]{2} [ \d]?\d \d\d:\d\d:\d\d(?:\.\d{1,6})? [\w.-]{1,64} [\w./-]{1,64}(?:\[\d{1,7}\])?:"
    r"|\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[\d.,:+Z-]{0,24}\]?(?=[ \t]|$)"
    r"|\[?\d\d:\d\d:\d\d(?:[.,]\d{1,6})?\]?(?=[ \t]|$)"
    r"|\[ {0,8}\d{1,8}\.\d{6}\]"
    r"|(?!VAProfile|Name\b|H26|HEVC|VP[89]|AV1|MPEG|VC1|JPEG|VVC)[\w.-]{1,64}[ \t]{0,32}\|(?=[ \t])"
    r")[ \t]?){1,4}",
    re.MULTILINE,
)


def clean(text: str) -> str:
    """Return ``text`` with plain spaces, ``\\n`` line ends and no colours, markup of web pages or invisible signs."""
    text = text.translate(_SPACES)
    if "\x1b" in text:
        text = _ESCAPES.sub("", text)
    if "[" in text:
        text = _DEAD_COLOURS.sub("", text)
        text = _BBCODE.sub("", text)
    if "&" in text:
        text = _ENTITY.sub(lambda entity: html.unescape(entity[0]).translate(_SPACES), text)
    if _TAG_START.search(text):
        text = _TAGS.sub("", _LINE_TAGS.sub("\n", text))
    return text.replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n")


def without_markdown(text: str) -> str:
    """Return cleaned ``text`` without Markdown's escapes and bold signs: ``va\\_openDriver()``, ``**i965**``."""
    return _MARKDOWN_ESCAPE.sub(r"\1", text).replace("**", "")


def without_prefixes(text: str) -> str:
    """Return cleaned ``text`` without what quoting and logging put before each line."""
    return _PREFIX.sub("", text)


# "command not found" as the usual shells say it, in the languages met.
_NOT_FOUND = (
    r"not found|unknown command|no such file or directory|not (?:currently )?installed|not in your PATH"
    r"|is not recognized|nicht gefunden|nicht installiert|introuvable|no se encontr|orden no encontrada|no encontrad[oa]"
    r"|não encontrado|comando não|non trovato|nie znaleziono|nie odnaleziono|не найден|не знайдено|未找到|找不到"
    r"|見つかりません|찾을 수 없|niet gevonden|nenalezen|inte hittades|hittades inte|kommandot finns inte"
    r"|bulunamad|ikke funnet|ikke fundet|komentoa ei löyt|nem található|δεν βρέθηκε|no s'ha trobat"
)


def tool_is_missing(text: str, tool: str) -> bool:
    """Tell whether a line of cleaned ``text`` is a shell saying that it has no program ``tool``."""
    name = re.escape(tool)
    said = re.compile(rf"(?:{name}[^\n]{{0,80}}?(?:{_NOT_FOUND})|(?:{_NOT_FOUND})[^\n]{{0,20}}{name})", re.IGNORECASE)
    for match in re.finditer(rf"^(?=[^\n]*{name})[^\n]{{0,300}}", text[:20000], re.MULTILINE):
        line = match[0]
        if said.search(line) and "shared librar" not in line and "_drv_video" not in line:
            return True
    return False
