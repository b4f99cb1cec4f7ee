"""What holds for every role and playbook, read from their files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from streamkit.config import SETTINGS
from tests.conftest import REPOSITORY

ROLES = sorted(path for path in (REPOSITORY / "roles").iterdir() if path.is_dir())
PLAYBOOKS = sorted((REPOSITORY / "playbooks").glob("*.yml"))
TYPES = {bool: "bool", int: "int", float: "float", str: "str"}


def load(path: Path) -> Any:
    """Return a YAML file's content, None where there is no such file."""
    return yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else None


def spec(role: Path, entry: str = "main") -> dict[str, dict[str, Any]]:
    """Return {argument: description} of one entry point of a role."""
    options: dict[str, dict[str, Any]] = load(role / "meta/argument_specs.yml")["argument_specs"][entry].get(
        "options", {}
    )
    return options


def by_name(path: Path) -> str:
    """Name a parameter by the file's own name."""
    return path.name


def test_there_are_roles_and_playbooks() -> None:
    assert {"preflight", "hardware", "plan", "docker", "image", "release", "streamer"} <= {path.name for path in ROLES}
    assert "site.yml" in {path.name for path in PLAYBOOKS}


@pytest.mark.parametrize("role", ROLES, ids=by_name)
def test_arguments_are_either_required_or_have_a_default(role: Path) -> None:
    arguments = spec(role)
    required = {name for name, argument in arguments.items() if argument.get("required")}
    defaults = set(load(role / "defaults/main.yml") or {})
    assert required | defaults == set(arguments)
    assert not required & defaults
    assert all(argument["description"] and argument["type"] for argument in arguments.values())


@pytest.mark.parametrize("role", ROLES, ids=by_name)
def test_arguments_and_variables_carry_the_name_of_their_role(role: Path) -> None:
    names = [*spec(role), *(load(role / "vars/main.yml") or {})]
    assert [name for name in names if not name.startswith(f"{role.name}_")] == []


@pytest.mark.parametrize("role", ROLES, ids=by_name)
def test_roles_never_name_each_other(role: Path) -> None:
    others = "|".join(other.name for other in ROLES if other != role)
    # A role's variables carry its name, so reading another's fact would be naming it.
    named = re.compile(rf"\b(?:{others})_\w+|role:\s|include_role|import_role|roles/")
    found = {
        f"{path.relative_to(role)}: {match[0]}"
        for path in role.rglob("*.yml")
        for match in named.finditer(path.read_text(encoding="utf-8"))
    }
    # The names of settings start with words that are roles here; they are looked up in a dict, not as variables.
    assert {line for line in found if line.split(": ")[1] not in SETTINGS} == set()


@pytest.mark.parametrize("role", ROLES, ids=by_name)
def test_required_arguments_are_wired(role: Path) -> None:
    wiring = load(REPOSITORY / "playbooks/group_vars/all.yml")
    missing = {name for name, argument in spec(role).items() if argument.get("required")} - set(wiring)
    assert missing == set()


def test_nothing_is_wired_that_no_role_takes() -> None:
    taken = {name for role in ROLES for name in spec(role)}
    assert set(load(REPOSITORY / "playbooks/group_vars/all.yml")) - taken == set()


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=by_name)
def test_playbooks_list_roles_only(playbook: Path) -> None:
    for play in load(playbook):
        assert set(play) <= {"name", "hosts", "gather_facts", "become", "roles", "serial"}
        for role in play["roles"]:
            # A role that is listed again says when, and has an argument that tells the two apart.
            assert set(role) <= {"role", "tags", "when", "vars"} and role["role"] in role["tags"]


def test_the_inventory_entry_point_is_the_schema() -> None:
    described = spec(REPOSITORY / "roles/preflight", "inventory")
    assert list(described) == [setting.variable for setting in SETTINGS.values()]
    for setting in SETTINGS.values():
        entry = described[setting.variable]
        assert entry["type"] == TYPES[type(setting.default)], setting.variable
        assert tuple(entry.get("choices", ())) == setting.choices, setting.variable
        assert entry["description"] == setting.help, setting.variable
        assert "default" not in entry, "defaults stand in the schema only"


def test_the_commented_variables_are_settings_at_their_defaults() -> None:
    text = (REPOSITORY / "inventory/group_vars/all.yml").read_text(encoding="utf-8")
    shown = dict(re.findall(r"^# (streamkit_\w+): (.*?)\s+#", text, re.MULTILINE))
    assert len(shown) > 15
    for variable, value in shown.items():
        setting = SETTINGS[variable.removeprefix("streamkit_")]
        assert yaml.safe_load(value) == setting.default, variable
    assert load(REPOSITORY / "inventory/group_vars/all.yml") is None, "as shipped, nothing is set"
