"""The stream key is checked, and no sentence shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from streamkit.errors import BadInputError
from streamkit.install.stream_key import check_stream_key


def test_good_keys_pass(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("abc-123_~+/=\n")
    check_stream_key("", "")
    check_stream_key("live_abc-123", "")
    check_stream_key("", str(tmp_path / "key"))


def test_both_ways_at_once_are_refused() -> None:
    with pytest.raises(BadInputError, match="streamkit_stream_key and streamkit_stream_key_file are both set"):
        check_stream_key("secret-word", "/a/file")


@pytest.mark.parametrize("value", ["two secrets", "secret\nsecret", "s\x00ecret", "sécret", "secret" * 100])
def test_what_is_no_key_is_refused_and_not_shown(tmp_path: Path, value: str) -> None:
    (tmp_path / "key").write_text(value, encoding="utf-8")
    for given in ((value, ""), ("", str(tmp_path / "key"))):
        with pytest.raises(BadInputError, match="does not hold a stream key") as told:
            check_stream_key(*given)
        assert "secret" not in str(told.value).replace("secrets", "") and "sécret" not in str(told.value)


def test_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("\n")
    with pytest.raises(BadInputError, match="does not hold a stream key"):
        check_stream_key("", str(tmp_path / "key"))


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="nowhere', which cannot be read"):
        check_stream_key("", str(tmp_path / "nowhere"))
