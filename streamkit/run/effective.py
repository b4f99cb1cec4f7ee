"""The settings in force inside the container: the release's plan and inventory, and the panel's overrides."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from streamkit.config import Value, defaults
from streamkit.documents import Document, read_document
from streamkit.errors import BadInputError, UnavailableError
from streamkit.plan.capture import choose_device
from streamkit.plan.choosable import check_startable, choosable
from streamkit.plan.late import with_late_card
from streamkit.plan.network import check_reachable
from streamkit.plan.wished import with_wish
from streamkit.resolve import Effective, resolve, script_environment, script_name
from streamkit.run.cards import Cards
from streamkit.run.overrides import KeyOrigin, key_origin, read_stored, version_of
from streamkit.run.paths import Paths, is_there


@dataclass(frozen=True)
class Job:
    """What the supervisor runs: the script, its environment, and what to say of it.

    ``identity`` changes when anything that the running stream depends on changes, the script's text included.
    ``note`` says what was left out, for example overrides that could not be read.  ``waiting`` says why it cannot start:
    the capture card is away; ``stand_in``: a card that comes takes the place of the test picture.  ``version`` changes
    with the release and with every change made in the panel (``overrides``: the names of what was changed).
    """

    script: Path
    environment: dict[str, str]
    effective: Effective
    source: dict[str, Any]
    encoder_reason: str
    note: str = ""
    waiting: str = ""
    stand_in: bool = False
    identity: str = field(default="", repr=False)
    version: str = ""
    overrides: tuple[str, ...] = ()
    key_origin: KeyOrigin | None = None
    scripts: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Release:
    """What a release says: its plan (plan.json), and what the inventory set, by setting name."""

    plan: Document
    inventory: dict[str, Value]


def read_release(folder: Path) -> Release:
    """Read a release.  Raises UnavailableError where there is none and BadInputError where it cannot be read."""
    if not (folder / "plan.json").exists():
        raise UnavailableError(
            f"There is no release at {folder}; deploy one with 'ansible-playbook playbooks/site.yml'."
        )
    return Release(read_document(folder / "plan.json"), read_document(folder / "settings.json")["settings"])


def settle_values(release: Release, overrides: Mapping[str, Value], network: str) -> Effective:
    """Return the values that overrides lead to.

    ``network`` is the container's own.  Raises BadInputError where they cannot be in force in it.
    """
    effective = resolve(release.plan["settings"], release.inventory, overrides)
    check_reachable(network, effective.values)
    if effective.origins["encoder"] == "override":
        check_startable(release.plan, str(effective.values["encoder"]))
    return effective


def load_job(paths: Paths, cards: Cards, network: str = "host") -> Job:
    """Read the current release and what was changed in the panel, and look for the capture card.

    ``network`` is the container's own: overrides that cannot work on it are not in force.
    Raises UnavailableError without a readable release and BadInputError when what it holds cannot be used.
    """
    release, stored = read_release(paths.release), read_stored(paths)
    version = version_of(stored, release.plan, release.inventory)
    late = release.plan["card"] is None and release.inventory.get("source", "auto") != "test"
    device = cards.find() if late else None
    if device:
        release = replace(release, plan=with_late_card(release.plan, {**defaults(), **release.inventory}, device))
    problem = stored.problem
    try:
        effective = settle_values(release, stored.settings, network)
        plan = with_wish(release.plan, effective.values, _card_to_ask(paths, release, device))
        effective = settle_values(replace(release, plan=plan), stored.settings, network)
    except BadInputError as why:
        plan, effective, problem = release.plan, settle_values(release, {}, ""), str(why)
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
    identity = _identity(script, environment, paths.stream_key_file)
    if is_there(paths.stream_key_file):
        environment["STREAM_KEY_FILE"] = str(paths.stream_key_file)
    return Job(
        script=script,
        environment=environment,
        effective=effective,
        source=describe_source(plan, effective.values),
        encoder_reason=_encoder_reason(plan, effective),
        note=f"Changes made in the panel are not in force: {problem}" if problem else "",
        waiting=cards.waiting(plan["card"]) if captures and node is None else "",
        stand_in=late and not captures,
        identity=identity,
        version=version,
        overrides=tuple(sorted(stored.settings)),
        key_origin=key_origin(paths),
        scripts=describe_scripts(plan, effective.values),
    )


def _card_to_ask(paths: Paths, release: Release, late: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return the capture card whose mode may follow a choice; ``late`` is one that came after the deployment."""
    if release.inventory.get("capture_mode", "auto") != "auto":
        return None
    hardware = paths.release / "hardware.json"
    if late or release.plan["card"] is None or not hardware.exists():
        return late
    return choose_device(read_document(hardware), str(release.inventory.get("video_device", "auto")))


def describe_scripts(plan: Mapping[str, Any], values: Mapping[str, Value]) -> list[dict[str, Any]]:
    """Return the scripts of the release as the panel offers them, in the order of the catalogue."""
    return [
        {
            "script": one.encoder.script,
            "encoder": one.encoder.id,
            "title": one.encoder.title,
            "codec": one.encoder.codec,
            "usable": one.usable,
            "reason": one.reason,
            "chosen": one.encoder.id == values["encoder"],
        }
        for one in choosable(plan)
    ]


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


def _identity(script: Path, environment: Mapping[str, str], key_file: Path) -> str:
    digest = hashlib.sha256(repr(sorted(environment.items())).encode())
    # Viewers who are served from here need no key, so another one is no reason to disturb them.
    keys = [key_file] if environment["PUBLISH"] == "whip" and is_there(key_file) else []
    for path in (script, script.parent / "queue-config.sh", *keys):
        try:
            digest.update(path.read_bytes())
        except OSError as problem:
            raise UnavailableError(f"{path} cannot be read: {problem.strerror}; deploy the release again.") from None
    return digest.hexdigest()
