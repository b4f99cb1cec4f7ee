"""No secret gets into the log: neither the file nor what ``docker logs`` shows."""

from __future__ import annotations

import io
from pathlib import Path

from streamkit.run.log import RingLog
from streamkit.run.mask import SecretFiles

KEY = "s3cret/stream key"


def test_no_form_of_a_key_gets_into_the_log(tmp_path: Path) -> None:
    key = tmp_path / "stream_key"
    key.write_text(KEY + "\n", encoding="utf-8")
    shown = io.StringIO()
    log = RingLog(tmp_path / "stream.log", shown, mask=SecretFiles([key, tmp_path / "missing"]).mask)
    log.write("stream", f"Authorization: Bearer {KEY}")
    log.write("poller", "GET http://host/api/status?key=s3cret%2Fstream%20key failed")
    log.write("supervisor", f"a message of\ntwo lines with {KEY!r}")
    written = shown.getvalue() + (tmp_path / "stream.log").read_text(encoding="utf-8")
    assert "s3cret" not in written and "stream key" not in written
    assert written.count("***") == 6
    assert "GET http://host/api/status?key=*** failed" in written, "the rest of the line is still of use"
    assert len(shown.getvalue().splitlines()) == 3


def test_a_key_that_is_changed_or_comes_later_is_known_at_once(tmp_path: Path) -> None:
    key = tmp_path / "stream_key"
    mask = SecretFiles([key]).mask
    assert mask("first-key-1 second-key-2") == "first-key-1 second-key-2"
    key.write_text("first-key-1", encoding="utf-8")
    assert mask("first-key-1 second-key-2") == "*** second-key-2"
    key.with_suffix(".new").write_text("second-key-2", encoding="utf-8")
    key.with_suffix(".new").replace(key)
    assert mask("first-key-1 second-key-2") == "first-key-1 ***"


def test_a_short_key_takes_no_words_apart(tmp_path: Path) -> None:
    key = tmp_path / "stream_key"
    key.write_text("test", encoding="utf-8")
    assert SecretFiles([key]).mask("videotestsrc with key=test, 'test'") == "videotestsrc with key=***, '***'"


def test_an_empty_or_unreadable_file_hides_nothing(tmp_path: Path) -> None:
    empty, binary = tmp_path / "empty", tmp_path / "binary"
    empty.write_text(" \n", encoding="utf-8")
    binary.write_bytes(b"\xff\xfe")
    assert SecretFiles([empty, binary, tmp_path]).mask("a line") == "a line"
