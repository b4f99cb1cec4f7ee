"""The one table of systems: what it says, and that what stands elsewhere agrees with it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from streamkit.detect.machine import operating_system
from streamkit.plan.check import problems
from streamkit.plan.systems import SYSTEMS, system_of, titles
from tests.conftest import REPOSITORY, Host, MakeSettings
from tests.streamkit.plan.test_check import STATE

# As the release's package base-files has it.
NOBLE = """\
PRETTY_NAME="Ubuntu 24.04.2 LTS"
NAME="Ubuntu"
VERSION_ID="24.04"
VERSION="24.04.2 LTS (Noble Numbat)"
VERSION_CODENAME=noble
ID=ubuntu
ID_LIKE=debian
HOME_URL="https://www.ubuntu.com/"
SUPPORT_URL="https://help.ubuntu.com/"
BUG_REPORT_URL="https://bugs.launchpad.net/ubuntu/"
PRIVACY_POLICY_URL="https://www.ubuntu.com/legal/terms-and-policies/privacy-policy"
UBUNTU_CODENAME=noble
LOGO=ubuntu-logo
"""


def test_ubuntu_is_taken_by_its_own_words(tmp_path: Path, host: Host, settings: MakeSettings) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/os-release").write_text(NOBLE)
    hardware = {**host("usb_card"), "os": operating_system(tmp_path)}
    assert problems(hardware, STATE, settings()) == []
    found = system_of(hardware)
    assert found is not None
    assert (found.title, found.tried) == ("Ubuntu 24.04", False)
    # The client comes with the daemon, and compose is a plugin of it under a name of its own.
    assert (found.docker, found.compose, found.compose_plugin) == (("docker.io",), ("docker-compose-v2",), True)


@pytest.mark.parametrize(
    ("id_", "version"), [("debian", "11"), ("debian", ""), ("ubuntu", "22.04"), ("raspbian", "12"), ("", "")]
)
def test_other_systems_are_not_in_the_table(id_: str, version: str) -> None:
    assert system_of({"os": {"id": id_, "version": version, "name": ""}}) is None


def test_the_installer_takes_the_same_systems() -> None:
    script = (REPOSITORY / "install.sh").read_text(encoding="utf-8")
    taken = re.search(r"case \"\$id \$version\" in\s+(.*?)\) ;;", script, re.DOTALL)
    assert taken is not None
    assert re.findall(r"'(\S+) (\S+)'", taken[1]) == [(one.id, one.version) for one in SYSTEMS]
    assert f"supported='{titles()}'" in script
