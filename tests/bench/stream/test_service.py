"""Words of ``docker run`` from the compose file that a host receives."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from bench.scenario import Container, find_scenario
from bench.stream.service import changed, docker_words
from streamkit.errors import StreamkitError
from tests.conftest import HERE


def service(host: str = "no_card") -> dict[str, Any]:
    """Return the service of a golden host."""
    text = (HERE / "golden" / host / "docker-compose.yml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)["services"]["streamer"]
    return found


def after(words: list[str], name: str) -> list[str]:
    """Return what stands behind each ``name``."""
    return [words[place + 1] for place, word in enumerate(words) if word == name]


@pytest.mark.parametrize("host", ["no_card", "usb_card", "vivid_vm"])
def test_every_option_of_the_product_reaches_docker(host: str) -> None:
    words = docker_words(service(host))
    assert after(words, "--user") == ["1000:1000"]
    assert after(words, "--cap-drop") == ["ALL"] and not after(words, "--cap-add")
    assert after(words, "--security-opt") == ["no-new-privileges:true"]
    assert {"--read-only", "--init"} <= set(words) and "--restart" not in words
    assert after(words, "--memory") == ["2048m"] and after(words, "--pids-limit") == ["256"]
    assert "c 81:* rw" in after(words, "--device-cgroup-rule")
    assert after(words, "--volume")[0] == "/opt/streamkit:/opt/streamkit:ro"
    assert after(words, "--health-cmd") == ["curl -fsS -o /dev/null http://localhost:8081/"]


def test_an_option_that_is_not_known_is_an_error() -> None:
    with pytest.raises(StreamkitError, match="'shm_size' of the compose file"):
        docker_words({"user": "1000:1000", "shm_size": "64m"})


def test_the_rest_of_what_may_be_rendered() -> None:
    words = docker_words(
        {
            "volumes": [{"type": "bind", "source": "/run/user/1000/pulse", "target": "/run/pulse", "read_only": True}],
            "deploy": {"resources": {"reservations": {"devices": [{"capabilities": ["gpu", "video"]}]}}},
            "ulimits": {"rtprio": 20},
            "ports": ["0.0.0.0:8081:8081"],
        }
    )
    assert after(words, "--mount") == ["type=bind,source=/run/user/1000/pulse,target=/run/pulse,readonly"]
    assert after(words, "--gpus") == ["all,capabilities=gpu\\,video"]
    assert (after(words, "--ulimit"), after(words, "--publish")) == (["rtprio=20"], ["0.0.0.0:8081:8081"])


def test_before_is_privileged_root_without_limits() -> None:
    made, given = changed(service(), find_scenario("before").container, ())
    words = docker_words(made)
    assert given == "root and privileged mode"
    assert after(words, "--user") == ["0:0"] and "--privileged" in words
    assert not {"--cap-drop", "--read-only", "--security-opt", "--memory", "--cpus", "--pids-limit"} & set(words)


def test_where_privileged_mode_is_refused_it_is_approximated_and_said_so() -> None:
    made, given = changed(service(), find_scenario("before").container, ("SYS_ADMIN", "MKNOD"))
    words = docker_words(made)
    assert given == "approximates root and privileged mode: root with the 2 capabilities of this machine"
    assert after(words, "--cap-add") == ["SYS_ADMIN", "MKNOD"] and "--privileged" not in words
    assert "seccomp=unconfined" in after(words, "--security-opt")


def test_no_option_changes_nothing() -> None:
    assert changed(service(), Container(), ("SYS_ADMIN",)) == (service(), "")


def test_single_options() -> None:
    made, _ = changed(service(), Container(capabilities=("SYS_NICE",), new_privileges=False, read_only=False), ())
    words = docker_words(made)
    assert after(words, "--cap-add") == ["SYS_NICE"] and after(words, "--cap-drop") == ["ALL"]
    assert after(words, "--security-opt") == ["no-new-privileges:true"] and "--read-only" not in words
