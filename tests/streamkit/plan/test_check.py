"""Nothing on a host is touched while one of these sentences stands."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from streamkit.config import Value
from streamkit.plan.check import problems
from tests.conftest import Host, MakeSettings

STATE: dict[str, Any] = {
    "uid": 0,
    "listening": [],
    "free_mb": {"/var/lib/docker": 20000, "/opt/streamkit": 20000, "/tmp": 20000},
    "devices": {"video_device": True},
    "docker": {"version": None, "container": None, "image_tags": []},
}
OURS: dict[str, Any] = {"id": "c" * 64, "project": "gaming-streamer", "running": True, "published": []}


def state(**changed: Any) -> dict[str, Any]:
    return {**copy.deepcopy(STATE), **changed}


def docker(**changed: Any) -> dict[str, Any]:
    return {"version": "26.1.5", "container": None, "image_tags": [], **changed}


def test_good_host_has_no_problem(host: Host, settings: MakeSettings) -> None:
    assert problems(host("usb_card"), STATE, settings()) == []


def listener(port: int, container: str | None = None) -> list[dict[str, Any]]:
    return [{"port": port, "process": "nginx", "container": container}]


@pytest.mark.parametrize(
    ("facts", "values", "words"),
    [
        (state(uid=1000), {}, "is not root on the host"),
        (state(listening=listener(8081)), {}, "streamkit_panel_port is 8081, but nginx listens"),
        (state(listening=listener(8189)), {}, "streamkit_whep_port is 8189, but nginx listens"),
        (state(listening=listener(8081, "d" * 64), docker=docker(container=OURS)), {}, "streamkit_panel_port is 8081"),
        (
            state(free_mb={"/var/lib/docker": 900}),
            {},
            "Only 900 MiB are free below /var/lib/docker on the host; 8000 MiB",
        ),
        (state(free_mb={"/var/lib/docker": 900}), {"image_archive": "a.tar"}, "1500 MiB are needed"),
        (
            state(devices={"video_device": False}),
            {"video_device": "/dev/video7"},
            "'/dev/video7', which does not exist",
        ),
        (state(), {"video_device": "/dev/null"}, "'/dev/null', which is no capture device (found: /dev/video0)"),
        (state(docker=docker(container={**OURS, "project": "other"})), {}, "belongs to the compose project 'other'"),
        (state(docker=docker(container={**OURS, "project": None})), {}, "belongs to somebody else"),
    ],
)
def test_problem_is_one_sentence(
    host: Host, settings: MakeSettings, facts: dict[str, Any], values: dict[str, Value], words: str
) -> None:
    found = problems(host("usb_card"), facts, settings(**values), "tag")
    assert len(found) == 1
    assert words in found[0]
    assert found[0].endswith(".") and "\n" not in found[0]


def test_own_container_may_hold_the_ports_and_the_image(host: Host, settings: MakeSettings) -> None:
    facts = state(
        listening=[*listener(8081, OURS["id"]), *listener(8189, OURS["id"])],
        free_mb={"/var/lib/docker": 900},
        docker=docker(container=OURS, image_tags=["tag"]),
    )
    assert problems(host("usb_card"), facts, settings(), "tag") == []


def test_port_that_dockers_proxy_holds_for_our_container_is_ours(host: Host, settings: MakeSettings) -> None:
    proxy = [{"port": 8081, "process": "docker-proxy", "container": None}]
    for published, count in (([8081], 0), ([8082], 1)):
        facts = state(listening=proxy, docker=docker(container={**OURS, "published": published}))
        assert len(problems(host("usb_card"), facts, settings())) == count


def test_other_systems_are_refused(host: Host, settings: MakeSettings) -> None:
    hardware = host("usb_card")
    hardware["os"] = {"id": "ubuntu", "version": "22.04", "name": "Ubuntu 22.04.5 LTS"}
    hardware["cpu"]["architecture"] = "aarch64"
    found = problems(hardware, STATE, settings())
    assert (
        found[0] == "The host runs Ubuntu 22.04.5 LTS; streamkit is installed on Debian 12, Debian 13 or Ubuntu 24.04."
    )
    assert "aarch64" in found[1]
