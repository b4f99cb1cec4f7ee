"""Secrets are found wherever they stand, and leave no trace in what is passed on."""

from __future__ import annotations

import json
from pathlib import Path

from streamkit.facts.secrets import found_in, named_like_secrets, read_secrets, without

SECRET = 'a "quoted" secret'


def test_files_are_told_and_their_text_is_not(tmp_path: Path) -> None:
    for name, text, mode in (("panel_token", SECRET + "\n", 0o400), ("short", "abc", 0o444), ("picture", "", 0o400)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(mode)
    (tmp_path / "picture").chmod(0o600)
    (tmp_path / "picture").write_bytes(b"\xff\xfe")
    values, told = read_secrets(tmp_path)
    assert values == {"panel_token": SECRET, "short": "abc"}
    by_name = {entry["name"]: entry for entry in told}
    assert by_name["panel_token"]["mode"] == "0400" and by_name["panel_token"]["problem"] is None
    assert "shorter than 8" in by_name["short"]["problem"] and by_name["picture"]["problem"] == "not text"
    assert SECRET not in json.dumps(told)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert read_secrets(tmp_path / "none") == (
        {},
        [{"name": str(tmp_path / "none"), "problem": "No such file or directory"}],
    )


def test_found_in_plain_text_and_in_json() -> None:
    places = {"log": f"… {SECRET} …", "inspect": json.dumps([f"KEY={SECRET}"]), "elsewhere": "abc"}
    assert found_in(places, {"token": SECRET, "short": "abc"}) == [
        {"secret": "token", "place": "log"},
        {"secret": "token", "place": "inspect"},
    ]


def test_names_that_carry_a_secret() -> None:
    variables = {
        "STREAM_KEY": "x",
        "API_TOKEN": "y",
        "STREAM_KEY_FILE": "/run/secrets/key",
        "db_password": "z",
        "EMPTY_KEY": "",
    }
    assert named_like_secrets(variables) == ["API_TOKEN", "STREAM_KEY", "db_password"]


def test_nothing_of_it_is_passed_on() -> None:
    content = {
        "env": ["STREAM_KEY=another one", f"PATH={SECRET}/bin", "KEY_FILE=/run/key"],
        "n": [1, None, {"x": SECRET}],
    }
    assert without(content, {"token": SECRET}) == {
        "env": ["STREAM_KEY=(hidden)", "PATH=(hidden)/bin", "KEY_FILE=/run/key"],
        "n": [1, None, {"x": "(hidden)"}],
    }
