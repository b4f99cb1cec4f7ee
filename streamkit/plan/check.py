"""What must hold on a host before anything on it is touched.  Pure: facts in, sentences out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streamkit.config import Value
from streamkit.plan.systems import system_of, titles

NEEDED_MB = {"build": 8000, "load": 1500, "present": 300}
"""Free MiB below /var/lib/docker: a build's layers and caches weigh about 5 GB, the image itself 0.2 GB."""


def problems(
    hardware: Mapping[str, Any],
    state: Mapping[str, Any],
    values: Mapping[str, Value],
    image_tag: str | None = None,
    builds: bool = True,
) -> list[str]:
    """Return one sentence for each thing that stops a deployment; empty when all is well.

    ``builds``: whether the host must build the image where it lacks it; else it is shipped to it.
    """
    found: list[str] = []
    if system_of(hardware) is None:
        name = hardware["os"]["name"] or "an unknown system"
        found.append(f"The host runs {name}; streamkit is installed on {titles()}.")
    if hardware["cpu"]["architecture"] != "x86_64":
        found.append(f"The host is {hardware['cpu']['architecture']}; the image is built for x86_64.")
    if state["uid"] != 0:
        found.append("The playbook is not root on the host; connect as root or set ansible_become: true.")
    found += _devices(hardware, state, values)
    container = state["docker"]["container"]
    if container and container["project"] != values["project_name"]:
        owner = f"the compose project {container['project']!r}" if container["project"] else "somebody else"
        found.append(
            f"A container named {values['container_name']!r} exists and belongs to {owner}; "
            "choose another streamkit_container_name, or remove that container."
        )
    found += _ports(state, values, container)
    found += _space(state, values, image_tag, builds)
    return found


def _devices(hardware: Mapping[str, Any], state: Mapping[str, Any], values: Mapping[str, Value]) -> list[str]:
    wanted = str(values["video_device"])
    if wanted == "auto":
        return []
    nodes = [device["node"] for device in hardware["video_devices"]]
    seen = ", ".join(nodes) or "none"
    if not state["devices"].get("video_device"):
        return [
            f"streamkit_video_device is {wanted!r}, which does not exist on the host "
            f"(capture devices found: {seen}); plug the card in, or set it to auto."
        ]
    if wanted not in nodes + [device["stable_node"] for device in hardware["video_devices"]]:
        return [f"streamkit_video_device is {wanted!r}, which is no capture device (found: {seen}); name one of those."]
    return []


def _ports(state: Mapping[str, Any], values: Mapping[str, Value], container: Mapping[str, Any] | None) -> list[str]:
    # The WHEP port listens on the host only where the host serves viewers itself.
    names = ["panel_port", "whep_port"] if values["publish"] == "whep" else ["panel_port"]
    found = []
    for name in names:
        for entry in state["listening"]:
            ours = container is not None and (
                entry["container"] == container["id"] or entry["port"] in container.get("published", [])
            )
            if entry["port"] == values[name] and not ours:
                found.append(
                    f"streamkit_{name} is {values[name]}, but {entry['process'] or 'another program'} listens on "
                    f"that port of the host; stop it, or choose another port from 1024 to 65535."
                )
                break
    return found


def _space(state: Mapping[str, Any], values: Mapping[str, Value], image_tag: str | None, builds: bool) -> list[str]:
    if image_tag in state["docker"]["image_tags"]:
        need = NEEDED_MB["present"]
    else:
        need = NEEDED_MB["load" if values["image_archive"] or not builds else "build"]
    free = state["free_mb"]["/var/lib/docker"]
    if free < need:
        return [f"Only {free} MiB are free below /var/lib/docker on the host; {need} MiB are needed: free some space."]
    return []
