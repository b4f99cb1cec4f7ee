"""A pasted terminal session, line by line: without what the kernel printed into it, and commands told from output.

Every pattern here is bounded, so that a text is read in time proportional to its length.
"""

from __future__ import annotations

import re

from streamkit.parse.noise import clean, tool_is_missing, without_prefixes

MAX_LINE = 4000
"""Characters of a line that are read: the tools print far less."""

_MARKDOWN_ESCAPE = re.compile(r"\\([\[\]*_()#`<>-])")
_KERNEL_LINE = re.compile(
    r"[>\s]{0,20}(?:\[\s{0,12}\d{1,8}\.\d{1,9}\]"
    r"|(?:\*\* )?\([\w.-]{1,60}:\d{1,9}\): "
    r"|[A-Z][a-z]{2} [ \d]?\d [\d:]{8} \S{1,64} kernel:)"
)
_GAP = re.compile(r"\n{4,}")
_CONTROL = dict.fromkeys([*range(0x09), *range(0x0E, 0x20), 0x7F], None)
# After "@", "~" or "]", or at the start of a line; the arrows are those of zsh themes.
_PROMPT = re.compile("([^$#%\u276f\u279c\u21aa]{0,100})[$#%\u276f\u279c\u21aa]\\s+[a-z.]")


def session_lines(text: str) -> list[str]:
    """Return the lines of ``text`` as the terminal showed them, indented as they were, kernel messages left out."""
    lines = _GAP.sub("\n\n\n", clean(text).translate(_CONTROL)).split("\n")
    text = without_prefixes("\n".join(line[:MAX_LINE] for line in lines if not _KERNEL_LINE.match(line)))
    return [line.rstrip() for line in _MARKDOWN_ESCAPE.sub(r"\1", text).split("\n")]


def is_command(line: str, tools: tuple[str, ...]) -> bool:
    """Tell whether a line is a typed command: one of ``tools``, ``ls``, or anything after a prompt."""
    words = [word.strip("`'\"").rsplit("/", 1)[-1] for word in line.split(maxsplit=40)[:40]]
    if words and (words[0] == "ls" or any(tool in words for tool in tools)):
        return True
    prompt = _PROMPT.match(line.lstrip())
    return prompt is not None and (not prompt[1].strip() or any(mark in prompt[1] for mark in "@~]"))


def not_started(lines: list[str], tool: str) -> str | None:
    """Return the line in which a shell says, in whatever language, that it could not start ``tool``; else None."""
    return next((line.strip() for line in lines if tool in line and tool_is_missing(line, tool)), None)
