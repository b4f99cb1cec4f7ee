"""The words a source says to people, as patterns: what is filled in at run time may be anything."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import yaml

GAP = "\0"
JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
LITERAL = 10
"""A pattern with fewer letters of its own would fit anything."""


def patterns(path: Path) -> list[re.Pattern[str]]:
    """Return a pattern for every sentence in a Python, JavaScript or YAML source."""
    text = path.read_text(encoding="utf-8")
    sentences = {".py": of_python, ".js": of_javascript, ".yml": of_yaml}[path.suffix](text)
    return [made for sentence in sentences for made in as_patterns(sentence)]


def as_patterns(sentence: str) -> Iterator[re.Pattern[str]]:
    """Yield a pattern for each line of a sentence that has enough words of its own."""
    for line in sentence.splitlines():
        parts = [re.escape(" ".join(part.split())) for part in re.split(f"{GAP}+", line)]
        if sum(map(len, parts)) >= LITERAL:
            yield re.compile(r"\s*.*\s*".join(parts))


def of_python(text: str) -> Iterator[str]:
    """Yield the strings of a module; sums of strings as one, with what is not a constant as a gap."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp):
            yield _spoken(node)


def _spoken(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.sub(r"\{\w*\}", GAP, node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_spoken(part) if isinstance(part, ast.Constant) else GAP for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _spoken(node.left) + _spoken(node.right)
    return GAP


def of_javascript(text: str) -> Iterator[str]:
    """Yield the strings of a script, with what is filled into templates as a gap."""
    for plain, template in re.findall(r'"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`', text):
        yield plain or re.sub(r"\$\{[^}]*\}", GAP, template)


def of_yaml(text: str) -> Iterator[str]:
    """Yield the strings of a playbook or of variables, with expressions as gaps, and strings inside those as well."""

    def strings(node: object) -> Iterator[str]:
        if isinstance(node, str):
            yield node
        elif isinstance(node, dict):
            for value in node.values():
                yield from strings(value)
        elif isinstance(node, list):
            for value in node:
                yield from strings(value)

    for found in strings(yaml.safe_load(text)):
        # A folded sentence is one line; a block of lines is several.
        yield re.sub(r" *\n *", " ", JINJA.sub(GAP, found))
        yield JINJA.sub(GAP, found)
        for expression in JINJA.findall(found):
            joined = re.sub(r"'\s*~[^']*~\s*'", GAP, expression)
            yield from (part.replace("\\n", "\n") for part in re.findall(r"'([^']*)'", joined))
