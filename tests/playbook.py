"""How tests run a playbook: this checkout's Ansible, from a checkout, with words; and what its recap says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.conftest import REPOSITORY

PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")
VAULT = Path(sys.executable).with_name("ansible-vault")


def environment(checkout: Path = REPOSITORY, **more: str) -> dict[str, str]:
    """Return the environment of a run from a checkout's folder."""
    return {**os.environ, "ANSIBLE_CONFIG": str(checkout / "ansible.cfg"), "LC_ALL": "C.UTF-8", **more}


def run_playbook(
    *words: str | Path, within_s: float, checkout: Path = REPOSITORY, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run ``ansible-playbook`` with words to its end, whatever that is; ``more`` are further environment variables."""
    return subprocess.run(
        [PLAYBOOK, *words],
        cwd=checkout,
        env=environment(checkout, **more),
        capture_output=True,
        text=True,
        check=False,
        timeout=within_s,
    )


def recap(said: str) -> dict[str, dict[str, int]]:
    """Return {host: {counter: number}} of what a run printed."""
    return {
        name: {counter: int(number) for counter, number in re.findall(r"(\w+)=(\d+)", counts)}
        for name, counts in re.findall(r"^(\S+)\s+: (ok=.*)$", said, re.MULTILINE)
    }
