"""The plan: source, encoder, size, rate and bitrate for one host, each with its reason.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from streamkit.config import Value
from streamkit.documents import Document
from streamkit.encoders import ENCODERS, Encoder
from streamkit.errors import BadInputError
from streamkit.plan.capture import choose_audio, choose_device, choose_mode, modes_of
from streamkit.video import Mode, format_fps, parse_fps, parse_mode, parse_size

BITS_PER_PIXEL = {"h264": 0.09, "vp9": 0.065, "av1": 0.06}
"""Bits per pixel at 30 frames per second for game pictures; a starting point, to be measured per host."""


_SOUND = {"tone": " with a test tone.", "none": ", without sound.", "alsa": ", with sound from {}."}


def software_target(cpus: int) -> tuple[tuple[int, int], Fraction]:
    """Return (size, rate) that x264 at its fastest preset sustains with room for a viewer, by processor count."""
    if cpus >= 8:
        return (1920, 1080), Fraction(60)
    if cpus >= 4:
        return (1280, 720), Fraction(60)
    return (1280, 720), Fraction(30)


def default_bitrate_kbps(codec: str, size: tuple[int, int], fps: Fraction) -> int:
    """Return kbit/s: bits per pixel times pixels per second, where frames above 30 cost half (they differ less)."""
    rate = min(float(fps), 30.0) + max(float(fps) - 30.0, 0.0) / 2
    kbps = BITS_PER_PIXEL[codec] * size[0] * size[1] * rate / 1000
    return max(100, round(kbps / 100) * 100)


def _present(encoder: Encoder, hardware: Mapping[str, Any]) -> str:
    """Return why the encoder cannot be chosen unasked on this host, or an empty string."""
    vendors = {gpu["vendor"] for gpu in hardware["gpus"]}
    if encoder.needs == "nvidia" and "nvidia" not in vendors:
        return "no NVIDIA GPU was found"
    if encoder.needs == "vaapi" and not vendors & {"intel", "amd"}:
        return "no Intel or AMD GPU with a render node was found"
    return encoder.unprobed_reason


def choose_encoder(hardware: Mapping[str, Any], wanted: str) -> tuple[Encoder, str, list[dict[str, str]]]:
    """Return (encoder, reason, rejected candidates with reasons)."""
    reasons = {encoder.id: _present(encoder, hardware) for encoder in ENCODERS.values()}
    rejected = [{"encoder": name, "reason": reason} for name, reason in reasons.items() if reason and name != wanted]
    if wanted != "auto":
        encoder = ENCODERS[wanted]
        missing = _present(encoder, hardware)
        if encoder.needs and missing.startswith("no "):
            raise BadInputError(f"streamkit_encoder is {wanted!r}, but {missing} on this host; use 'auto' or 'x264'.")
        return encoder, f"streamkit_encoder is {wanted!r}.", rejected
    encoder = next(ENCODERS[name] for name, reason in reasons.items() if not reason)
    return encoder, f"{encoder.title}: the first of the catalogue that this host runs without a trial encode.", rejected


def _video(hardware: Mapping[str, Any], values: Mapping[str, Value]) -> tuple[str, dict[str, Any] | None, str]:
    wanted, source = str(values["video_device"]), str(values["source"])
    if source == "test":
        return "test", None, "streamkit_source is 'test': streaming a moving test picture"
    device = choose_device(hardware, wanted)
    if device is None and wanted != "auto":
        seen = ", ".join(d["node"] for d in hardware["video_devices"]) or "none"
        raise BadInputError(
            f"streamkit_video_device is {wanted!r}, which is no capture device of this host (found: {seen}); "
            "name one of those, or leave it at auto."
        )
    if device is None:
        asked = "; ".join(f"{u['what']}: {u['reason']}" for u in hardware["unknown"])
        if source == "v4l2":
            raise BadInputError(
                "streamkit_source is 'v4l2' but no capture card was found"
                + (f" (could not ask {asked})" if asked else "")
                + "; plug one in, or use 'auto' or 'test'."
            )
        return (
            "test",
            None,
            (
                "No capture card was found"
                + (f" (could not ask {asked})" if asked else "")
                + ": streaming a moving test picture"
            ),
        )
    signal = {"locked": "with a signal", "none": "without a signal so far"}.get(device["signal"], "")
    return "v4l2", device, " ".join(f"Capturing from {device['card']} at {device['node']} {signal}".split())


def make_plan(hardware: Mapping[str, Any], values: Mapping[str, Value]) -> Document:
    """Plan for one host.  ``hardware`` is hardware.json, ``values`` every setting (defaults filled in).

    Returns ``settings`` (the values the plan decides, by setting name), ``encoder_reason``, ``source_reason``,
    ``audio_reason``, ``mode_reason``, ``card``, ``devices`` (nodes that the container is given: the chosen card, and
    ALSA's where sound is recorded), ``device_gids``, ``rejected`` and ``probed``.
    Raises BadInputError where the settings ask for what this host has not.
    """
    source, device, source_reason = _video(hardware, values)
    audio, audio_device, audio_reason = choose_audio(hardware, values, device, source)
    # The name that stays when cards are plugged in another order; inside the container it has the same name.
    wanted = str(values["video_device"])
    node = None if device is None else str(device["stable_node"] or device["node"]) if wanted == "auto" else wanted
    encoder, encoder_reason, rejected = choose_encoder(hardware, str(values["encoder"]))

    size, fps = software_target(int(hardware["cpu"]["cpus"]))
    if values["resolution"] != "auto":
        size = parse_size(str(values["resolution"]))
    if values["fps"] != "auto":
        fps = parse_fps(str(values["fps"]))
    mode: Mode | None = None
    mode_reason = ""
    if device is not None:
        mode = (
            parse_mode(str(values["capture_mode"]))
            if values["capture_mode"] != "auto"
            else choose_mode(modes_of(device), size, fps)
        )
        if mode is None:
            mode_reason = f"{device['card']} lists no mode; it is asked for whatever it delivers."
        else:
            mode_reason = f"{mode} is the cheapest mode of the card for {size[0]}x{size[1]} at {format_fps(fps)}."
            if values["capture_mode"] != "auto":
                mode_reason = f"streamkit_capture_mode is {mode!s}."
            elif mode.fps < fps or mode.width < size[0]:
                mode_reason = f"{mode} is the most the card offers."
            # Frames that the card does not deliver cannot be encoded, and pixels are not invented.
            fps = min(fps, mode.fps)
            if values["resolution"] == "auto" and (mode.width < size[0] or mode.height < size[1]):
                size = (mode.width // 2 * 2, mode.height // 2 * 2)
    if encoder.size:
        size = encoder.size
    bitrate_kbps = int(values["bitrate_kbps"]) or default_bitrate_kbps(encoder.codec, size, fps)
    return {
        "probed": False,
        "settings": {
            "source": source,
            "video_device": node or "auto",
            "capture_mode": str(mode) if mode else "auto",
            "audio_source": audio,
            "audio_device": audio_device or "auto",
            "encoder": encoder.id,
            "resolution": f"{size[0]}x{size[1]}",
            "fps": format_fps(fps),
            "bitrate_kbps": bitrate_kbps,
        },
        "card": device["card"] if device else None,
        "source_reason": source_reason + _SOUND[audio].format(audio_device),
        "audio_reason": audio_reason,
        "mode_reason": mode_reason,
        "encoder_reason": encoder_reason,
        "rejected": rejected,
        "devices": ([node] if node else []) + (["/dev/snd"] if audio == "alsa" else []),
        "device_gids": _gids(hardware, device, audio, audio_device),
        "cpus": min(float(values["cpus"]), float(hardware["cpu"]["cpus"])),
    }


def _gids(
    hardware: Mapping[str, Any], device: Mapping[str, Any] | None, audio: str, audio_device: str | None
) -> list[int]:
    gids = {device["gid"]} if device else set()
    if audio == "alsa":
        gids |= {card["gid"] for card in hardware["audio_devices"] if card["gid"] is not None}
    return sorted(gid for gid in gids if gid != 0)
