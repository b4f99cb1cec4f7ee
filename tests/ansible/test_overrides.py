"""What a deployment tells of changes made in the panel, and how it takes them back; and that removal leaves none."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from streamkit.documents import write_document
from tests.conftest import REPOSITORY
from tests.playbook import recap, run_playbook

pytestmark = pytest.mark.ansible

PROGRAM = REPOSITORY / "roles/release/files/overrides.py"
KEY = "a-key-from-the-panel-4711"
TOLD = "Changed in the panel, and in force until streamkit_reset_overrides is true for one run:"


def told(state: Path, inventory: dict[str, Any]) -> list[str]:
    """Run the program as the role does; return its lines."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", PROGRAM.read_text(), state],
        input=json.dumps(inventory),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == "" and KEY not in done.stdout
    return done.stdout.splitlines()


def test_only_what_differs_from_the_inventory_is_told(tmp_path: Path) -> None:
    assert told(tmp_path, {}) == [] and told(tmp_path / "none", {}) == []
    write_document(tmp_path / "state.json", {"settings": {"fps": "25", "bitrate_kbps": 4000, "encoder": "vp9"}})
    (tmp_path / "stream_key").write_text(KEY)
    assert told(tmp_path, {"fps": "25", "bitrate_kbps": 3000}) == [
        "bitrate_kbps is 4000 there and 3000 here",
        "encoder is vp9 there and not set here",
        "the stream key is one that was set there",
    ]


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"settings": []}', "\udcff"])
def test_file_that_cannot_be_read_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "state.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert told(tmp_path, {}) == ["state.json cannot be read, so what it holds is not in force"]


class Host:
    """This machine with a folder in the place of the panel's."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.state = folder / "own" / "state"
        self.state.mkdir(parents=True)
        write_document(self.state / "state.json", {"settings": {"bitrate_kbps": 4000}}, 0o600)
        for name in ("stream_key", ".stream_key.before"):
            (self.state / name).write_text(KEY)

    def play(self, tasks: str, **given: Any) -> tuple[str, int]:
        """Play one file of the role's tasks; return (what it said, how many tasks changed something)."""
        own = self._folder / "own"
        values = {
            "release_install_dir": str(own / "opt"),
            "release_state_dir": str(self.state),
            "release_secrets_dir": str(own / "streamkit" / "secrets"),
            "ansible_connection": "local",
            "ansible_python_interpreter": "/usr/bin/python3",
            **given,
        }
        role = {"ansible.builtin.include_role": {"name": "release", "tasks_from": tasks, "rolespec_validate": False}}
        play = [{"hosts": "localhost", "gather_facts": False, "tasks": [role]}]
        (self._folder / "play.yml").write_text(json.dumps(play))
        done = run_playbook(self._folder / "play.yml", "-e", json.dumps(values), within_s=240)
        counts = recap(done.stdout).get("localhost", {})
        assert done.returncode == 0 and counts.get("failed") == 0, done.stdout + done.stderr
        assert KEY not in done.stdout + done.stderr
        return " ".join(done.stdout.split()), counts["changed"]


def test_a_deployment_tells_what_the_panel_changed_and_takes_it_back_when_asked(tmp_path: Path) -> None:
    host = Host(tmp_path)
    before = {path.name: path.read_bytes() for path in host.state.iterdir()}
    said, changed = host.play("overrides.yml", release_inventory={"bitrate_kbps": 3000, "cpus": 2.0})
    assert f"{TOLD} bitrate_kbps is 4000 there and 3000 here; the stream key is one that was set there." in said
    assert changed == 0 and {path.name: path.read_bytes() for path in host.state.iterdir()} == before
    said, changed = host.play("overrides.yml", release_reset_overrides=True)
    assert TOLD not in said and (changed, list(host.state.iterdir())) == (1, [])


def test_removal_leaves_nothing_of_the_panel(tmp_path: Path) -> None:
    host = Host(tmp_path)
    host.play("absent.yml")
    assert not host.state.exists()
