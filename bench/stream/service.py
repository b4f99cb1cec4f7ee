"""From a rendered compose service to the words of ``docker run``.  Pure, standard library only.

The container that is measured is described by the file that a host receives, changed where the scenario says so.  So
nothing is written down twice, and an option that this module does not know is an error, never left out in silence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bench.scenario import Container
from streamkit.errors import StreamkitError

Service = dict[str, Any]
LEFT_OUT = frozenset({"restart", "container_name", "image", "pull_policy"})
"""A measured container that ends is a run that crashed: it is not started again.  Name and image are the caller's."""
FLAGS = {
    "user": "--user",
    "network_mode": "--network",
    "cpus": "--cpus",
    "mem_limit": "--memory",
    "pids_limit": "--pids-limit",
}
LISTS = {
    "tmpfs": "--tmpfs",
    "cap_drop": "--cap-drop",
    "cap_add": "--cap-add",
    "security_opt": "--security-opt",
    "group_add": "--group-add",
    "device_cgroup_rules": "--device-cgroup-rule",
    "devices": "--device",
    "ports": "--publish",
}
SWITCHES = {"init": "--init", "read_only": "--read-only", "privileged": "--privileged"}


def changed(service: Mapping[str, Any], container: Container, capabilities: Sequence[str]) -> tuple[Service, str]:
    """Return the service with a scenario's container options, and in one line what root was given ("" for no root).

    ``capabilities`` are given in place of privileged mode; where there are none, privileged mode itself is asked for.
    """
    made = dict(service)
    note = ""
    if container.user is not None:
        made["user"] = container.user
    if container.read_only is not None:
        made["read_only"] = container.read_only
    if container.new_privileges is not None:
        kept = [one for one in made.pop("security_opt", []) if not one.startswith("no-new-privileges")]
        made["security_opt"] = kept + ([] if container.new_privileges else ["no-new-privileges:true"])
    if not container.limits:
        for name in ("cpus", "mem_limit", "pids_limit"):
            made.pop(name, None)
    if container.capabilities is not None:
        made["cap_add"] = list(container.capabilities)
    if container.privileged:
        made.pop("cap_drop", None)
        if capabilities:
            made["cap_add"] = list(capabilities)
            made["security_opt"] = [*made.get("security_opt", []), "seccomp=unconfined", "apparmor=unconfined"]
            note = (
                f"approximates root and privileged mode: root with the {len(capabilities)} capabilities of this machine"
            )
        else:
            made["privileged"] = True
            note = "root and privileged mode"
    return made, note


def docker_words(service: Mapping[str, Any]) -> list[str]:
    """Return the options of ``docker run`` for a compose service.  Raises StreamkitError for one it does not know."""
    words: list[str] = []
    for key, value in service.items():
        if key in LEFT_OUT:
            continue
        if key in FLAGS:
            words += [FLAGS[key], str(value)]
        elif key in LISTS:
            words += [word for one in value for word in (LISTS[key], str(one))]
        elif key in SWITCHES:
            words += [SWITCHES[key]] if value else []
        elif key == "environment":
            words += [word for name, text in value.items() for word in ("--env", f"{name}={text}")]
        elif key == "volumes":
            words += [word for one in value for word in _volume(one)]
        elif key == "stop_grace_period":
            words += ["--stop-timeout", str(value).removesuffix("s")]
        elif key == "ulimits":
            words += [word for name, limit in value.items() for word in ("--ulimit", f"{name}={limit}")]
        elif key == "healthcheck":
            words += _healthcheck(value)
        elif key == "logging":
            words += ["--log-driver", value["driver"]]
            words += [word for name, text in value["options"].items() for word in ("--log-opt", f"{name}={text}")]
        elif key == "deploy":
            # The only one that is rendered: NVIDIA's GPUs.
            words += ["--gpus", "all,capabilities=" + "\\,".join(_gpu_capabilities(value))]
        else:
            raise StreamkitError(f"bench does not know how 'docker run' is told of {key!r} of the compose file.")
    return words


def _volume(one: Any) -> list[str]:
    if isinstance(one, str):
        return ["--volume", one]
    ending = ",readonly" if one.get("read_only") else ""
    return ["--mount", f"type={one['type']},source={one['source']},target={one['target']}{ending}"]


def _healthcheck(value: Mapping[str, Any]) -> list[str]:
    test = value["test"]
    return [
        *("--health-cmd", " ".join(test[1:])),
        *("--health-interval", value["interval"], "--health-timeout", value["timeout"]),
        *("--health-retries", str(value["retries"]), "--health-start-period", value["start_period"]),
    ]


def _gpu_capabilities(value: Mapping[str, Any]) -> list[str]:
    found: list[str] = value["resources"]["reservations"]["devices"][0]["capabilities"]
    return found
