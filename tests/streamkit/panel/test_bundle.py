"""One zip for whoever is to help: everything in it, and no secret, wherever one was planted."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from streamkit.panel.app import create_app
from streamkit.panel.bundle import MOST_BYTES, MOST_FILE_BYTES, MOST_READ_BYTES, Text, cut, pack, versions
from streamkit.panel.context import Context
from tests.conftest import REPOSITORY
from tests.streamkit.panel.conftest import STREAM_KEY, TOKEN, Client

PANEL_KEY = "key-set-in-the-panel"
SECRET_PATH = "b236bde30eb07b9d01318940e5fc3edake34a3efb3896e18f2dc277ce6cc993ad"
WHIP = f"https://customer-abc.cloudflarestream.com/{SECRET_PATH}/webRTC/publish"
PLANTED = (
    f"key {STREAM_KEY} panel {PANEL_KEY} token {TOKEN} http://u:userinfo-secret@box/x?token=query-secret "
    f"Bearer bearer-secret {WHIP} /{SECRET_PATH}/webRTC\n"
)
SECRETS = (STREAM_KEY, PANEL_KEY, TOKEN, "userinfo-secret", "query-secret", "bearer-secret", SECRET_PATH)


def unpacked(content: bytes) -> dict[str, str]:
    """The texts of a bundle by name."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name.removeprefix("streamkit/"): archive.read(name).decode() for name in archive.namelist()}


@pytest.fixture
def box(states: Any, context: Context, tmp_path: Path) -> Context:
    """A box whose every file holds every secret."""
    release = Path(shutil.copytree(REPOSITORY / "tests" / "golden" / "usb_card", tmp_path / "release"))
    (release / "probes.json").write_text('{"schema_version": 1, "trials": []}', encoding="utf-8")
    (release / ".env").write_text("COMPOSE_PROJECT_NAME=streamer\n", encoding="utf-8")
    state = tmp_path / "state"
    state.mkdir()
    (state / "stream_key").write_text(PANEL_KEY + "\n", encoding="utf-8")
    (state / "state.json").write_text(
        json.dumps({"schema_version": 1, "settings": {"server_url": WHIP}}), encoding="utf-8"
    )
    states.publish_by_whip(WHIP)
    states.launch(errors=[PLANTED])
    for name in ("stream.log", "stream.log.1"):
        (states.folder / name).write_text("an innocent line\n", encoding="utf-8")
    server = {"schema_version": 1, "sampled_at": 1.0, "url": "http://box/api/status", "error": PLANTED, "streams": []}
    (states.folder / "server.json").write_text(json.dumps(server), encoding="utf-8")
    for folder in (release, release / "scripts"):
        for path in folder.iterdir():
            if path.is_file() and path.suffix != ".json":
                path.write_text(path.read_text(encoding="utf-8") + f"# {PLANTED}", encoding="utf-8")
    for path in (*release.glob("*.json"), states.folder / "launch.json", states.folder / "supervisor.json"):
        document = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps({**document, "planted": PLANTED}), encoding="utf-8")
    for path in states.folder.glob("stream.log*"):
        path.write_text(path.read_text(encoding="utf-8") + PLANTED, encoding="utf-8")
    return replace(context, release_dir=release, panel_key_file=state / "stream_key")


def test_the_bundle_holds_everything_and_no_secret(box: Context) -> None:
    answer = Client(create_app(box))("GET", "/api/bundle", token=TOKEN)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/zip")
    assert answer.headers["content-disposition"].startswith('attachment; filename="streamkit-')
    texts = unpacked(answer.body)
    scripts = {f"release/scripts/{path.name}" for path in (box.release_dir / "scripts").glob("*.sh")}
    assert "release/scripts/queue-config.sh" in scripts and len(scripts) == 11
    assert set(texts) >= scripts | {
        "README.txt", "versions.json", "stats.json", "status.json", "config.json",
        "run/supervisor.json", "run/launch.json", "run/server.json", "run/stream.log", "run/stream.log.1",
        "release/plan.json", "release/probes.json", "release/hardware.json", "release/settings.json",
        "release/docker-compose.yml", "release/.env", "state/state.json",
    }  # fmt: skip
    for name, text in texts.items():
        for secret in SECRETS:
            assert secret not in text, f"{secret} in {name}"
    assert not [name for name in texts if name.endswith("stream_key")]
    assert "an innocent line" in texts["run/stream.log"]
    for name, text in texts.items():
        if name.endswith(".json"):
            json.loads(text)


def test_what_the_bundle_says(box: Context) -> None:
    texts = unpacked(Client(create_app(box))("GET", "/api/bundle", token=TOKEN).body)
    assert json.loads(texts["config.json"])["settings"]["publish"] == {"value": "whip", "origin": "inventory"}
    assert json.loads(texts["stats.json"])["video"]["ledger"]["captured"] == 22534
    assert "cloudflarestream.com/***/webRTC" in texts["state/state.json"]
    for name in ("stats.json", "release/", "run/", "***"):
        assert name in texts["README.txt"]


def test_only_who_is_logged_in_gets_a_bundle(call: Any, context: Context) -> None:
    assert call("GET", "/api/bundle").status == 401
    route = next(route for route in create_app(context).routes if route.rule == "/api/bundle")
    assert route.access == "operator", "an open view does not open it"


def test_a_box_without_files_still_gives_a_bundle(states: Any, context: Context, tmp_path: Path) -> None:
    for path in states.folder.iterdir():
        path.unlink()
    answer = Client(create_app(replace(context, release_dir=tmp_path / "none")))("GET", "/api/bundle", token=TOKEN)
    assert set(unpacked(answer.body)) == {"README.txt", "versions.json", "stats.json", "status.json", "config.json"}


def test_the_bundle_is_bounded_and_keeps_the_end_of_a_log(box: Context) -> None:
    line = "x" * 99 + "\n"
    (box.run_dir / "stream.log").write_text(line * (MOST_READ_BYTES // 100 + 5) + "the last line\n", encoding="utf-8")
    text = unpacked(Client(create_app(box))("GET", "/api/bundle", token=TOKEN).body)["run/stream.log"]
    assert text.endswith("the last line\n") and text.startswith(line)
    assert len(text) <= MOST_FILE_BYTES


def test_a_full_bundle_takes_no_more() -> None:
    paused: list[None] = []
    many = [Text(f"{number}.txt", "y" * MOST_FILE_BYTES) for number in range(12)]
    texts = unpacked(pack([*many, Text("small.txt", "z")], str.upper, lambda: paused.append(None)))
    assert sum(map(len, texts.values())) <= MOST_BYTES
    assert len(texts) == MOST_BYTES // MOST_FILE_BYTES
    assert texts["0.txt"] == "Y" * MOST_FILE_BYTES
    assert len(paused) > len(texts)


def test_whole_lines_are_cut() -> None:
    content = b"one\ntwo\nthree\n"
    assert cut(content, 14, newest=True) == content
    assert cut(content, 9, newest=True) == b"three\n"
    assert cut(content, 9, newest=False) == b"one\ntwo"


def test_versions_come_without_asking_the_programs(tmp_path: Path) -> None:
    library = tmp_path / "x86_64-linux-gnu" / "libgstreamer-1.0.so.0.2602.0"
    assert versions(tmp_path)["gstreamer"] is None
    library.parent.mkdir()
    library.touch()
    found = versions(tmp_path)
    assert found["gstreamer"] == "1.26.2"
    assert found["bottle"] and found["python"].startswith("3.")
