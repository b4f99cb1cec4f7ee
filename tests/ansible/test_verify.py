"""verify.yml against this machine with a Docker that is played: tables of all hosts first, then what failed."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import pytest

from tests.ansible.test_bad_input import LOCAL
from tests.conftest import HERE
from tests.playbook import recap, run_playbook

pytestmark = pytest.mark.ansible

RECORDED = HERE / "bench" / "verify" / "recorded"
DOCKER = f"""#!{sys.executable}
import json, sys
words = sys.argv[1:]
if words[0] == "info":
    print(json.dumps({{"ServerVersion": "20.10.24", "NCPU": 2}}))
elif words[:2] == ["container", "inspect"]:
    facts = json.load(open("{RECORDED}/" + words[2] + ".json"))
    facts["inspect"]["State"].update(Running=False, Status="exited")
    facts["inspect"]["Mounts"] = []
    print(json.dumps([facts["inspect"]]))
elif words[:2] == ["image", "inspect"]:
    print(json.dumps([json.load(open("{RECORDED}/hardened.json"))["image"]]))
else:
    sys.exit("no answer")
"""


def test_every_table_is_printed_before_the_run_fails(tmp_path: Path) -> None:
    (tmp_path / "docker").write_text(DOCKER)
    (tmp_path / "docker").chmod(0o755)
    (tmp_path / "secrets").mkdir()
    token = "the-token-of-this-panel"
    (tmp_path / "secrets" / "panel_token").write_text(token)
    hosts = {
        name: {**LOCAL, "streamkit_container_name": name, "preflight_build_dir": f"{tmp_path}/build/{name}"}
        for name in ("hardened", "bare")
    }
    variables = {
        "streamkit_secrets_dir": str(tmp_path / "secrets"),
        "verify_seconds": 3,
        "verify_width": 100,
    }
    inventory = tmp_path / "hosts.json"
    inventory.write_text(json.dumps({"streamers": {"hosts": hosts, "vars": variables}}))
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = run_playbook("-vvv", "-i", inventory, "playbooks/verify.yml", within_s=240, PATH=path)
    said = done.stdout + done.stderr
    assert done.returncode != 0, said[-3000:]
    assert token not in said
    positions = [said.index(text) for text in ("hardened: container hardened", "bare: container bare")]
    failing = said.index("is not as promised")
    assert max(positions) < failing
    # Both containers have ended; the one that was never hardened has more to answer for.
    assert re.search(r"bare is not as promised: .*Capabilities", " ".join(said.split()))
    for name in hosts:
        rows = [json.loads(line) for line in (tmp_path / "build" / name / "verify.json").read_text().splitlines()]
        assert {row["host"] for row in rows} == {name}
        assert "container" in {row["check"] for row in rows if row["verdict"] == "failed"}
        assert token not in (tmp_path / "build" / name / "facts.json").read_text()
    assert recap(done.stdout)["hardened"]["changed"] == 0
