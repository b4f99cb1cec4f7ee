"""The plan: source, encoder, size, rate and bitrate for one host, each with its reason.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from streamkit.config import Value
from streamkit.documents import Document
from streamkit.encoders import ENCODERS, Encoder, delay_sentence
from streamkit.errors import BadInputError
from streamkit.plan.bitrate import default_bitrate_kbps
from streamkit.plan.candidates import all_gpu_settings, gpu_for, missing_hardware
from streamkit.plan.capture import choose_audio, mode_reason
from streamkit.plan.network import choose_network
from streamkit.plan.nodes import kept_nodes, node_gids
from streamkit.plan.rank import best_first, held, reason_chosen, reason_rejected
from streamkit.plan.source import choose_video
from streamkit.plan.target import Rung, ladder_for, rungs
from streamkit.plan.variant import choose_variant
from streamkit.video import format_fps, parse_fps, parse_size

_SOUND = {"tone": " with a test tone.", "none": ", without sound."}
CPUS_WHERE_UNKNOWN = 2
"""What an unprobed plan counts on where a description does not say how many processors there are."""


@dataclass(frozen=True)
class Choice:
    """An encoder with what it will stream, why, and why not the others; ``probed``: by trial encodes.

    Of ``rejected``, those that are ``usable`` run here too and may be chosen by a person.
    """

    encoder: Encoder
    rung: Rung
    reason: str
    rejected: list[dict[str, Any]]
    probed: bool
    warning: str = ""


def software_target(cpus: int) -> tuple[tuple[int, int], Fraction]:
    """Return (size, rate) that x264 at its fastest preset sustains with room for a viewer, by processor count."""
    if cpus >= 8:
        return (1920, 1080), Fraction(60)
    if cpus >= 4:
        return (1280, 720), Fraction(60)
    return (1280, 720), Fraction(30)


def _unprobed_rung(
    encoder: Encoder, hardware: Mapping[str, Any], values: Mapping[str, Value], device: Mapping[str, Any] | None
) -> Rung:
    steps = rungs(encoder, values, device)
    if encoder.needs or encoder.size:
        return steps[0]
    size, fps = software_target(int(hardware["cpu"]["cpus"] or CPUS_WHERE_UNKNOWN))
    limit = Rung(size, fps).pixel_rate
    return next((step for step in steps if step.pixel_rate <= limit), steps[-1])


def choose_unprobed(
    hardware: Mapping[str, Any], values: Mapping[str, Value], device: Mapping[str, Any] | None
) -> Choice:
    """Choose from detection alone.  Raises BadInputError where the encoder named in the settings cannot run here."""
    wanted = str(values["encoder"])
    missing = {encoder.id: missing_hardware(encoder, hardware, values) for encoder in ENCODERS.values()}
    reasons = {name: missing[name] or ENCODERS[name].unprobed_reason for name in ENCODERS}
    rejected = [
        {"encoder": name, "reason": reason, "usable": not missing[name]}
        for name, reason in reasons.items()
        if reason and name != wanted
    ]
    if wanted != "auto":
        encoder, reason = ENCODERS[wanted], f"streamkit_encoder is {wanted!r}."
        if missing[wanted]:
            raise BadInputError(
                f"streamkit_encoder is {wanted!r}, but {missing[wanted]} on this host; use 'auto' or 'x264'."
            )
    else:
        encoder = next(ENCODERS[name] for name, why in reasons.items() if not why)
        reason = f"{encoder.title}: the first of the catalogue that this host runs without a trial encode."
    rung = _unprobed_rung(encoder, hardware, values, device)
    return Choice(encoder, rung, reason, rejected, probed=False, warning=delay_sentence(encoder, rung.fps))


def choose_probed(
    hardware: Mapping[str, Any],
    values: Mapping[str, Value],
    device: Mapping[str, Any] | None,
    probes: Mapping[str, Any],
) -> Choice | None:
    """Choose by trial encodes (``probes.json``); None where no tried encoder held anything, so that detection decides."""
    wanted = str(values["encoder"])
    trials = {trial["encoder"]: trial for trial in probes["trials"] if trial["encoder"] in ENCODERS}
    order = best_first(list(trials.values()))
    if wanted != "auto":
        order = [one for one in order if one.encoder == wanted]
    if not order:
        return None
    best = order[0]
    rejected = []
    for encoder in ENCODERS.values():
        if encoder.id == best.encoder:
            continue
        missing = missing_hardware(encoder, hardware, values)
        if encoder.id in trials:
            reason, usable = reason_rejected(trials[encoder.id], best), held(trials[encoder.id]) is not None
        else:
            reason, usable = missing or f"not tried: streamkit_encoder is {wanted!r}", not missing
        rejected.append({"encoder": encoder.id, "reason": reason, "usable": usable})
    reason = reason_chosen(best) if wanted == "auto" else f"streamkit_encoder is {wanted!r}. {reason_chosen(best)}"
    rung, warning = _rung_of(best.trial, values, device)
    return Choice(ENCODERS[best.encoder], rung, reason, rejected, probed=True, warning=warning)


def _rung_of(
    trial: Mapping[str, Any], values: Mapping[str, Value], device: Mapping[str, Any] | None
) -> tuple[Rung, str]:
    """Return the step that the trial held, with the mode that feeds it, and a warning where the settings ask for others."""
    steps = rungs(ENCODERS[trial["encoder"]], values, device)
    size, fps = parse_size(trial["size"]), parse_fps(trial["fps"])
    found = next((step for step in steps if (step.size, step.fps) == (size, fps)), None)
    if found:
        return found, ""
    # The settings changed since: what they ask for counts, and what was measured is said.
    return steps[0], (
        f"{trial['encoder']} was tried at {trial['size']}@{trial['fps']}, not at {steps[0]}, which the settings ask for; "
        "a deployment without --tags measures it."
    )


def choose(
    hardware: Mapping[str, Any],
    values: Mapping[str, Value],
    device: Mapping[str, Any] | None,
    probes: Mapping[str, Any] | None,
) -> Choice:
    """Choose the encoder and what it streams; never falls to another encoder than the one named in the settings."""
    if probes is None:
        return choose_unprobed(hardware, values, device)
    if made := choose_probed(hardware, values, device, probes):
        return made
    unprobed = choose_unprobed(hardware, values, device)
    tried = next((t for t in probes["trials"] if t["encoder"] == unprobed.encoder.id), None)
    why = f"{unprobed.encoder.id}: {tried['reason']}" if tried else "no encoder was tried"
    return replace(
        unprobed,
        warning=f"No trial encode held on this host ({why}): expect dropped frames, or set a smaller streamkit_resolution.",
    )


def make_plan(
    hardware: Mapping[str, Any], values: Mapping[str, Value], probes: Mapping[str, Any] | None = None
) -> Document:
    """Plan for one host.  ``hardware`` is hardware.json, ``values`` every setting, ``probes`` probes.json or None.

    Returns ``settings`` (the values the plan decides, by setting name), ``encoder_reason``, ``source_reason``,
    ``audio_reason``, ``mode_reason``, ``warning``, ``card``, ``kept_nodes`` (nodes.py), ``devices`` (the GPU's render
    node, where the encoder needs it), ``device_gids``, ``network`` and ``network_reason``, ``rejected`` and ``probed``.
    Raises BadInputError where the settings ask for what this host has not.
    """
    source, device, source_reason = choose_video(hardware, values)
    audio, audio_device, audio_reason = choose_audio(hardware, values, device, source)
    chosen = choose(hardware, values, device, probes)
    encoder, rung = chosen.encoder, chosen.rung
    # The name that stays when cards are plugged in another order; the container finds the card by itself.
    wanted = str(values["video_device"])
    node = None if device is None else str(device["stable_node"] or device["node"]) if wanted == "auto" else wanted
    gpu = gpu_for(encoder, hardware, str(values["render_node"]))
    variant, variant_reason = choose_variant(hardware, values)
    network, network_reason = choose_network(values)
    kept = kept_nodes(hardware, values, device, audio, audio_device)
    why_mode = ""
    if device is not None:
        wish = ladder_for(encoder, values, with_card=True)[0]
        why_mode = mode_reason(device, rung.mode, str(values["capture_mode"]), (rung.size, rung.fps), wish)
    return {
        "probed": chosen.probed,
        "settings": {
            "source": source,
            "video_device": node or "auto",
            "capture_mode": str(rung.mode) if rung.mode else "auto",
            "audio_source": audio,
            "audio_device": audio_device or "auto",
            "encoder": encoder.id,
            "resolution": f"{rung.size[0]}x{rung.size[1]}",
            "fps": format_fps(rung.fps),
            "bitrate_kbps": int(values["bitrate_kbps"]) or default_bitrate_kbps(encoder.codec, rung.size, rung.fps),
            **all_gpu_settings(hardware, values, encoder),
        },
        "card": device["card"] if device else None,
        "source_reason": source_reason + _SOUND.get(audio, f", with sound from {audio_device or 'PulseAudio'}."),
        "audio_reason": audio_reason,
        "mode_reason": why_mode,
        "encoder_reason": chosen.reason,
        "warning": " ".join(filter(None, [_waits(source, device), chosen.warning])),
        "rejected": chosen.rejected,
        "kept_nodes": kept,
        "devices": [gpu["render_node"]] if gpu and gpu["render_node"] else [],
        "nvidia": encoder.needs == "nvidia",
        "device_gids": node_gids(hardware, kept, device, gpu),
        "cpus": container_cpus(hardware, values),
        "network": network,
        "network_reason": network_reason,
        "image_variant": variant,
        "image_variant_reason": variant_reason,
    }


def container_cpus(hardware: Mapping[str, Any], values: Mapping[str, Value]) -> float:
    """Return how many CPUs a container may use: as set, but never more than the host has."""
    return min(float(values["cpus"]), float(hardware["cpu"]["cpus"] or values["cpus"]))


def _waits(source: str, device: Mapping[str, Any] | None) -> str:
    if source != "v4l2" or device is not None:
        return ""
    return "streamkit_source is 'v4l2': nothing is streamed until a capture card is plugged in."
