"""The command line: exit codes, what is printed, what is written, and sentences for what is wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import HERE, REPOSITORY

RECORDED = HERE / "bench" / "verify" / "recorded"


def bench(*words: str, given: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as a person does."""
    return subprocess.run(
        [sys.executable, "-m", "bench.cli", *words],
        cwd=REPOSITORY,
        env={**os.environ, **environment},
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_facts_from_a_file_as_a_table(tmp_path: Path) -> None:
    out = tmp_path / "verify.json"
    facts = ("verify", "--facts", str(RECORDED / "hardened.json"), "--browser", "never", "--width", "100")
    done = bench(*facts, "--name", "living-room", "--out", str(out))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("living-room: container gaming-streamer")
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert {row["host"] for row in rows} == {"living-room"} and {row["verdict"] for row in rows} == {"ok", "unknown"}


def test_a_failed_check_is_exit_code_1_and_json_lines_say_which() -> None:
    done = bench("verify", "--facts", str(RECORDED / "bare.json"), "--browser", "never", "--json")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert {"id", "secrets"} <= {row["check"] for row in rows if row["verdict"] == "failed"}
    assert all(row["schema_version"] == 1 and row["seen"] and row["guide"] for row in rows)


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("--facts", "here.json", "--host", "box"), 2, "give one of them"),
        (("--facts", "here.json"), 2, "here.json"),
        (("--facts", "tests/fixtures/hosts/no_card.json"), 2, "holds no facts (container is missing)"),
        (("--host", "-oProxyCommand=true"), 2, "give a host as ssh takes it"),
        (("--container", ""), 2, "--container is empty"),
    ],
)
def test_wrong_words_are_one_sentence(words: tuple[str, ...], code: int, sentence: str) -> None:
    done = bench("verify", *words)
    assert done.returncode == code and sentence in done.stderr
    assert "Traceback" not in done.stderr and len(done.stderr.splitlines()) == 1


def test_without_docker_it_is_unavailable(tmp_path: Path) -> None:
    done = bench("verify", PATH=str(tmp_path))
    assert (done.returncode, done.stderr) == (3, "This machine: docker is not installed here.\n")


def test_a_host_over_ssh_gets_the_program_and_keeps_nothing(tmp_path: Path) -> None:
    # An ssh that runs the command here, as the other side's shell would.
    ssh = tmp_path / "ssh"
    ssh.write_text(
        '#!/bin/sh\nprintf "%s\\n" "$@" >"$(dirname "$0")/words"\nfor last; do :; done\nexec sh -c "$last"\n'
    )
    docker = tmp_path / "docker"
    docker.write_text('#!/bin/sh\ncase $1 in info) echo "{\\"ServerVersion\\": \\"26.1\\"}";; *) exit 1;; esac\n')
    ssh.chmod(0o755)
    docker.chmod(0o755)
    before = set(Path("/tmp").glob("tmp.*"))
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = bench(
        "verify", "--host", "root@box", "--container", "a'b", "--browser", "never", PATH=path, TMPDIR=str(tmp_path)
    )
    assert done.returncode == 1, done.stderr
    assert "root@box: 38 checks: 0 ok, 1 failed" in done.stdout
    assert (tmp_path / "words").read_text().splitlines()[:3] == ["-o", "BatchMode=yes", "root@box"]
    assert set(Path("/tmp").glob("tmp.*")) == before and not list(tmp_path.glob("tmp.*"))


def test_a_host_that_ssh_does_not_reach(tmp_path: Path) -> None:
    ssh = tmp_path / "ssh"
    ssh.write_text("#!/bin/sh\necho 'ssh: connect to host box port 22: No route to host' >&2\nexit 255\n")
    ssh.chmod(0o755)
    done = bench("verify", "--host", "box", PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert (done.returncode, done.stderr) == (
        3,
        "box gave no facts: ssh: connect to host box port 22: No route to host.\n",
    )


def test_help_names_every_option() -> None:
    done = bench("verify", "--help", COLUMNS="120")
    assert done.returncode == 0
    assert all(option in done.stdout for option in ("--container", "--host", "--json", "--browser", "--seconds"))


def test_the_program_on_a_host_needs_nothing_but_python(tmp_path: Path) -> None:
    archive = tmp_path / "streamkit.pyz"
    subprocess.run([sys.executable, "-m", "streamkit", "zipapp", "--out", archive], cwd=REPOSITORY, check=True)
    assert "streamkit/facts/inside.py" in zipfile.ZipFile(archive).namelist()
    alone = [sys.executable, "-I", "-S", str(archive), "facts", "--container", "nobody", "--seconds", "3"]
    done = subprocess.run(alone, capture_output=True, text=True, check=True, env={"PATH": str(tmp_path)})
    assert json.loads(done.stdout)["problems"] == {"docker": "docker is not installed here"}
