"""From a scenario to everything that its container receives: files, options of ``docker run``, ports.

Made on the controller, which has the renderer; what comes out is plain data, so that it can be started on a managed host
by the standard library alone.
"""

from __future__ import annotations

import os
import re
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from bench.scenario import Scenario
from bench.stream.prepared import PANEL_BEFORE, Prepared
from bench.stream.rings import with_rings
from bench.stream.service import Service, changed, docker_words
from streamkit.config import Value, defaults
from streamkit.detect.hardware import detect
from streamkit.errors import StreamkitError, UnavailableError
from streamkit.install.image import context_files, image_tag
from streamkit.plan.choose import make_plan
from streamkit.render.release import release_files
from streamkit.render.templates import render_queues
from streamkit.resolve import resolve
from streamkit.video import parse_fps

BASELINE = Path(__file__).parents[1] / "baselines" / "panel"
RUN = "/run/streamkit"
PACKAGE_IN = {"single_stage": "/app/streamkit"}
PACKAGE = "/usr/local/lib/streamkit/streamkit"
"""Where an image has the toolkit's modules."""
LAUNCHER = '#!/bin/sh\nexec python3 -P -m streamkit.launch "$@"\n'
"""The single-stage image has no wrapper of this name, which the supervisor starts."""
ENCODER_PLACE = re.compile(
    r"(?P<head># The encoder\. [^\n]*\n)(?P<words>.*?)(?P<tail>pipeline\+=\(\n  '!'\n  \"\$\{queue_coded\[@\]\}\")",
    re.DOTALL,
)
TUNED_SINK = "    congestion-control=disabled\n    do-fec=false\n"


@dataclass(frozen=True)
class Images:
    """Which image is which; ``product`` None: the one that this checkout builds."""

    product: str | None = None
    single_stage: str = "gaming-streamer-before"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Images:
        """Read BENCH_PRODUCT_IMAGE and BENCH_SINGLE_STAGE_IMAGE."""
        return cls(
            environment.get("BENCH_PRODUCT_IMAGE") or None,
            environment.get("BENCH_SINGLE_STAGE_IMAGE") or cls.single_stage,
        )


def prepare(
    scenario: Scenario,
    images: Images | None = None,
    hardware: Mapping[str, Any] | None = None,
    fps: str | None = None,
    paint: bool = True,
    capabilities: tuple[str, ...] = (),
    folder: str | None = None,
    rings: bool = False,
) -> Prepared:
    """Render one container.

    ``hardware`` is hardware.json of the host (None: this machine), ``fps`` another rate than the scenario's,
    ``capabilities`` what stands in for privileged mode where that is refused.  ``folder`` must not exist yet where the
    container runs.  ``rings`` shows moving rings for the test picture, each of which can be made again from its number.
    Raises BadInputError where the settings contradict one another, UnavailableError without a card.
    """
    images = images or Images.from_environment()
    known = hardware if hardware is not None else detect()
    name = f"bench-{scenario.name.replace('_', '-')}-{secrets.token_hex(4)}"
    home = folder or f"{_memory_folder()}/{name}"
    panel_port, whep_port = _free_ports()
    given: dict[str, Value] = {
        **scenario.settings,
        **({"fps": fps} if fps else {}),
        "source": "v4l2" if scenario.source == "card" else "test",
        "publish": "whep",
        "container_name": name,
        "project_name": name,
        "install_dir": f"{home}/opt",
        "state_dir": f"{home}/state",
        "secrets_dir": f"{home}/secrets",
        "panel_bind": "127.0.0.1",
        "panel_port": panel_port,
        "whep_port": whep_port,
    }
    plan = make_plan(known, {**defaults(), **given})
    if scenario.source == "card" and plan["card"] is None:
        raise UnavailableError(
            f"The scenario {scenario.name} takes its picture from a capture card, and there is none on this host; "
            "plug one in, or use source: test."
        )
    image, kind = image_of(scenario, images)
    tag = image_tag(str(plan["image_variant"]))
    release = release_files(known, plan, given, tag)
    effective = resolve(plan["settings"], given, {})
    service = yaml.safe_load(release["docker-compose.yml"])["services"]["streamer"]
    release["scripts/queue-config.sh"] = render_queues({**effective.values, **_queue_settings(scenario)})
    made = with_scenario(release, scenario)
    if rings:
        made = with_rings(made)
    files = {f"opt/current/{path}": text for path, text in made.items()}
    # Today's modules where the image is another than the one they are built into.
    own = image != f"{effective.values['image_name']}:{tag}"
    if own:
        files |= {
            f"sources/{path}": content.decode()
            for path, content in context_files().items()
            if path.startswith("streamkit/")
        }
    if kind == "single_stage":
        files["bin/streamkit-launch"] = LAUNCHER
    if scenario.panel == "polling":
        files |= {f"panel/{path.name}": path.read_text(encoding="utf-8") for path in _baseline_files()}
    measured = _measured(service, scenario, home, kind, own, paint)
    first, first_note = changed(measured, scenario.container, ())
    other, other_note = changed(measured, scenario.container, capabilities)
    return Prepared(
        scenario=scenario.as_document(),
        name=name,
        image=image,
        image_kind=kind,
        folder=home,
        files=files,
        words=docker_words(first),
        given=first_note,
        words_otherwise=docker_words(other) if first_note and capabilities else [],
        given_otherwise=other_note if first_note and capabilities else "",
        panel=scenario.panel,
        panel_port=panel_port,
        whep_port=whep_port,
        offered_fps=float(parse_fps(str(effective.values["fps"]))),
        user=str(first["user"]),
    )


def image_of(scenario: Scenario, images: Images) -> tuple[str, str]:
    """Return (name, kind) of the image that a scenario runs in; kind is product, single_stage or named."""
    if scenario.image == "single_stage":
        return images.single_stage, "single_stage"
    if scenario.image == "product":
        return images.product or f"{defaults()['image_name']}:{image_tag()}", "product"
    return scenario.image, "named"


def with_scenario(release: Mapping[str, str], scenario: Scenario) -> dict[str, str]:
    """Return the release's files with the scenario's encoder and sink.  Raises StreamkitError where a script has changed."""
    made = dict(release)
    for path in made:
        if path.startswith("scripts/stream"):
            if scenario.encoder:
                made[path] = _with_encoder(made[path], scenario.encoder, path)
            if scenario.sink == "untuned":
                if made[path].count(TUNED_SINK) != 1:
                    raise StreamkitError(
                        f"{path} sets the sink otherwise than bench knows; see bench/stream/prepare.py."
                    )
                made[path] = made[path].replace(TUNED_SINK, "")
    return made


def with_fps(scenario: Scenario, fps: str) -> Scenario:
    """Return the scenario at another rate.  Raises BadInputError where that is none."""
    parse_fps(fps)
    return replace(scenario, settings={**scenario.settings, "fps": fps})


def _with_encoder(text: str, words: tuple[str, ...], path: str) -> str:
    place = ENCODER_PLACE.search(text)
    if place is None or len(ENCODER_PLACE.findall(text)) != 1:
        raise StreamkitError(f"{path} has no place for another encoder; see ENCODER_PLACE in bench/stream/prepare.py.")
    # Words were checked (scenario.ENCODER_WORD): nothing in them ends the quotes or runs a command.
    lines = "".join(f'  "{word}"\n' for word in words)
    return f"{text[: place.start('words')]}pipeline+=(\n  '!'\n{lines})\n{text[place.start('tail') :]}"


def _queue_settings(scenario: Scenario) -> dict[str, Value]:
    return {name.lower(): words for name, words in scenario.queues.items()}


def _measured(service: Mapping[str, Any], scenario: Scenario, home: str, kind: str, own: bool, paint: bool) -> Service:
    """Return the rendered service with what measuring needs: figures where they can be read, time code, today's modules."""
    made = dict(service)
    environment = dict(made["environment"])
    if paint:
        environment["PAINT_TIMECODE"] = "1"
    if scenario.sink in ("waiting", "untuned"):
        environment["SINK_WAITS"] = "1"
    made["environment"] = environment
    # A folder of this machine's memory in place of the container's own tmpfs: figures are read without entering it.
    made["tmpfs"] = [one for one in made["tmpfs"] if not one.startswith(RUN)]
    volumes = [*made["volumes"], f"{home}/run:{RUN}:rw"]
    if own:
        volumes.append(f"{home}/sources/streamkit:{PACKAGE_IN.get(kind, PACKAGE)}:ro")
    if kind == "single_stage":
        volumes.append(f"{home}/bin/streamkit-launch:/usr/local/bin/streamkit-launch:ro")
    if scenario.panel == "polling":
        volumes.append(f"{home}/panel:{PANEL_BEFORE}:ro")
    made["volumes"] = volumes
    return made


def _baseline_files() -> list[Path]:
    return [BASELINE / name for name in ("supervise.py", "polling.py", "page.html")]


def _memory_folder() -> str:
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else "/tmp"


def _free_ports() -> tuple[int, int]:
    """Return two TCP ports of loopback that were free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return int(one.getsockname()[1]), int(other.getsockname()[1])
