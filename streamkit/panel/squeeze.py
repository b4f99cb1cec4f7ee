"""Makes the page's files smaller as they are read: what only a reader of the sources needs is not sent.

Lines stay lines and names stay names, so that what a browser reports can be found in the source.  This is no parser of
JavaScript: it knows texts, templates, regular expressions and comments, and touches no space inside of them.
"""

from __future__ import annotations

import re

_LITERAL = re.compile(r"""["'`]|//|/\*|/""")
_BEFORE_REGEX = "(,=:[!&|?{};\n"
"""A slash after one of these begins a regular expression; after anything else it divides."""
_AROUND = re.compile(r"[ \t]*([{}()\[\];,:?=<>&|!*])[ \t]*")
_SIGN = re.compile(r"(?<![+-])[ \t]*([+-])[ \t]*(?![+-])")
_ONE = re.compile(r"(?<![\w)\]])\((\w+)\)=>")
_LAST = re.compile(r";(?=\n*})|,(?=\n*[\])}])")
"""Behind a last statement, and behind a last item.  An empty statement is no last one: there is none in these files."""
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def squeeze(kind: str, text: str) -> str:
    """Return a "js", "css" or "html" file without indentation and empty lines; anything else comes back as it is.

    Scripts and style sheets also lose comments and the spaces around their punctuation.  In pages, what has to stand
    apart has a space or a margin of its own: tags of different lines close up.
    """
    if kind == "js":
        text = _script(text)
    elif kind == "css":
        text = re.sub(r"\s*([{};,])\s*", r"\1", _COMMENT.sub("", text))
        text = re.sub(r"(?<=[\w-]):\s+", ":", text).replace(";}", "}")
    elif kind == "html":
        text = re.sub(r">\n\s*<", "><", text)
    else:
        return text
    return "\n".join(line for whole in text.splitlines() if (line := whole.strip())) + "\n"


def _script(text: str) -> str:
    found, at = [], 0
    while begin := _LITERAL.search(text, at):
        found.append(_close(text[at : begin.start()]))
        at = _end(text, begin)
        if begin[0] not in ("//", "/*"):
            found.append(text[begin.start() : at])
    return "".join((*found, _close(text[at:])))


def _close(code: str) -> str:
    """Take out of code, without any text in it, what it means the same without."""
    code = _SIGN.sub(r"\1", _AROUND.sub(r"\1", re.sub(r"\n\s*", "\n", code)))
    code = re.sub(r"(?<=[;,([{>])\n", "", code)
    return _LAST.sub("", _ONE.sub(r"\1=>", code))


def _end(text: str, begin: re.Match[str]) -> int:
    """Return where the text, template, regular expression or comment ends; a division is only its slash."""
    kind, at = begin[0], begin.end()
    if kind == "//":
        return _after(text, "\n", at) - 1
    if kind == "/*":
        return _after(text, "*/", at)
    if kind == "/" and (text[: begin.start()].rstrip(" ")[-1:] or "\n") not in _BEFORE_REGEX:
        return at
    inside_class = False
    while text[at] != kind or inside_class:
        if kind == "`" and text.startswith("${", at):
            at = _substitution(text, at + 2)
            continue
        if kind == "/" and text[at] in "[]":
            inside_class = text[at] == "["
        at += 2 if text[at] == "\\" else 1
    return at + 1


def _substitution(text: str, at: int) -> int:
    """Return where the ``${…}`` ends whose inside begins at ``at``; there may be texts and templates in it."""
    depth = 1
    while depth:
        begin = _LITERAL.match(text, at)
        if begin:
            at = _end(text, begin)
            continue
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        at += 1
    return at


def _after(text: str, what: str, at: int) -> int:
    end = text.find(what, at)
    return len(text) + 1 if end < 0 else end + len(what)
