"""The settings in force inside the container: the release's plan and inventory, and the panel's overrides."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from streamkit.config import Value, defaults
from streamkit.documents import read_document
from streamkit.errors import BadInputError, UnavailableError
from streamkit.plan.late import with_late_card
from streamkit.plan.network import check_reachable
from streamkit.resolve import Effective, resolve, script_environment, script_name
from streamkit.run.cards import Cards
from streamkit.run.paths import Paths


@dataclass(frozen=True)
class Job:
    """What the supervisor runs: the script, its environment, and what to say of it.

    ``identity`` changes when anything that the running stream depends on changes, the script's text included.
    ``note`` says what was left out, for example overrides that could not be read.  ``waiting`` says why it cannot start:
    the capture card is away; ``stand_in``: a card that comes takes the place of the test picture.
    """

    script: Path
    environment: dict[str, str]
    effective: Effective
    source: dict[str, Any]
    encoder_reason: str
    note: str = ""
    waiting: str = ""
    stand_in: bool = False
    identity: str = field(default="")


def load_overrides(path: Path) -> tuple[dict[str, Value], str]:
    """Return (overrides of the panel, why they were left out or an empty string)."""
    if not path.exists():
        return {}, ""
    try:
        settings = read_document(path).get("settings", {})
    except BadInputError as problem:
        return {}, f"Changes made in the panel are not in force: {problem}"
    return (
        (settings, "") if isinstance(settings, dict) else ({}, f"{path} holds no settings object; it is not in force.")
    )


def load_job(paths: Paths, cards: Cards, network: str = "host") -> Job:
    """Read the current release and the overrides, and look for the capture card.

    ``network`` is the container's own: overrides that cannot work on it are not in force.
    Raises UnavailableError without a readable release and BadInputError when what it holds cannot be used.
    """
    if not (paths.release / "plan.json").exists():
        raise UnavailableError(
            f"There is no release at {paths.release}; deploy one with 'ansible-playbook playbooks/site.yml'."
        )
    plan = read_document(paths.release / "plan.json")
    inventory = read_document(paths.release / "settings.json")["settings"]
    late = plan["card"] is None and inventory.get("source", "auto") != "test"
    device = cards.find() if late else None
    if device:
        plan = with_late_card(plan, {**defaults(), **inventory}, device)
    overrides, note = load_overrides(paths.state / "state.json")
    try:
        effective = resolve(plan["settings"], inventory, overrides)
        check_reachable(network, effective.values)
    except BadInputError as problem:
        effective = resolve(plan["settings"], inventory, {})
        note = f"Changes made in the panel are not in force: {problem}"
    script = paths.release / "scripts" / script_name(effective.values)
    environment = script_environment(effective.values)
    captures = effective.values["source"] == "v4l2"
    node = None
    if captures and device:
        node = str(paths.devices / Path(device["node"]).name)
    elif captures and not late:
        node = cards.node()
    if node:
        environment["VIDEO_DEVICE"] = node
    if paths.stream_key_file.exists():
        environment["STREAM_KEY_FILE"] = str(paths.stream_key_file)
    return Job(
        script=script,
        environment=environment,
        effective=effective,
        source=describe_source(plan, effective.values),
        encoder_reason=_encoder_reason(plan, effective),
        note=note,
        waiting=cards.waiting(plan["card"]) if captures and node is None else "",
        stand_in=late and not captures,
        identity=_identity(script, environment),
    )


def describe_source(plan: Mapping[str, Any], values: Mapping[str, Value]) -> dict[str, Any]:
    """Return where picture and sound come from, as the panel shows it."""
    return {
        "video": values["source"],
        "device": values["video_device"] if values["source"] == "v4l2" else None,
        "card": plan["card"],
        "audio": values["audio_source"],
        "audio_device": values["audio_device"] if values["audio_source"] == "alsa" else None,
        "reason": plan["source_reason"],
    }


def _encoder_reason(plan: Mapping[str, Any], effective: Effective) -> str:
    if effective.origins["encoder"] == "override":
        return "Chosen in the panel."
    return str(plan["encoder_reason"])


def _identity(script: Path, environment: Mapping[str, str]) -> str:
    digest = hashlib.sha256(repr(sorted(environment.items())).encode())
    for path in (script, script.parent / "queue-config.sh"):
        try:
            digest.update(path.read_bytes())
        except OSError as problem:
            raise UnavailableError(f"{path} cannot be read: {problem.strerror}; deploy the release again.") from None
    return digest.hexdigest()
