"""The code blocks of README and docs, each with the comment above it that says what becomes of it.

A ``bash`` block needs one of three comments in the line above its fence:

- ``<!-- run: here -->``: run in a copy of the checkout, as pasted;
- ``<!-- run: on the machine -->``: run on a machine that ./install.sh has made a streamer;
- ``<!-- not run: REASON -->``: needs somebody's hardware, server or minutes.

A ``text`` block of words that the product says has ``<!-- message: FILE -->``, the source that says them.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import REPOSITORY

HERE = "run: here"
ON_THE_MACHINE = "run: on the machine"
NOT_RUN = "not run: "
MESSAGE = "message: "
FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w*)$")
COMMENT = re.compile(r"^ *<!-- (?P<words>.*) -->$")


@dataclass(frozen=True)
class Block:
    """One fenced block: where it begins, its language, its text, and the words of the comment above it."""

    file: str
    line: int
    language: str
    text: str
    comment: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


def documents() -> list[Path]:
    """Return README and every page of docs."""
    return [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]


def blocks(path: Path) -> Iterator[Block]:
    """Yield the blocks of one page in order; a fence may be indented, as in a list."""
    lines = path.read_text(encoding="utf-8").splitlines()
    begin: re.Match[str] | None = None
    at = 0
    for number, line in enumerate(lines):
        found = FENCE.match(line)
        if begin is None and found:
            begin, at = found, number
        elif begin is not None and found and not found["language"] and found["indent"] == begin["indent"]:
            above = COMMENT.match(lines[at - 1]) if at else None
            text = textwrap.dedent("\n".join(lines[at + 1 : number])) + "\n"
            comment = above["words"] if above else ""
            yield Block(str(path.relative_to(REPOSITORY)), at + 1, begin["language"], text, comment)
            begin = None
    assert begin is None, f"{path}: the block that begins in line {at + 1} does not end"


def all_blocks(language: str, comment: str = "") -> list[Block]:
    """Return the blocks in a language, or those of them under a comment that begins so."""
    return [
        block
        for path in documents()
        for block in blocks(path)
        if block.language == language and block.comment.startswith(comment)
    ]
