"""The settings over HTTP: the form from the schema, and changes as a real supervisor takes or refuses them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from streamkit.config import SETTINGS
from streamkit.encoders import ENCODERS
from streamkit.panel.app import create_app
from streamkit.panel.context import Context
from streamkit.panel.fields import fields, label
from streamkit.panel.settings import SettingsArea
from streamkit.plan.choose import make_plan
from tests.conftest import Host, MakeSettings
from tests.streamkit.panel.conftest import TOKEN, Answer, Client
from tests.streamkit.run.box import DEPLOYED_KEY, Box

JSON = {"Content-Type": "application/json"}
KEY = "a-key-from-the-panel-4711"
Change = Callable[..., Answer]


@pytest.fixture
def box(tmp_path: Path, host: Host, settings: MakeSettings) -> Iterator[Box]:
    """A supervisor of its own beside the run directory of the other tests."""
    root = tmp_path / "box"
    root.mkdir()
    hardware = host("no_card")
    box = Box(root, hardware, make_plan(hardware, settings()), {})
    box.wait_running()
    yield box
    box.end()


@pytest.fixture
def client(box: Box, context: Context) -> Client:
    """A client of a panel beside that supervisor."""
    beside = replace(context, run_dir=box.run, stream_key_file=box.secrets / "stream_key")
    return Client(create_app(replace(beside, panel_key_file=box.state / "stream_key")))


@pytest.fixture
def change(client: Client) -> Change:
    """Post a change with the version that a page just loaded has."""

    def post(changes: Any = None, version: str | None = None, **more: Any) -> Answer:
        seen = client("GET", "/api/config", token=TOKEN).json["version"] if version is None else version
        asked = {"version": seen, **({} if changes is None else {"changes": changes}), **more}
        return client("POST", "/api/config", json.dumps(asked).encode(), JSON, token=TOKEN)

    return post


def test_every_runtime_setting_has_its_field_in_the_schema_s_words() -> None:
    shown = fields()
    assert [field["name"] for field in shown] == [one.name for one in SETTINGS.values() if one.runtime]
    for field in shown:
        setting = SETTINGS[field["name"]]
        assert (field["help"], field["allowed"], field["choices"]) == (
            setting.help,
            setting.allowed,
            list(setting.choices),
        )
        assert (field["kind"] == "choice") == bool(setting.choices) and field["runtime"] is True
        assert field["label"][0].isupper() and "_" not in field["label"]
    assert {field["name"]: field["kind"] for field in shown}["bitrate_kbps"] == "number"
    assert {label("bitrate_kbps"), label("server_url"), label("whep_url"), label("fps"), label("stun_server")} == {
        "Bitrate (kbit/s)",
        "Server address",
        "WHEP address",
        "Frame rate",
        "STUN server",
    }
    assert (label("max_frame_age_ms"), label("keyframe_interval_s")) == (
        "Longest frame age (ms)",
        "Keyframe interval (s)",
    )


def test_document_has_everything_a_page_needs_and_no_key(client: Client, box: Box) -> None:
    answer = client("GET", "/api/config", token=TOKEN)
    document = answer.json
    assert set(document) == {
        "schema_version",
        "version",
        "settings",
        "fields",
        "scripts",
        "key_set",
        "key_origin",
        "overrides",
        "note",
    }
    assert set(document["settings"]) == set(SETTINGS)
    assert document["settings"]["encoder"] == {"value": "x264", "origin": "plan"}
    assert (document["key_set"], document["key_origin"], document["overrides"], document["note"]) == (
        True,
        "deployment",
        [],
        "",
    )
    assert document["version"] == box.status()["config_version"] != ""
    assert DEPLOYED_KEY.encode() not in answer.body


def test_scripts_are_told_with_the_reason_of_those_that_cannot_run(client: Client) -> None:
    scripts = client("GET", "/api/scripts", token=TOKEN).json["scripts"]
    assert [(one["encoder"], one["script"]) for one in scripts] == [(e.id, e.script) for e in ENCODERS.values()]
    assert [one["encoder"] for one in scripts if one["chosen"]] == ["x264"]
    refused = {one["encoder"]: one["reason"] for one in scripts if not one["usable"]}
    assert set(refused) == {e.id for e in ENCODERS.values() if e.needs} and all(refused.values())


def test_change_is_taken_and_shown(change: Change, client: Client, box: Box) -> None:
    answer = change({"bitrate_kbps": 4000, "encoder": "stream-vp9.sh"})
    assert answer.status == 200
    assert (answer.json["ok"], answer.json["changed"]) == (True, True)
    document = client("GET", "/api/config", token=TOKEN).json
    assert document["version"] == answer.json["version"] and document["overrides"] == ["bitrate_kbps", "encoder"]
    assert document["settings"]["bitrate_kbps"] == {"value": 4000, "origin": "override"}
    assert [one["encoder"] for one in document["scripts"] if one["chosen"]] == ["vp9"]
    back = change({"bitrate_kbps": None, "encoder": None})
    assert back.json["changed"] is True and box.kept() == {}


def test_bad_value_is_refused_beside_its_field(change: Change, box: Box) -> None:
    for name, value in (("fps", "fast"), ("bitrate_kbps", 7), ("encoder", "av1-nvenc"), ("panel_port", 80), ("x", [])):
        answer = change({"keyframe_interval_s": 2, name: value})
        assert answer.status == 400
        assert list(answer.json["fields"]) == [name] and answer.json["fields"][name] == answer.json["error"]
        assert set(answer.json) == {"ok", "error", "fields"} and box.kept() == {}


def test_second_person_gets_409_with_the_version_that_counts(change: Change, client: Client) -> None:
    seen = client("GET", "/api/config", token=TOKEN).json["version"]
    first = change({"fps": "25"}, seen)
    second = change({"fps": "24"}, seen)
    assert second.status == 409 and second.json["version"] == first.json["version"] and not second.json["ok"]
    assert client("GET", "/api/config", token=TOKEN).json["settings"]["fps"]["value"] == "25"


def test_key_goes_in_and_never_comes_out(change: Change, client: Client, box: Box) -> None:
    answers = [change(stream_key=KEY)]
    answers += [
        client("GET", path, token=TOKEN) for path in ("/api/config", "/api/scripts", "/api/status", "/api/stats")
    ]
    answers += [change({"fps": "x"}, stream_key=KEY), change(stream_key=f"{KEY} {KEY}")]
    assert [answer.status for answer in answers] == [200, 200, 200, 200, 200, 400, 400]
    assert all(KEY.encode() not in answer.body for answer in answers)
    assert (answers[1].json["key_set"], answers[1].json["key_origin"]) == (True, "panel")
    assert answers[6].json["fields"]["stream_key"].startswith("That is no stream key")
    assert (box.state / "stream_key").read_text() == KEY + "\n"
    assert KEY not in box.said()
    assert change(stream_key="").json["changed"] is True
    assert client("GET", "/api/config", token=TOKEN).json["key_origin"] == "deployment"


def test_place_that_cannot_be_written_is_503(change: Change, box: Box) -> None:
    (box.state / ".state.json.new").mkdir()
    answer = change({"fps": "25"})
    assert answer.status == 503 and "Nothing was changed" in answer.json["error"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "The body is not JSON"),
        (b"{", "The body is not JSON"),
        (b"[]", "The body is a JSON list"),
        (b'{"version": "1", "command": "stop"}', "The body has 'command'; it may have: version, changes, stream_key."),
        (b'{"changes": {}}', "names no version"),
        (b'{"version": 1, "changes": {}}', "names no version"),
        (b'{"version": "V", "changes": []}', "must be an object"),
        (b'{"version": "V", "stream_key": 1}', "must be a text"),
        (b'{"version": "V", "changes": {"fps": NaN}}', "streamkit_fps is nan, which is not allowed"),
        (b'{"version": "V", "changes": ' + b'{"a":' * 900 + b"1" + b"}" * 900 + b"}", ""),
        (b"[" * 10_000, "The body is not JSON"),
    ],
)
def test_rubbish_is_400_with_a_sentence(client: Client, box: Box, body: bytes, words: str) -> None:
    body = body.replace(b'"V"', json.dumps(box.status()["config_version"]).encode())
    answer = client("POST", "/api/config", body, JSON, token=TOKEN)
    assert answer.status == 400 and words in answer.json["error"] and answer.json["ok"] is False
    assert box.kept() == {} and box.process.poll() is None


def test_body_of_another_type_or_too_long_is_refused(client: Client) -> None:
    form = client("POST", "/api/config", b"version=1", {"Content-Type": "text/plain"}, token=TOKEN)
    assert form.status == 400 and "send application/json" in form.json["error"]
    assert client("POST", "/api/config", b" " * 20_000, JSON, token=TOKEN).status == 413


def test_only_who_is_logged_in_may_look_or_change(client: Client, box: Box) -> None:
    for method, path in (("GET", "/api/config"), ("GET", "/api/scripts"), ("POST", "/api/config")):
        assert client(method, path, b"{}" if method == "POST" else b"", JSON).status == 401
    foreign = {**JSON, "Origin": "http://elsewhere.test"}
    body = json.dumps({"version": box.status()["config_version"], "changes": {"fps": "25"}}).encode()
    assert client("POST", "/api/config", body, foreign, token=TOKEN).status == 403
    assert box.kept() == {}


def test_without_a_supervisor_nothing_can_be_changed(call: Client, context: Context) -> None:
    answer = call("POST", "/api/config", b'{"version": "1", "changes": {}}', JSON, token=TOKEN)
    assert answer.status == 503 and "The supervisor does not answer" in answer.json["error"]
    (context.run_dir / "supervisor.json").unlink()
    for path in ("/api/config", "/api/scripts"):
        answer = call("GET", path, token=TOKEN)
        assert answer.status == 503 and answer.json["ok"] is False


def test_mark_moves_with_a_change_and_not_without(context: Context, box: Box) -> None:
    own = replace(context, run_dir=box.run)
    area = SettingsArea(own)
    mark, document = own.state_mark(), area.document()
    assert own.state_mark() == mark and area.document() == document
    assert box.configure({"fps": "25"})["ok"]
    assert own.state_mark() != mark and area.document() != document
    assert replace(context, run_dir=box.state).state_mark() is None
