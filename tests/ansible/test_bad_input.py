"""Bad input stops a real ``ansible-playbook`` with one sentence, before anything on the host is touched.

The roles that only read run against this machine, over Ansible's local connection; as on any host, they need root.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.playbook import recap, run_playbook

pytestmark = pytest.mark.ansible

LOCAL: Mapping[str, Any] = {"ansible_connection": "local", "ansible_python_interpreter": "/usr/bin/python3"}


@dataclass(frozen=True)
class Run:
    """One run of the playbook: its exit code, its words with line breaks undone, and {host: {counter: number}}."""

    code: int
    said: str
    recap: dict[str, dict[str, int]]


class Site:
    """site.yml's read-only stages for hosts that are all this machine."""

    def __init__(self, folder: Path) -> None:
        self.install_dir = folder / "opt"
        self.state_dir = folder / "state"
        self.secrets_dir = folder / "secrets"
        self._folder = folder

    def run(self, *, hosts: Mapping[str, Mapping[str, Any]] | None = None, **variables: Any) -> Run:
        """Run for ``hosts`` (their variables by name; one local host without), ``variables`` holding for all."""
        inventory = {
            "streamers": {
                "hosts": {name: {**LOCAL, **own} for name, own in (hosts or {"box": {}}).items()},
                "vars": {
                    # A name and ports that nothing on this machine uses, so that only what a test asks for is wrong.
                    "streamkit_container_name": "streamkit-test-bad-input",
                    "streamkit_panel_port": free_port(),
                    "streamkit_whep_port": free_port(),
                    "streamkit_install_dir": str(self.install_dir),
                    "streamkit_state_dir": str(self.state_dir),
                    "streamkit_secrets_dir": str(self.secrets_dir),
                    "preflight_build_dir": f"{self._folder}/build/{{{{ inventory_hostname }}}}",
                    **variables,
                },
            }
        }
        file = self._folder / "hosts.json"
        file.write_text(json.dumps(inventory), encoding="utf-8")
        done = run_playbook("-i", file, "playbooks/site.yml", "--tags", "preflight,hardware,plan", within_s=240)
        return Run(done.returncode, " ".join((done.stdout + done.stderr).split()), recap(done.stdout))

    def assert_untouched(self) -> None:
        """Fail where anything of a deployment is there."""
        assert [path for path in (self.install_dir, self.state_dir, self.secrets_dir) if path.exists()] == []


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site whose every place lies in a folder of its own."""
    assert os.geteuid() == 0, "Ansible provisions as root; run this suite as root"
    return Site(tmp_path)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def assert_stopped(run: Run, *words: str) -> None:
    """Fail unless the run failed with all of the words in what it said."""
    assert run.code not in (0, None)
    assert [word for word in words if word not in run.said] == [], run.said
    assert "Traceback" not in run.said
    assert sum(counts["changed"] for counts in run.recap.values()) == 0


def test_good_input_passes_and_still_touches_nothing(site: Site) -> None:
    run = site.run(streamkit_bitrate_kbps=5000, streamkit_source="test")
    assert run.code == 0, run.said
    assert run.recap["box"]["changed"] == 0
    assert "moving test picture" in run.said
    assert "5000 kbit/s" in run.said
    site.assert_untouched()


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("streamkit_bitrate_kbps", -5, ["streamkit_bitrate_kbps is -5", "100 to 100000 kbit/s"]),
        ("streamkit_bitrate_kbps", "fast", ["streamkit_bitrate_kbps is 'fast'", "100 to 100000 kbit/s"]),
        ("streamkit_encoder", "h265", ["streamkit_encoder is 'h265'", "one of: auto", "x264"]),
        ("streamkit_panel_port", 80, ["streamkit_panel_port is 80", "1024 to 65535"]),
        ("streamkit_bitrate_kpbs", 5000, ["streamkit_bitrate_kpbs", "did you mean streamkit_bitrate_kbps?"]),
        (
            "streamkit_video_device",
            "/dev/video99",
            ["streamkit_video_device is '/dev/video99'", "does not exist", "auto"],
        ),
        (
            "streamkit_image_archive",
            "/nowhere/image.tar",
            ["streamkit_image_archive is '/nowhere/image.tar'", "no such file"],
        ),
        ("streamkit_stream_key_file", "/nowhere/key", ["streamkit_stream_key_file is '/nowhere/key'", "no such file"]),
        ("streamkit_publish", "whip", ["streamkit_publish is 'whip'", "streamkit_server_url"]),
        ("streamkit_image_builder", "attic", ["streamkit_image_builder is 'attic'", "name one of box, localhost"]),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(site: Site, variable: str, value: Any, words: list[str]) -> None:
    chosen: dict[str, Any] = {variable: value}
    run = site.run(**chosen)
    assert_stopped(run, *words)
    site.assert_untouched()


def test_publishing_without_a_key_is_refused(site: Site) -> None:
    run = site.run(streamkit_publish="whip", streamkit_server_url="http://192.0.2.1:8080/api/whip")
    assert_stopped(run, "streamkit_publish is 'whip'", "no stream key", "streamkit_stream_key_file")
    site.assert_untouched()


def test_two_keys_at_once_are_refused_and_not_shown(site: Site, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("secret-in-a-file")
    run = site.run(streamkit_stream_key="secret-in-a-variable", streamkit_stream_key_file=str(tmp_path / "key"))
    assert_stopped(run, "streamkit_stream_key and streamkit_stream_key_file are both set")
    assert "secret-in" not in run.said
    site.assert_untouched()


def test_what_is_no_key_is_refused_and_not_shown(site: Site) -> None:
    run = site.run(streamkit_stream_key="two secrets")
    assert_stopped(run, "streamkit_stream_key does not hold a stream key")
    assert "two secrets" not in run.said
    site.assert_untouched()


def test_a_port_in_use_is_named_with_who_uses_it(site: Site) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        run = site.run(streamkit_panel_port=port)
    assert_stopped(run, f"streamkit_panel_port is {port}", "listens on that port", "choose another port")
    site.assert_untouched()


def test_a_host_that_cannot_be_reached_is_named_with_its_address(site: Site) -> None:
    port = free_port()
    away = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": port, "ansible_user": "root"}
    run = site.run(hosts={"attic": away})
    assert_stopped(
        run, f"attic cannot be reached at 127.0.0.1 port {port} as root", "Connection refused", "ansible_host"
    )
    site.assert_untouched()


def test_one_bad_host_does_not_stop_the_others(site: Site) -> None:
    run = site.run(hosts={"good": {}, "bad": {"streamkit_encoder": "h265"}})
    assert_stopped(run, "streamkit_encoder is 'h265'")
    assert run.recap["bad"]["failed"] == 1
    assert run.recap["good"]["failed"] == 0
    assert run.recap["good"]["ok"] > run.recap["bad"]["ok"]
    site.assert_untouched()
