"""Changes at a running supervisor, over its socket: in force at once, and after everything was started again."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from streamkit.documents import read_document, write_document
from tests.streamkit.run.box import DEPLOYED_KEY, Box

URL = "http://server:8080/api/whip"
KEY = "a-key-from-the-panel-4711"


def wait_for_another(box: Box, pid: int) -> dict[str, Any]:
    return box.wait(lambda s: s["stream"]["state"] == "running" and s["stream"]["pid"] != pid)


def test_change_is_in_force_at_once_and_after_everything_was_started_again(box: Box) -> None:
    pid = box.wait_running()["stream"]["pid"]
    reply = box.configure({"bitrate_kbps": "3210", "encoder": "stream-vp9.sh"})
    assert reply == {"ok": True, "version": box.status()["config_version"], "changed": True, "restarted": True}
    assert box.value("bitrate_kbps") == (3210, "override"), "whoever got the answer sees the change"
    status = wait_for_another(box, pid)
    assert (status["stream"]["script"], status["overrides"]) == ("stream-vp9.sh", ["bitrate_kbps", "encoder"])
    assert [one["encoder"] for one in status["scripts"] if one["chosen"]] == ["vp9"]
    assert "target-bitrate=3210000" in (box.run / "words").read_text()
    kept = read_document(box.state / "state.json")
    assert kept == {"schema_version": 1, "settings": {"bitrate_kbps": 3210, "encoder": "vp9"}}
    assert (box.state / "state.json").stat().st_mode & 0o777 == 0o600
    box.restart()
    status = box.wait_running()
    assert box.value("bitrate_kbps") == (3210, "override") and box.value("encoder") == ("vp9", "override")
    assert status["config_version"] == reply["version"]


def test_stream_starts_again_only_for_what_it_depends_on(box: Box) -> None:
    before = box.wait_running()["stream"]
    for asked in ({"changes": {"whep_url": "http://server/whep"}}, {"stream_key": KEY}, {"changes": {"fps": None}}):
        assert box.configure(**asked)["restarted"] is False
        assert box.status()["stream"]["since"] == before["since"], asked
    assert box.configure({"keyframe_interval_s": 2})["restarted"] is True
    wait_for_another(box, before["pid"])


def test_nothing_new_changes_nothing(box: Box) -> None:
    before = box.wait_running()
    reply = box.configure({"fps": None, "encoder": "auto"})
    assert reply == {"ok": True, "version": before["config_version"], "changed": False, "restarted": False}
    assert box.kept() == {}


def test_of_two_people_the_second_is_told_and_loses_nothing(box: Box) -> None:
    seen = box.wait_running()["config_version"]
    first = box.configure({"bitrate_kbps": 3000}, seen)
    assert first["ok"] and first["version"] != seen
    kept = box.kept()
    second = box.configure({"bitrate_kbps": 5000}, seen, stream_key=KEY)
    assert second == {
        "ok": False,
        "why": "stale",
        "error": "Somebody else changed the settings meanwhile; look at them again.",
        "version": first["version"],
    }
    assert box.kept() == kept and box.value("bitrate_kbps") == (3000, "override")
    assert box.configure({"bitrate_kbps": 5000}, second["version"])["ok"]


def test_change_made_on_the_disk_is_told_as_well(box: Box) -> None:
    seen = box.wait_running()["config_version"]
    write_document(box.state / "state.json", {"settings": {"fps": "25"}})
    reply = box.configure({"bitrate_kbps": 5000}, seen)
    assert reply["why"] == "stale"
    assert box.wait(lambda s: s["config_version"] == reply["version"])["overrides"] == ["fps"]


def test_refusal_changes_nothing_and_restarts_nothing(box: Box) -> None:
    before = box.wait_running()
    reply = box.configure({"bitrate_kbps": 5000, "fps": "fast"}, stream_key=KEY)
    assert not reply["ok"] and list(reply["fields"]) == ["fps"]
    assert reply["error"].startswith("streamkit_fps is 'fast', which is not allowed; use auto, a whole number")
    assert box.kept() == {}
    after = box.status()
    assert (after["stream"], after["config_version"]) == (before["stream"], before["config_version"])


def test_stopped_stream_takes_a_change_and_stays_stopped(box: Box) -> None:
    box.wait_running()
    box.ask("stop")
    box.wait(lambda s: s["stream"]["state"] == "stopped")
    assert box.configure({"bitrate_kbps": 5000})["restarted"] is False
    assert box.status()["stream"]["state"] == "stopped"
    box.ask("start")
    box.wait_running()
    assert "bitrate=5000" in (box.run / "words").read_text()


def test_stream_that_fails_is_tried_at_once_with_a_change(box: Box) -> None:
    pid = box.wait_running()["stream"]["pid"]
    (box.run / "crash").touch()
    box.ask("restart")
    box.wait(lambda s: s["stream"]["restarts"] >= 4, within_s=20)
    (box.run / "crash").unlink()
    assert box.configure({"bitrate_kbps": 5000})["restarted"] is True
    wait_for_another(box, pid)


def test_place_that_cannot_be_written_leaves_the_stream_as_it_was(box: Box) -> None:
    before = box.wait_running()
    (box.state / ".state.json.new").mkdir()
    reply = box.configure({"bitrate_kbps": 5000}, stream_key=KEY)
    assert reply["why"] == "unable" and reply["error"].startswith(
        f"Nothing was changed: {box.state} cannot be written ("
    )
    assert [path.name for path in box.state.iterdir()] == [".state.json.new"]
    after = box.status()
    assert (after["stream"], after["config_version"]) == (before["stream"], before["config_version"])


@pytest.fixture
def publishing(make_box: Callable[..., Box]) -> Box:
    """A box that publishes to a server, with the deployment's key."""
    return make_box("no_card", publish="whip", server_url=URL)


def environments(box: Box) -> str:
    """Command lines and environments of the supervisor and of all that it started."""
    status = box.status()
    pids = [box.process.pid, *(status[name]["pid"] for name in ("stream", "panel", "poller") if status[name])]
    return "\n".join(
        Path(f"/proc/{pid}/{name}").read_bytes().decode("utf-8", "replace").replace("\0", " ")
        for pid in pids
        for name in ("cmdline", "environ")
    )


def test_key_from_the_panel_is_used_and_shown_nowhere(publishing: Box) -> None:
    box = publishing
    pid = box.wait_running()["stream"]["pid"]
    replies = [box.configure(stream_key=f" {KEY} \n")]
    assert replies[0]["restarted"] is True
    assert box.status()["key_origin"] == "panel"
    pid = wait_for_another(box, pid)["stream"]["pid"]
    path = box.state / "stream_key"
    assert (path.read_text(), path.stat().st_mode & 0o777) == (KEY + "\n", 0o600)
    assert f"STREAM_KEY_FILE={path}" in environments(box)
    replies += [box.configure({"fps": "x"}, stream_key=KEY), box.configure(stream_key=KEY + " x")]
    replies += [box.configure(stream_key="another-key-4712"), box.configure(stream_key=KEY, version="stale")]
    assert [reply["ok"] for reply in replies] == [True, False, False, True, False]
    pid = wait_for_another(box, pid)["stream"]["pid"]
    places = {str(path): path.read_text() for path in box.run.iterdir() if path.is_file()}
    places |= {"log": box.said(), "processes": environments(box), "replies": json.dumps(replies)}
    for place, text in places.items():
        for secret in (KEY, "another-key-4712", DEPLOYED_KEY):
            assert secret not in text, place
    assert "changed in the panel: the stream key" in places["log"]
    assert box.configure(stream_key="")["restarted"] is True
    wait_for_another(box, pid)
    assert not path.exists() and box.status()["key_origin"] == "deployment"
    assert f"STREAM_KEY_FILE={box.secrets}/stream_key" in environments(box)


def test_key_that_a_deployment_replaces_is_taken_by_apply(publishing: Box) -> None:
    box = publishing
    pid = box.wait_running()["stream"]["pid"]
    (box.secrets / "stream_key").write_text("another")
    assert box.ask("apply")["changed"] is True
    wait_for_another(box, pid)


def test_poller_asks_the_server_that_is_in_force(publishing: Box) -> None:
    box = publishing
    status = box.wait(lambda s: s["poller"] and s["poller"]["state"] == "running")
    assert box.configure({"server_url": "http://other:8080/api/whip"})["ok"]
    pid = status["poller"]["pid"]
    box.wait(lambda s: s["poller"]["state"] == "running" and s["poller"]["pid"] != pid)
    assert "SERVER_URL=http://other:8080/api/whip" in environments(box)
    assert box.configure({"publish": "whep"})["ok"]
    box.wait(lambda s: s["poller"] is None and s["publish"] == "whep")


def test_apply_says_that_changes_are_not_in_force(make_box: Callable[..., Box]) -> None:
    box = make_box("no_card", network="bridge", publish="whip", server_url=URL)
    pid = box.wait_running()["stream"]["pid"]
    assert "note" not in box.ask("apply")
    write_document(box.state / "state.json", {"settings": {"publish": "whep"}})
    reply = box.ask("apply")
    assert reply["ok"] and reply["changed"] is False
    assert reply["note"].startswith(
        "Changes made in the panel are not in force: streamkit_publish cannot become 'whep'"
    )
    status = box.wait(lambda s: s["overrides_note"] == reply["note"])
    assert (status["publish"], status["overrides"], status["stream"]["pid"]) == ("whip", ["publish"], pid)
    assert reply["note"] in box.said()
    assert "bridge network" in box.configure({"publish": "whep"})["fields"]["publish"]
    assert box.configure({"publish": None})["ok"]
    assert box.status()["overrides_note"] == "" and "Changes made in the panel are in force." in box.said()


def test_rubbish_on_the_socket_costs_nothing(box: Box) -> None:
    pid = box.wait_running()["stream"]["pid"]
    several: tuple[Any, ...] = ({}, [], "x", 1, None, {"fps": [[[]]]})
    for rubbish in several:
        assert not box.configure(rubbish, version="")["ok"]
    assert not box.configure({"fps": "\0"})["ok"] and not box.configure({"server_url": "http://h/\ud800"})["ok"]
    nested = "[" * 30_000
    assert "Unknown command" in send(box, nested)
    assert "Unknown command" in send(box, json.dumps({"command": "\ud800" * 2000}))
    os.kill(pid, 0)
    assert box.status()["stream"]["pid"] == pid and box.process.poll() is None


def send(box: Box, text: str) -> str:
    """Send one line as it is; return the answer's."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(10)
        connection.connect(str(box.run / "control.sock"))
        connection.sendall(text.encode() + b"\n")
        return connection.makefile().readline()
