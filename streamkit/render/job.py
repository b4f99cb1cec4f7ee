"""What a trial container receives: candidates, steps and scripts; and the words that start it.  Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from streamkit.config import Value, defaults
from streamkit.documents import SCHEMA_VERSION, Document, dump_document
from streamkit.encoders import Encoder
from streamkit.install.content import content_hash
from streamkit.install.image import context_files
from streamkit.plan.bitrate import default_bitrate_kbps
from streamkit.plan.candidates import candidates, gpu_for, gpu_settings
from streamkit.plan.choose import container_cpus, make_plan
from streamkit.plan.source import choose_video
from streamkit.plan.target import Rung, rungs
from streamkit.plan.variant import choose_variant
from streamkit.render.templates import render_scripts
from streamkit.resolve import Effective, resolve, script_environment
from streamkit.video import format_fps, mode_caps

RAW_CAPS = "video/x-raw,format=I420,width={},height={},framerate={}/{}"
"""What stands in for a card: the format that every software encoder takes."""
MEASURES = ("streamkit/probe/", "streamkit/launch/pipeline.py", "plugins/", "Dockerfile", "collect.py", "drivers.txt")
"""Parts of the image that trial figures depend on; a change of the panel leaves them valid."""


def make_job(hardware: Mapping[str, Any], given: Mapping[str, Value]) -> Document:
    """Return the trials for one host: ``key`` (equal while nothing that matters changes), ``candidates``, ``scripts``.

    ``given`` holds only what the inventory sets, by setting name.
    """
    values = {**defaults(), **given}
    _, device, _ = choose_video(hardware, values)
    # Rendered from the plan that detection alone makes: the trials must not change because of their own result.
    effective = resolve(make_plan(hardware, values)["settings"], given, {})
    tried = candidates(hardware, values)
    found = [
        _candidate(encoder, rungs(encoder, values, device), _with_gpu(encoder, hardware, effective.values, values))
        for encoder in tried
    ]
    # From defaults: size, rate and the rest come from each rung, so it does not matter who asked for which.
    plain = {**defaults(), "encoder_speed": values["encoder_speed"]}
    scripts = render_scripts(Effective(plain, dict.fromkeys(plain, "default")))
    host = {"cpu": hardware["cpu"], "gpus": hardware["gpus"], "limits": [values["cpus"], values["memory_mb"]]}
    context = context_files(choose_variant(hardware, values)[0])
    parts: dict[str, bytes] = {name: content for name, content in context.items() if name.startswith(MEASURES)}
    parts["host"] = dump_document({"scripts": scripts, **host}).encode()
    steps = {one["encoder"]: [[rung["size"], rung["fps"], rung["capture"]] for rung in one["rungs"]] for one in found}
    wanted = {**parts, "steps": dump_document({"steps": steps}).encode()}
    # Two names: what was measured on (host, image, templates), and what was asked of it besides.
    return {
        "schema_version": SCHEMA_VERSION,
        "host_key": content_hash(parts),
        "key": content_hash(wanted),
        "candidates": found,
        "scripts": scripts,
    }


def _with_gpu(
    encoder: Encoder, hardware: Mapping[str, Any], values: Mapping[str, Value], asked: Mapping[str, Value]
) -> dict[str, Value]:
    """Return the values with this encoder's own GPU and element, and the bitrate that was asked for (0: none)."""
    gpu = gpu_for(encoder, hardware, str(asked["render_node"]))
    named = {name: value for name, value in gpu_settings(encoder, hardware, gpu).items() if asked[name] == "auto"}
    return {**values, **named, "bitrate_kbps": asked["bitrate_kbps"]}


def _candidate(encoder: Encoder, steps: Sequence[Rung], values: Mapping[str, Value]) -> dict[str, Any]:
    return {
        "encoder": encoder.id,
        "script": encoder.script,
        "needs": encoder.needs,
        "rungs": [_rung(encoder, step, values) for step in steps],
    }


def _rung(encoder: Encoder, step: Rung, values: Mapping[str, Value]) -> dict[str, Any]:
    kbps = int(values["bitrate_kbps"]) or default_bitrate_kbps(encoder.codec, step.size, step.fps)
    size, fps = f"{step.size[0]}x{step.size[1]}", format_fps(step.fps)
    capture = mode_caps(str(step.mode)) if step.mode else RAW_CAPS.format(*step.size, *step.fps.as_integer_ratio())
    chosen = {**values, "encoder": encoder.id, "resolution": size, "fps": fps, "bitrate_kbps": kbps}
    environment = {**script_environment(chosen), "CAPTURE_MODE": capture, "VIDEO_DEVICE": "/dev/null"}
    return {"size": size, "fps": fps, "bitrate_kbps": kbps, "capture": capture, "environment": environment}


def devices_to_try(hardware: Mapping[str, Any], values: Mapping[str, Value]) -> list[tuple[str, int | None]]:
    """Return (render node, its group) of each GPU that a candidate needs."""
    found: dict[str, int | None] = {}
    for encoder in candidates(hardware, values):
        gpu = gpu_for(encoder, hardware, str(values["render_node"]))
        if gpu and gpu["render_node"]:
            found[str(gpu["render_node"])] = gpu["gid"]
    return sorted(found.items())


def docker_words(hardware: Mapping[str, Any], values: Mapping[str, Value], image: str) -> list[str]:
    """Return the ``docker run`` that reads a job from standard input, under the limits that the stream will have."""
    words = ["docker", "run", "--rm", "--interactive", "--network", "none", "--read-only", "--init"]
    words += ["--tmpfs", "/run/streamkit:uid=1000,gid=1000,mode=0750,size=32m", "--tmpfs", "/tmp:mode=1777,size=64m"]
    words += ["--cap-drop", "ALL", "--security-opt", "no-new-privileges:true", "--user", "1000:1000"]
    words += [
        "--cpus",
        str(container_cpus(hardware, values)),
        "--memory",
        f"{values['memory_mb']}m",
        "--pids-limit",
        str(values["pids_limit"]),
    ]
    words += ["--name", f"{values['container_name']}-probe", "--env", "STREAMKIT_PROGRESS"]
    for node, gid in devices_to_try(hardware, values):
        words += ["--device", f"{node}:{node}:rw", *(["--group-add", str(gid)] if gid else [])]
    if any(encoder.needs == "nvidia" for encoder in candidates(hardware, values)):
        # The container toolkit's way: driver libraries and device nodes of the host, encoders included.
        words += ["--gpus", "all", "--env", "NVIDIA_DRIVER_CAPABILITIES=compute,video,utility"]
    return [*words, image, "probe", "--job", "-"]


def still_valid(probes: Mapping[str, Any] | None, job: Mapping[str, Any]) -> bool:
    """Return whether stored trials answer all that this job asks, so that nothing needs to be tried again."""
    return probes is not None and probes.get("key") == job["key"]


def usable(probes: Mapping[str, Any] | None, job: Mapping[str, Any]) -> bool:
    """Return whether stored trials come from this host, image and templates, if perhaps at other sizes."""
    return probes is not None and probes.get("host_key") == job["host_key"]
