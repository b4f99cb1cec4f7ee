"""The whole document from a Docker that is played: what is asked, what is missing, and what is never passed on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from streamkit.docker_command import NotAnsweredError
from streamkit.facts.collect import collect

SECRET = "the-secret-of-this-host"


class Docker:
    """Answers by the first words of the command; what has no answer fails."""

    def __init__(self, folder: Path, running: bool = True) -> None:
        process = {"pid": 1, "ppid": 0, "words": ["run", SECRET], "environment": [f"STREAM_KEY={SECRET}"], "uid": "0"}
        mounts = [
            {"Type": "bind", "Source": str(folder / "opt"), "Destination": "/opt/streamkit"},
            {"Type": "bind", "Source": str(folder / "secrets"), "Destination": "/run/secrets"},
            {"Type": "bind", "Source": str(folder / "state"), "Destination": "/var/lib/streamkit"},
        ]
        inspected = {
            "Image": "sha256:1",
            "State": {"Running": running, "Status": "running" if running else "exited"},
            "Config": {"Env": [f"STREAM_KEY={SECRET}"], "Labels": {"com.docker.compose.project": "box"}},
            "HostConfig": {"NetworkMode": "none"},
            "Mounts": mounts,
        }
        row = {"Names": "box", "State": "running", "Status": "Up 2 hours", "Labels": SECRET}
        self.answers = {
            "info": {"ServerVersion": "26.1", "NCPU": 2, "ID": "not passed on"},
            "container inspect": [inspected],
            "image inspect": [{"Size": 1, "Config": {}}],
            "exec --interactive": {"at_s": 1.0, "processes": [process], "supervisor": None},
            "ps": row,
            "stats": {"CPUPerc": "5.00%"},
        }
        self.asked: list[str] = []

    def __call__(self, words: Sequence[str], given: str = "") -> str:
        line = " ".join(words)
        self.asked.append(line)
        if line.startswith("logs"):
            return f"one\ntwo {SECRET}\n"
        for begin, answer in self.answers.items():
            if line.startswith(begin):
                return json.dumps(answer)
        raise NotAnsweredError(f"no answer to {words[0]}")


def made(folder: Path) -> Path:
    """Make a release and a secret."""
    (folder / "opt" / "current").mkdir(parents=True)
    (folder / "opt" / "current" / "settings.json").write_text(json.dumps({"settings": {"server_url": SECRET}}))
    (folder / "secrets").mkdir()
    (folder / "secrets" / "stream_key").write_text(SECRET)
    return folder


def test_secrets_are_found_everywhere_and_passed_on_nowhere(tmp_path: Path) -> None:
    facts = collect("box", 1.0, Docker(made(tmp_path)))
    assert {entry["place"] for entry in facts["secrets"]["found"]} == {
        "docker inspect",
        "docker logs",
        "the command line of process 1",
        "the environment of process 1",
        "the release's settings.json",
    }
    assert facts["secrets"]["variables"] == ["STREAM_KEY"]
    assert SECRET not in json.dumps(facts)
    assert "environment" not in facts["after"]["processes"][0]


def test_key_that_was_set_in_the_panel_is_looked_for_as_well(tmp_path: Path) -> None:
    folder = made(tmp_path)
    (folder / "secrets" / "stream_key").write_text("the-key-of-the-deployment")
    (folder / "state").mkdir()
    key = folder / "state" / "stream_key"
    key.write_text(SECRET)
    key.chmod(0o600)
    facts = collect("box", 1.0, Docker(folder))
    assert {"secret": "stream_key of the panel", "place": "docker logs"} in facts["secrets"]["found"]
    assert SECRET not in json.dumps(facts)
    told = next(entry for entry in facts["secrets"]["files"] if entry["name"] == "stream_key of the panel")
    assert told == {"name": told["name"], "problem": None, "mode": "0600", "uid": key.stat().st_uid}


def test_what_fails_is_named_and_the_rest_is_there(tmp_path: Path) -> None:
    facts = collect("box", 1.0, Docker(made(tmp_path)))
    assert facts["problems"] == {"id": "no answer to exec"}
    assert facts["docker"] == {
        "ServerVersion": "26.1",
        "NCPU": 2,
        **dict.fromkeys(("MemTotal", "SecurityOptions", "CgroupVersion", "OperatingSystem")),
    }
    assert facts["services"] == [{"name": "box", "state": "running", "status": "Up 2 hours"}]
    assert (facts["panel"], facts["logs"]) == (None, {"lines": 2})


def test_of_a_stopped_container_only_what_lies_there_is_asked(tmp_path: Path) -> None:
    docker = Docker(made(tmp_path), running=False)
    facts = collect("box", 1.0, docker)
    assert not [line for line in docker.asked if line.startswith(("exec", "stats"))]
    assert facts["release"]["settings"] and facts["after"] is None


def test_no_container_and_no_docker(tmp_path: Path) -> None:
    docker = Docker(tmp_path)
    del docker.answers["container inspect"]
    facts = collect("box", 1.0, docker)
    assert (facts["inspect"], facts["problems"]) == (None, {"inspect": "no answer to container"})
    del docker.answers["info"]
    facts = collect("box", 1.0, docker)
    assert (facts["docker"], facts["problems"]) == (None, {"docker": "no answer to info"})
