"""bench.yml against this machine with a Docker that is played: what it asks for, what it leaves, what it fetches."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from bench.records import Run, Store
from tests.ansible.test_bad_input import LOCAL
from tests.playbook import recap, run_playbook

pytestmark = pytest.mark.ansible

DOCKER = f"""#!{sys.executable}
import json, pathlib, sys
folder = pathlib.Path(__file__).parent
words = sys.argv[1:]
name = words[-1]
with (folder / "asked").open("a") as stream:
    stream.write(" ".join((words[0], name)) + "\\n")
if words[0] == "info":
    print(json.dumps({{"ServerVersion": "20.10.24", "NCPU": 2}}))
elif words[:2] == ["container", "inspect"] and name != "bare":
    running = (folder / name).exists()
    state = {{"State": {{"Running": running}}, "Config": {{"Image": "streamer:" + name, "Labels": {{}}}}}}
    print(str(running).lower() if "--format" in words else json.dumps([state]))
elif words[:2] == ["image", "inspect"] and name != "streamer:imageless":
    print("sha256:1")
elif words[0] == "stop":
    (folder / name).unlink()
elif words[0] == "start":
    (folder / name).touch()
elif words[0] == "run":
    sys.stderr.write("docker: Error response from daemon: no room for it.\\n")
    sys.exit(125)
else:
    sys.stderr.write("Error: No such container\\n")
    sys.exit(1)
"""
ALLOWED: dict[str, object] = {"streamkit_bench_may_interrupt": True}


def play(folder: Path, hosts: dict[str, dict[str, object]], *words: str) -> CompletedProcess[str]:
    """Run the playbook on hosts that are this machine, each with a container of its name."""
    (folder / "docker").write_text(DOCKER)
    (folder / "docker").chmod(0o755)
    (folder / "chromium").touch()
    (folder / "tmp").mkdir()
    known = {
        name: {
            "streamkit_container_name": name,
            "preflight_build_dir": f"{folder}/build/{name}",
            "bench_out_dir": f"{folder}/out/{name}",
            "bench_host_dir": f"{folder}/host/{name}",
            "bench_chromium": f"{folder}/chromium",
            "bench_pairs": 1,
            "bench_seconds": 3,
            **LOCAL,
            **own,
        }
        for name, own in hosts.items()
    }
    inventory = folder / "hosts.json"
    inventory.write_text(json.dumps({"streamers": {"hosts": known}}))
    path = f"{folder}:{os.environ['PATH']}"
    return run_playbook(
        "-i", inventory, "playbooks/bench.yml", *words, within_s=280, PATH=path, TMPDIR=str(folder / "tmp")
    )


def asked(folder: Path, name: str) -> list[str]:
    """Return what Docker was asked to do with a container, in order."""
    lines = [line.split() for line in (folder / "asked").read_text().splitlines()]
    return [words[0] for words in lines if words[-1] == name and words[0] in ("stop", "start")]


def test_runs_are_fetched_and_hosts_are_left_as_they_were(tmp_path: Path) -> None:
    (tmp_path / "streams").touch()
    # A run during which we lost the connection, and half a line of the one after it.
    left = Run("stream", "after", "lost", 1.0, 5.0, id="another")
    (tmp_path / "host" / "streams").mkdir(parents=True)
    (tmp_path / "host" / "streams" / "records.jsonl").write_text(left.line() + '{"schema_ver')
    hosts: dict[str, dict[str, object]] = {
        "streams": {**ALLOWED, "bench_scenarios": "before,after"},
        "misspelt": {**ALLOWED, "bench_scenarios": "aftre"},
    }
    done = play(tmp_path, hosts)
    said = " ".join((done.stdout + done.stderr).split())
    counts = recap(done.stdout)
    assert {name: counts[name]["failed"] for name in hosts} == {"streams": 0, "misspelt": 1}, said
    assert "There is no scenario 'aftre'; known are after," in said and "Traceback" not in said
    runs = Store(tmp_path / "out" / "streams").read()
    assert sorted((run.scenario, run.status) for run in runs) == [
        ("after", "crashed"),
        ("after", "done"),
        ("before", "crashed"),
    ]
    # This Docker starts nothing: that is a record too, with the reason.
    assert all("cannot be started: no room for it" in str(run.reason) for run in runs if run.status == "crashed")
    assert "3 new runs, 3 in all" in said
    assert asked(tmp_path, "streams") == ["stop", "start"] and (tmp_path / "streams").exists()
    assert list((tmp_path / "tmp").glob("streamkit-bench.*")) == []
    assert list((tmp_path / "host").iterdir()) == []
    assert sum(one["changed"] for one in counts.values()) == 0


def test_what_is_missing_is_said_and_nothing_is_stopped(tmp_path: Path) -> None:
    refused: dict[str, tuple[dict[str, object], str]] = {
        "asleep": ({}, "set streamkit_bench_may_interrupt to true to allow it. It is started again afterwards."),
        "bare": (ALLOWED, "There is no container bare on bare; deploy a release first"),
        "imageless": (ALLOWED, "The image streamer:imageless of imageless is not on imageless any more"),
        "blind": (
            {**ALLOWED, "bench_chromium": "/nowhere/chromium"},
            "or set streamkit_bench_install_chromium to true",
        ),
    }
    done = play(tmp_path, {"whole": ALLOWED, **{name: own for name, (own, _) in refused.items()}}, "--check")
    said = " ".join((done.stdout + done.stderr).split())
    assert [sentence for _, sentence in refused.values() if sentence not in said] == [], said
    counts = recap(done.stdout)
    assert {name for name, one in counts.items() if one["failed"]} == set(refused)
    assert "Would stop whole for up to 60 minutes" in said and not (tmp_path / "out").exists()
    assert [asked(tmp_path, name) for name in counts] == [[]] * 5
