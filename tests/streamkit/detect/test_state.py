"""What changes from minute to minute on this machine."""

from __future__ import annotations

import json
import socket
from pathlib import Path

from streamkit.config import defaults
from streamkit.detect.state import free_mb, listening, panel_changes, state


def test_listening_port_names_the_process() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        (entry,) = [entry for entry in listening(Path("/")) if entry["port"] == port]
    assert entry["process"]


def test_free_space_of_a_path_that_does_not_exist_yet(tmp_path: Path) -> None:
    assert free_mb(tmp_path / "a/b/c") == free_mb(tmp_path)


def test_state_says_whether_a_named_device_is_there() -> None:
    values = defaults()
    assert state(Path("/"), {**values, "video_device": "/dev/null"})["devices"] == {"video_device": True}
    assert state(Path("/"), {**values, "video_device": "/dev/video77"})["devices"] == {"video_device": False}


def test_what_the_panel_changed_is_named_and_the_key_is_not_shown(tmp_path: Path) -> None:
    folder = tmp_path / "var/lib/streamkit"
    assert panel_changes(tmp_path, "/var/lib/streamkit") == []
    folder.mkdir(parents=True)
    (folder / "stream_key").write_text("secret")
    assert panel_changes(tmp_path, "/var/lib/streamkit") == ["stream_key"]
    (folder / "state.json").write_text(json.dumps({"settings": {"fps": "25", "encoder": "vp9"}}))
    assert panel_changes(tmp_path, "/var/lib/streamkit") == ["encoder", "fps", "stream_key"]
    for broken in ("{", "[]", '{"settings": 1}'):
        (folder / "state.json").write_text(broken)
        assert panel_changes(tmp_path, "/var/lib/streamkit") is None
