"""One run of site.yml for a fleet: what it said, how long it took, what it weighed, and what any process list showed."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conftest import REPOSITORY
from tests.playbook import PLAYBOOK, VAULT, environment, recap

PROFILE: Mapping[str, Any] = {
    # Small enough for twenty on two processors.
    "streamkit_resolution": "160x90",
    "streamkit_fps": "5",
    "streamkit_encoder": "x264",
    "streamkit_bitrate_kbps": 100,
    "streamkit_source": "test",
    "streamkit_probe": "never",
    "streamkit_memory_mb": 512,
}
LOOK_S = 0.5


@dataclass
class Play:
    """One run: exit code, what it printed, seconds, peak memory of ansible-playbook and its children in MB.

    Memory is their proportional share (PSS in /proc/<pid>/smaps_rollup, proc_pid_smaps(5)): Ansible's workers are forks
    that share most pages, and resident sizes would count those once for each.
    """

    code: int
    output: str
    seconds: float
    peak_mb: float
    command_lines: set[str] = field(default_factory=set)

    @property
    def recap(self) -> dict[str, dict[str, int]]:
        """{host: {counter: number}}"""
        return recap(self.output)

    @property
    def summary(self) -> str:
        """What stands below the recap."""
        return self.output.rpartition("PLAY RECAP")[2].partition("\n\n")[2].strip()


def play(folder: Path, hosts: Mapping[str, Mapping[str, Any]], *words: str) -> Play:
    """Run site.yml for these hosts; what it leaves on this machine goes to ``folder``."""
    # Beside each host: what stands with the group loses against the playbook's own wiring.
    places = {
        "preflight_build_dir": f"{folder}/build/{{{{ inventory_hostname }}}}",
        "image_cache": f"{folder}/images",
    }
    placed = {name: {**places, **own} for name, own in hosts.items()}
    inventory = folder / "hosts.json"
    inventory.write_text(json.dumps({"streamers": {"hosts": placed, "vars": dict(PROFILE)}}, indent=1))
    began = time.monotonic()
    said = folder / f"output-{len(list(folder.glob('output-*')))}.txt"
    with said.open("w") as stream:
        process = subprocess.Popen(
            [PLAYBOOK, "-i", inventory, "playbooks/site.yml", *words],
            cwd=REPOSITORY,
            env=environment(COLUMNS="120"),
            stdout=stream,
            stderr=stream,
        )
        peak_kb, lines = 0, set()
        try:
            while process.poll() is None:
                seen = _tree(process.pid)
                peak_kb = max(peak_kb, sum(_share_kb(pid) for pid in seen))
                # Every process of this machine: those in the hosts' containers are among them.
                lines |= {_command_line(entry.name) for entry in Path("/proc").glob("[0-9]*")}
                time.sleep(LOOK_S)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(30)
    return Play(process.returncode, said.read_text(), time.monotonic() - began, peak_kb / 1000, lines)


def _tree(root: int) -> list[int]:
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # ended meanwhile
        parents.setdefault(parent, []).append(int(entry.name))
    found, ahead = [], [root]
    while ahead:
        found.append(ahead.pop())
        ahead += parents.get(found[-1], [])
    return found


def _share_kb(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0  # ended meanwhile
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) if found else 0


def _command_line(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def holding(folder: Path, secret: str) -> list[Path]:
    """Return the files below ``folder`` that hold the secret."""
    return [path for path in folder.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]


def vaulted(folder: Path, secret: str) -> tuple[dict[str, Any], Sequence[str]]:
    """Return (the secret as an inventory in JSON holds it, the words that let ansible-playbook read it)."""
    password = folder / "vault-password"
    password.write_text("only for this test\n")
    opened = ("--vault-password-file", str(password))
    words: list[str | Path] = [VAULT, "encrypt_string", *opened, "--stdin-name", "key"]
    done = subprocess.run(words, input=secret, capture_output=True, text=True, check=True)
    lines = done.stdout.partition("|")[2].strip().splitlines()
    return {"__ansible_vault": "\n".join(line.strip() for line in lines) + "\n"}, opened
