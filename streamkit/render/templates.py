"""The one Jinja environment: what tests render is byte for byte what a host receives."""

from __future__ import annotations

import json
import math
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2

from streamkit.config import SETTINGS, Value
from streamkit.encoders import ENCODERS, Encoder
from streamkit.render.speeds import speed
from streamkit.resolve import Effective, script_environment

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"

RAW_FORMAT = "I420"
"""What every software encoder takes; the GPU templates convert to NV12 in the GPU's own memory."""
SLOW_ELEMENTS = frozenset({"svtav1enc"})
"""Encoders that report more latency than QUEUE_RTP can hold (SVT-AV1: 1.25 s, whatever its settings)."""


MAJORS = {"video": (81, "81 is video capture"), "sound": (116, "116 is ALSA")}
"""Device numbers of the nodes that come and go (kernel: admin-guide/devices.txt)."""
QUEUES = tuple(name for name in SETTINGS if name.startswith("queue_") and name != "queue_reason")
"""The settings that are queues."""


def environment() -> jinja2.Environment:
    """Return the environment: undefined names are errors, text is never HTML-escaped, values are quoted by filter."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    made.filters["sh"] = lambda value: shlex.quote(str(value))
    # A JSON string is a YAML string (YAML 1.2, section 1.3).
    made.filters["yaml"] = lambda value: json.dumps(str(value))
    return made


def render_script(encoder: Encoder, effective: Effective) -> str:
    """Return one streaming script for a host, whichever encoder is the chosen one there."""
    values = effective.for_encoder(encoder.id)
    queue = "QUEUE_CODED" if encoder.element in SLOW_ELEMENTS else "QUEUE_RTP"
    template = environment().get_template(f"scripts/{encoder.script}.j2")
    return template.render(
        encoder=encoder,
        env=script_environment(values),
        raw_format=RAW_FORMAT,
        queue_after_parser="$" + queue,
        speed=speed(encoder, int(values["encoder_speed"])),
        max_threads=math.ceil(float(values["cpus"])),
    )


def render_queues(values: Mapping[str, Value]) -> str:
    """Return queue-config.sh; beside a value that differs from the default stand the default and the reason."""
    queues, notes = {}, {}
    for name in QUEUES:
        short, default = name.removeprefix("queue_"), SETTINGS[name].default
        queues[short] = values[name]
        reason = f": {values['queue_reason']}" if values["queue_reason"] else ""
        notes[short] = "" if values[name] == default else f"  # was: {default}; set in the inventory{reason}"
    return environment().get_template("queue-config.sh.j2").render(queues=queues, notes=notes)


def render_compose(
    plan: Mapping[str, Any], values: Mapping[str, Value], image_tag: str, panel_hosts: Sequence[str] = ()
) -> str:
    """Return docker-compose.yml; ``panel_hosts`` are the names that the panel answers to beside those it knows itself.

    ``plan`` gives ``network``, ``kept_nodes``, ``devices``, ``device_gids``, ``cpus``, and ``nvidia``: whether NVIDIA's
    GPUs are passed in.
    """
    # On a bridge the panel listens on every address of its own; the host's is where its port is published.
    panel_host = "0.0.0.0" if plan["network"] == "bridge" else values["panel_bind"]
    # Listening on every address includes loopback; on one address it is that one.
    health_host = "localhost" if panel_host in ("0.0.0.0", "127.0.0.1") else panel_host
    socket = Path(str(values["pulse_socket"])) if values["audio_source"] == "pulse" else None
    template = environment().get_template("docker-compose.yml.j2")
    return template.render(
        plan=plan,
        values=values,
        image_tag=image_tag,
        panel_host=panel_host,
        panel_hosts=",".join(panel_hosts),
        health_host=health_host,
        capabilities=[name for name in str(values["capabilities"]).split(",") if name],
        majors={number: words for kind, (number, words) in MAJORS.items() if plan["kept_nodes"][kind]},
        pulse_dir=socket.parent if socket else None,
        pulse_name=socket.name if socket else None,
    )


def render_scripts(effective: Effective) -> dict[str, str]:
    """Return {file name: text} of every script and queue-config.sh."""
    scripts = {encoder.script: render_script(encoder, effective) for encoder in ENCODERS.values()}
    return {**scripts, "queue-config.sh": render_queues(effective.values)}
