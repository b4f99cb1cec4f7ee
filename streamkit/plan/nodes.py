"""Which device nodes a container is given: those that come and go by a rule, the GPU's by name.  Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from streamkit.config import Value
from streamkit.detect.identity import rule_for

ALSA_CARD = re.compile(r"(?:plug)?hw:(?:CARD=)?([A-Za-z0-9_]+)")
"""The card in an ALSA name: its id or its number (alsa-lib: src/conf/alsa.conf, pcm.hw)."""


def kept_nodes(
    hardware: Mapping[str, Any],
    values: Mapping[str, Value],
    device: Mapping[str, Any] | None,
    audio: str,
    audio_device: str | None,
) -> dict[str, Any]:
    """Return what the host keeps in its folder of nodes: ``video`` and ``sound``.

    ``video`` is the rule of the chosen card (detect/identity.py), "any" where no card was there to be chosen, None where
    the test picture was asked for; ``sound`` is an ALSA card's id or number, "any" where a name does not say which,
    None where nothing is recorded from ALSA.
    """
    video: dict[str, Any] | str | None = None
    if values["source"] != "test":
        video = (rule_for(device, hardware["video_devices"]) if device else None) or "any"
    card = ALSA_CARD.match(audio_device or "")
    return {"video": video, "sound": (card[1] if card else "any") if audio == "alsa" else None}


def node_gids(
    hardware: Mapping[str, Any],
    kept: Mapping[str, Any],
    device: Mapping[str, Any] | None,
    gpu: Mapping[str, Any] | None,
) -> list[int]:
    """Return the numbers of the groups that own those nodes; the host's ``video`` for a card that is still to come."""
    groups = hardware["groups"]
    gids = {gpu["gid"]} if gpu else set()
    if kept["video"]:
        gids.add(device["gid"] if device else groups.get("video"))
    if kept["sound"]:
        gids |= {card["gid"] for card in hardware["audio_devices"]} or {groups.get("audio")}
    return sorted(gid for gid in gids if gid)
