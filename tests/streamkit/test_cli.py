"""The commands as a person or a playbook calls them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import HERE

NO_CARD = str(HERE / "fixtures/hosts/no_card.json")


def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "streamkit", *arguments], input=stdin, capture_output=True, text=True, check=False
    )


def test_help_names_every_command() -> None:
    text = run("--help").stdout
    for command in ("detect", "settings", "check", "plan", "render", "image", "zipapp", "panel"):
        assert command in text


def test_settings_fill_in_defaults_and_keep_what_was_given() -> None:
    done = run("settings", "--json", "--from", "-", stdin='{"streamkit_bitrate_kbps": "5000"}')
    document = json.loads(done.stdout)
    assert document["given"] == {"bitrate_kbps": 5000}
    assert document["settings"]["panel_port"] == 8081


@pytest.mark.parametrize(
    ("stdin", "words"),
    [
        (
            '{"streamkit_bitrate_kbps": -5}',
            "streamkit_bitrate_kbps is -5, which is not allowed; use 0 (the plan chooses)",
        ),
        ('{"streamkit_encodr": "x264"}', "did you mean streamkit_encoder?"),
        ("[]", "holds a list; expected an object"),
        ("{", "is not valid JSON"),
    ],
)
def test_bad_settings_leave_with_2_and_one_sentence(stdin: str, words: str) -> None:
    done = run("settings", "--json", "--from", "-", stdin=stdin)
    assert done.returncode == 2
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1 and done.stdout == ""


def test_plan_render_release_and_again(tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    assert run("plan", "--hardware", NO_CARD, "--out", str(plan)).returncode == 0
    arguments = (
        "render",
        "--all",
        "--hardware",
        NO_CARD,
        "--plan",
        str(plan),
        "--image-tag",
        "t",
        "--out",
        str(tmp_path / "r"),
    )
    first = json.loads(run(*arguments).stdout)
    assert "docker-compose.yml" in first["changed"]
    second = json.loads(run(*arguments).stdout)
    assert second["changed"] == [] and second["release"] == first["release"]


def test_document_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "hardware.json").write_text('{"schema_version": 99}')
    done = run("plan", "--hardware", str(tmp_path / "hardware.json"))
    assert done.returncode == 2 and "written by a newer streamkit" in done.stderr


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"schema_version": 1, "fps": 30}, "holds no settings; give it an object called given"),
        ({"schema_version": 1, "given": {"frames": 30}}, "sets 'frames', which is not a setting"),
        ({"schema_version": 1, "settings": {"fps": "fast"}}, "streamkit_fps is 'fast', which is not allowed"),
    ],
)
def test_settings_that_would_be_passed_over_are_refused(tmp_path: Path, document: dict[str, object], said: str) -> None:
    (tmp_path / "settings.json").write_text(json.dumps(document))
    done = run("plan", "--hardware", NO_CARD, "--settings", str(tmp_path / "settings.json"))
    assert done.returncode == 2 and said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_settings_of_a_release_are_settings(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text('{"schema_version": 1, "settings": {"resolution": "640x360"}}')
    done = run("plan", "--json", "--hardware", NO_CARD, "--settings", str(tmp_path / "settings.json"))
    assert json.loads(done.stdout)["settings"]["resolution"] == "640x360"


def test_image_tag_is_stable_and_the_context_complete(tmp_path: Path) -> None:
    tag = json.loads(run("image", "--json").stdout)["tag"]
    assert json.loads(run("image", "--json", "--out", str(tmp_path)).stdout)["tag"] == tag
    assert (tmp_path / "Dockerfile").exists() and (tmp_path / "streamkit/run/supervisor.py").exists()
    assert not (tmp_path / "streamkit/cli.py").exists()
