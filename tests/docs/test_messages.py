"""Messages that the pages quote are still said, word for word, by the sources that they name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.docs.blocks import MESSAGE, Block, all_blocks
from tests.docs.messages import patterns


@pytest.mark.parametrize("block", all_blocks("text", MESSAGE), ids=str)
def test_quoted_messages_are_said(block: Block) -> None:
    source = REPOSITORY / block.comment.removeprefix(MESSAGE)
    said = patterns(source)
    for line in block.text.splitlines():
        assert any(pattern.fullmatch(line) for pattern in said), f"{block}: {source} does not say: {line}"


@pytest.mark.parametrize("block", all_blocks("text"), ids=str)
def test_quoted_messages_name_their_source(block: Block) -> None:
    assert block.comment.startswith(MESSAGE), f"{block}: put <!-- message: FILE --> above it"


SOURCES = {
    "say.py": 'CURE = "mend it."\ndef f(a):\n    return f"The {a} is not what it was; " + CURE + "Go on."\n',
    "say.js": 'put("lead", "The machine has gone quiet."); tell(`It answered ${code} after all that.`);\n',
    "say.yml": (
        "- fail:\n    msg: >-\n      {{ host }} cannot be reached\n      at {{ port }}; look there.\n"
        "- x: \"{{ 'The thing on ' ~ host ~ ' was not made' if a else '' }}\"\n"
    ),
}


@pytest.mark.parametrize(
    ("name", "line", "is_said"),
    [
        ("say.py", "The card is not what it was; mend it.Go on.", True),
        ("say.py", "The card is not what it is; mend it.Go on.", False),
        ("say.js", "The machine has gone quiet.", True),
        ("say.js", "It answered 404 after all that.", True),
        ("say.js", "It answered 404 after all of that.", False),
        ("say.yml", "stage cannot be reached at 22; look there.", True),
        ("say.yml", "The thing on stage was not made", True),
        ("say.yml", "The thing on stage was made", False),
    ],
)
def test_a_changed_word_is_found(tmp_path: Path, name: str, line: str, is_said: bool) -> None:
    (tmp_path / name).write_text(SOURCES[name])
    assert any(pattern.fullmatch(line) for pattern in patterns(tmp_path / name)) is is_said
