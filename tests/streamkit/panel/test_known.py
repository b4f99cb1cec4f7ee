"""The secrets that the panel knows are taken out of any text, also when they have just changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from streamkit.panel.known import LONGEST_SENTENCE, MOST_SENTENCES, Known

TOKEN = "correct horse battery staple"


def test_token_and_keys_are_taken_out_as_they_come_and_go(tmp_path: Path) -> None:
    deployed, panels = tmp_path / "deployed", tmp_path / "panels"
    known = Known(TOKEN, (deployed, panels, None))
    said = f"no to {TOKEN}, first-key-1 and second-key-2"
    assert known.text(said) == "no to ***, first-key-1 and second-key-2"
    deployed.write_text("first-key-1\n")
    assert known.text(said) == "no to ***, *** and second-key-2"
    panels.write_text("second-key-2\n")
    assert known.text(said) == "no to ***, *** and ***"
    deployed.unlink()
    assert known.text(said) == "no to ***, first-key-1 and ***"


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe"])
def test_a_key_file_without_a_key_takes_nothing_out(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    assert Known(TOKEN, (path,)).text("as it was") == "as it was"


def test_a_sentence_that_was_looked_through_is_looked_through_again_when_the_secrets_change(tmp_path: Path) -> None:
    key = tmp_path / "key"
    known = Known(TOKEN, (key,))
    said = f"no to {TOKEN} and first-key-1"
    assert known.sentence(said) == known.sentence(said) == "no to *** and first-key-1"
    key.write_text("first-key-1\n")
    assert known.sentence(said) == "no to *** and ***"
    key.unlink()
    assert known.sentence(said) == "no to *** and first-key-1"


def test_sentences_are_remembered_within_bounds() -> None:
    known = Known(TOKEN, ())
    for number in range(3 * MOST_SENTENCES):
        assert known.sentence(f"{number} {TOKEN}") == f"{number} ***"
        assert len(vars(known)["_said"]) <= MOST_SENTENCES
    known.sentence("x" * (LONGEST_SENTENCE + 1))
    assert all(len(text) <= LONGEST_SENTENCE for text in vars(known)["_said"])
