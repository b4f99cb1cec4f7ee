"""A strict reader of Prometheus' text format 0.0.4, which refuses whatever the format's page does not allow.

https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\n"])*)"(,|$)')
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? (\S+)")
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|NaN|[+-]Inf")
ESCAPES = {"\\\\": "\\", "\\n": "\n", '\\"': '"'}
Labels = tuple[tuple[str, str], ...]


@dataclass
class Family:
    """One metric: its type, its help, and its values by labels (sorted pairs)."""

    kind: str
    help: str
    values: dict[Labels, float] = field(default_factory=dict)


def read(text: str) -> dict[str, Family]:
    """Return the families by name.  Raises AssertionError at the first breach of the format."""
    assert text.endswith("\n"), "the last line must end in a line feed"
    families: dict[str, Family] = {}
    helps: dict[str, str] = {}
    name = ""
    for line in text[:-1].split("\n"):
        assert line and line == line.strip() and "\r" not in line, repr(line)
        if match := re.fullmatch(rf"# HELP ({NAME}) (.+)", line):
            assert match[1] not in helps, f"{match[1]} is helped twice"
            assert re.fullmatch(r"(?:[^\\]|\\\\|\\n)*", match[2]), line
            name, helps[match[1]] = match[1], match[2]
        elif match := re.fullmatch(rf"# TYPE ({NAME}) (counter|gauge)", line):
            assert match[1] == name and match[1] not in families, f"TYPE of {match[1]} must follow its HELP, once"
            families[match[1]] = Family(match[2], helps[match[1]])
        else:
            assert not line.startswith("#"), line
            _sample(line, name, families)
    empty = [name for name, family in families.items() if not family.values]
    assert not empty and set(helps) == set(families), f"without a value: {empty}"
    return families


def _sample(line: str, name: str, families: dict[str, Family]) -> None:
    match = SAMPLE.fullmatch(line)
    assert match, line
    assert match[1] == name and name in families, f"{line}: all values of a metric stand together, behind its TYPE"
    assert NUMBER.fullmatch(match[3]), line
    labels = _labels(match[2] or "")
    values = families[name].values
    assert labels not in values, f"{line}: twice"
    assert not values or {key for key, _ in labels} == {key for key, _ in next(iter(values))}, line
    values[labels] = float(match[3])


def _labels(text: str) -> Labels:
    found: dict[str, str] = {}
    position = 0
    while position < len(text):
        match = LABEL.match(text, position)
        assert match, text
        assert match[1] not in found and not match[1].startswith("__"), text
        found[match[1]] = re.sub(r'\\[\\n"]', lambda escape: ESCAPES[escape[0]], match[2])
        position = match.end()
    assert not text.endswith(","), text
    return tuple(sorted(found.items()))
