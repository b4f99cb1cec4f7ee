"""The guide's checks on a deployed machine with systemd, by the playbook that people use for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from streamkit.install.image import image_tag
from tests.machines.machine import VirtualMachine
from tests.playbook import run_playbook
from tests.system.capture_machine import VM_SETTINGS
from tests.system.streamer import Streamer
from tests.system.test_vm_card import streams_from, wait

pytestmark = [pytest.mark.vm, pytest.mark.timeout(3600)]

BY_THE_CLOCK = {"cpu", "answers", "updates"}
"""What an emulated processor decides, ten times slower than one: those figures are reported, and say nothing."""


def test_machine_holds_against_the_guide(
    machine: VirtualMachine, capturing: Streamer, report: dict[str, object], tmp_path: Path
) -> None:
    wait(capturing, streams_from("v4l2"))
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(machine.login.inventory())
    given = {**VM_SETTINGS, "preflight_build_dir": str(tmp_path / "build"), "verify_browser": "never"}
    words = ("-i", inventory, "playbooks/verify.yml", "-e", json.dumps(given))
    done = run_playbook(*words, within_s=600)
    said = done.stdout + done.stderr
    assert capturing.token not in said
    rows = [json.loads(line) for line in (tmp_path / "build" / "verify.json").read_text().splitlines()]
    report["vm_verify"] = {row["check"]: [row["verdict"], row["seen"]] for row in rows}
    assert len(rows) > 30, said[-6000:]
    failed = {row["check"] for row in rows if row["verdict"] == "failed"}
    assert failed <= BY_THE_CLOCK, said[-6000:]
    assert (done.returncode != 0) == bool(failed), said[-3000:]
    assert capturing.inspect()["Config"]["Image"].endswith(image_tag())
