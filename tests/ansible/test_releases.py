"""What rollback.yml and remove.yml promise, read from the playbooks and the roles they list."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tests.conftest import REPOSITORY

ROLES = sorted(path for path in (REPOSITORY / "roles").iterdir() if path.is_dir())


def load(path: Path) -> Any:
    """Return a YAML file's content."""
    return yaml.safe_load((REPOSITORY / path).read_text(encoding="utf-8"))


def listed(playbook: str) -> list[dict[str, Any]]:
    """Return the roles of a playbook in their order, all plays together."""
    return [role for play in load(Path(f"playbooks/{playbook}.yml")) for role in play["roles"]]


def removable() -> set[str]:
    """Return the roles that can take back what they did."""
    found = set()
    for role in ROLES:
        options = load(role / "meta/argument_specs.yml")["argument_specs"]["main"].get("options", {})
        if "absent" in options.get(f"{role.name}_state", {}).get("choices", ()):
            found.add(role.name)
    return found


def test_remove_lists_every_role_that_installs() -> None:
    absent = [
        role["role"] for role in listed("remove") if role.get("vars", {}).get(f"{role['role']}_state") == "absent"
    ]
    assert {"streamer", "release", "image", "docker"} <= removable()
    assert set(absent) == removable()
    assert absent[0] == "streamer", "what runs is stopped before its files go"


def test_remove_lists_nothing_that_installs() -> None:
    only_look = {"preflight", "hardware"}
    for role in listed("remove"):
        state = role.get("vars", {}).get(f"{role['role']}_state")
        assert role["role"] in only_look or state in ("absent", "found"), role


def test_rollback_builds_and_brings_nothing() -> None:
    names = [role["role"] for role in listed("rollback")]
    assert names == ["preflight", "docker", "rollback", "streamer"]
    assert listed("rollback")[1]["vars"] == {"docker_state": "found"}


def test_the_old_release_is_not_made_the_newest_by_a_rollback() -> None:
    assert listed("rollback")[-1]["vars"]["streamer_deploys"] is False
    assert load(Path("roles/streamer/defaults/main.yml"))["streamer_deploys"] is True


def test_what_runs_is_started_after_all_that_it_needs() -> None:
    names = [role["role"] for role in listed("site")]
    assert names.index("image") < names.index("release") < names.index("streamer")
