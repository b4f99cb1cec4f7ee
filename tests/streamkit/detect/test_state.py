"""What changes from minute to minute on this machine."""

from __future__ import annotations

import socket
from pathlib import Path

from streamkit.config import defaults
from streamkit.detect.state import free_mb, listening, state


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
