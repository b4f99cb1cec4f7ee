"""The tuning role, played with this machine's Ansible on a folder that looks like a host's root directory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from streamkit.detect.tuning import BEFORE_FILE, TUNED_FILES, look
from streamkit.documents import write_document
from streamkit.install.zipapp import write_zipapp
from tests.conftest import REPOSITORY, Host
from tests.playbook import recap, run_playbook
from tests.streamkit.detect.trees import link, put

pytestmark = pytest.mark.ansible

CARD = "sys/devices/pci0000:00/0000:00:14.0/usb2/2-1"
CLOCK = "sys/devices/system/cpu/cpufreq/policy0/scaling_governor"


class Miniature:
    """A root directory, and the role played on it."""

    def __init__(self, folder: Path, hardware: dict[str, Any]) -> None:
        self.root = folder / "root"
        self._folder = folder
        write_document(folder / "hardware.json", hardware)
        write_document(folder / "settings.json", {"given": {}})
        write_zipapp(folder / "streamkit.pyz")
        put(self.root, CLOCK, "powersave\n")
        put(self.root, CLOCK.replace("governor", "available_governors"), "performance powersave\n")
        for name in ("rmem_max", "wmem_max", "rmem_default", "wmem_default"):
            put(self.root, f"proc/sys/net/core/{name}", "212992\n")
        for name, text in {"idVendor": "534d", "idProduct": "2109", "power/control": "auto"}.items():
            put(self.root, f"{CARD}/{name}", f"{text}\n")
        link(self.root, "sys/bus/usb/devices/2-1", CARD)
        (self.root / "run/systemd/system").mkdir(parents=True)

    def play(self, state: str, *words: str) -> tuple[str, int]:
        """Play the role; return (what it said, how many tasks changed something)."""
        given = {
            "tuning_state": state,
            "tuning_project_dir": str(REPOSITORY),
            "tuning_build_dir": str(self._folder),
            "tuning_program": str(self._folder / "streamkit.pyz"),
            "tuning_root": str(self.root),
            "ansible_connection": "local",
            "ansible_python_interpreter": "/usr/bin/python3",
        }
        play = [{"hosts": "localhost", "gather_facts": False, "roles": ["tuning"]}]
        (self._folder / "play.yml").write_text(json.dumps(play))
        done = run_playbook(self._folder / "play.yml", "-e", json.dumps(given), *words, within_s=240)
        counts = recap(done.stdout).get("localhost", {})
        assert done.returncode == 0 and counts.get("failed") == 0, done.stdout + done.stderr
        return done.stdout, counts["changed"]

    def files(self) -> dict[str, str]:
        """Return every file's content, and where every link leads, by its path."""
        return {
            str(path.relative_to(self.root)): f"-> {path.readlink()}" if path.is_symlink() else path.read_text()
            for path in sorted(self.root.rglob("*"))
            if path.is_symlink() or path.is_file()
        }


def test_a_host_is_tuned_and_given_back(tmp_path: Path, host: Host) -> None:
    box = Miniature(tmp_path, host("usb_card"))
    fresh = box.files()

    said, changed = box.play("present", "--check", "--diff")
    assert (changed, box.files()) == (1, fresh), "a look changes nothing"
    assert "-powersave\n+performance\n" in said and "+net.core.wmem_max = 2097152\n" in said
    assert "Would be so after a run without --check:" in said

    said, changed = box.play("present")
    assert changed == 1 and "USB power: the capture card 534d:2109 stays awake (before: auto)." in said
    tuned = box.files()
    assert (tuned[CLOCK], tuned[f"{CARD}/power/control"]) == ("performance\n", "on\n")
    assert tuned[TUNED_FILES["wanted"].lstrip("/")] == f"-> {TUNED_FILES['unit']}"
    assert {f"/{path}" for path in set(tuned) - set(fresh)} == {*TUNED_FILES.values(), BEFORE_FILE}

    said, changed = box.play("present", "--check", "--diff")
    assert changed == 0 and "Would" not in said and "+++" not in said

    # Killed after what was there had been stored, and before anything else: the next run goes on, or back.
    for path, text in fresh.items():
        if text != tuned[path]:
            (box.root / path).write_text(text)
    (box.root / TUNED_FILES["unit"].lstrip("/")).unlink()
    _, changed = box.play("present")
    assert (changed, box.files()) == (1, tuned)

    said, changed = box.play("absent", "--diff")
    assert (changed, box.files()) == (1, fresh)
    assert not (box.root / BEFORE_FILE.lstrip("/")).parent.exists()
    assert look(box.root)["before"] is None
