"""Which encoders a person may choose while the container runs, and why not the others.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from streamkit.encoders import ENCODERS, Encoder
from streamkit.errors import BadInputError


@dataclass(frozen=True)
class Choosable:
    """An encoder of the catalogue: whether it may be chosen, and what the plan says of it (may be empty)."""

    encoder: Encoder
    usable: bool
    reason: str


def choosable(plan: Mapping[str, Any]) -> list[Choosable]:
    """Return every encoder in the order of the catalogue.  ``plan`` is plan.json."""
    planned, rejected = plan["settings"]["encoder"], {entry["encoder"]: entry for entry in plan["rejected"]}
    found = []
    for encoder in ENCODERS.values():
        if encoder.id == planned:
            found.append(Choosable(encoder, True, str(plan["encoder_reason"])))
            continue
        entry = rejected.get(encoder.id, {"reason": "", "usable": True})
        absent = not_in_container(encoder, plan) if entry["usable"] else ""
        found.append(Choosable(encoder, bool(entry["usable"]) and not absent, absent or str(entry["reason"])))
    return found


def not_in_container(encoder: Encoder, plan: Mapping[str, Any]) -> str:
    """Return why the container cannot reach the GPU the encoder needs, or an empty string.

    A container is given the GPU of the encoder it was deployed with, and no device more.
    """
    given = {"": True, "nvidia": bool(plan["nvidia"]), "vaapi": bool(plan["devices"])}
    if given[encoder.needs]:
        return ""
    return (
        f"the container was deployed for {plan['settings']['encoder']} and has no such GPU; "
        f"set streamkit_encoder: {encoder.id} in the inventory and deploy"
    )


def check_choosable(plan: Mapping[str, Any], name: str) -> None:
    """Check an encoder that a person chooses.  Raises BadInputError with the plan's reason."""
    found = choosable(plan)
    chosen = next(one for one in found if one.encoder.id == name)
    if not chosen.usable:
        names = ", ".join(one.encoder.id for one in found if one.usable)
        raise BadInputError(f"streamkit_encoder cannot become {name!r}: {chosen.reason}. Choose one of: {names}.")


def check_startable(plan: Mapping[str, Any], name: str) -> None:
    """Check an encoder that was chosen before this release came: its GPU may be gone.  Raises BadInputError.

    In software nothing stops it: what a trial found too slow was chosen knowing less, and still runs.
    """
    if ENCODERS[name].needs:
        check_choosable(plan, name)
