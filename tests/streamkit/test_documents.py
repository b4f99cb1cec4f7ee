"""Documents: versioned, atomic, refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from streamkit.documents import parse_document, read_document, write_document
from streamkit.errors import BadInputError


def test_written_document_reads_back_with_its_version(tmp_path: Path) -> None:
    write_document(tmp_path / "a.json", {"b": 1})
    assert read_document(tmp_path / "a.json") == {"schema_version": 1, "b": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is not valid JSON"),
        ("[]", "holds a list, not a JSON object"),
        ("{}", "has schema_version None"),
        ('{"schema_version": true}', "has schema_version True"),
        ('{"schema_version": 2}', "has schema_version 2, written by a newer streamkit"),
    ],
)
def test_what_is_no_document_is_refused_by_name(text: str, words: str) -> None:
    with pytest.raises(BadInputError, match=f"plan.json {words}"):
        parse_document(text, "plan.json")


def test_missing_and_binary_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="cannot be read: No such file"):
        read_document(tmp_path / "none.json")
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe")
    with pytest.raises(BadInputError, match="is not UTF-8"):
        read_document(tmp_path / "binary.json")


def test_failed_write_leaves_the_old_text_and_no_rest(tmp_path: Path) -> None:
    write_document(tmp_path / "a.json", {"b": 1})
    with pytest.raises(TypeError):
        write_document(tmp_path / "a.json", {"b": object()})
    assert read_document(tmp_path / "a.json")["b"] == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
