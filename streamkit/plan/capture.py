"""Which card, which mode of it, and which sound.  Pure functions on ``hardware.json``."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from streamkit.config import Value
from streamkit.errors import BadInputError
from streamkit.video import CAPS, Mode


def modes_of(device: Mapping[str, Any]) -> list[Mode]:
    """Every mode of a device whose pixel format a pipeline can take."""
    return [
        Mode(mode["pixel_format"], mode["width"], mode["height"], Fraction(rate))
        for mode in device["modes"]
        if mode["pixel_format"] in CAPS
        for rate in mode["fps"]
    ]


def choose_mode(modes: list[Mode], size: tuple[int, int], fps: Fraction) -> Mode | None:
    """Return the cheapest mode that meets ``size`` and ``fps``, else the nearest below; None without modes.

    Cheapest: no JPEG to decode before anything else, then the fewest pixels per second, then NV12 before YUYV.
    A rate within 0.2 % counts as met: 59.94 is what a console means by 60.
    """
    order = list(CAPS)
    meets = [
        mode
        for mode in modes
        if mode.width >= size[0] and mode.height >= size[1] and mode.fps >= fps * Fraction(998, 1000)
    ]
    if meets:
        return min(
            meets,
            key=lambda m: (m.pixel_format == "MJPG", m.width * m.height * m.fps, order.index(m.pixel_format)),
        )
    return max(
        modes,
        key=lambda m: (min(m.fps, fps) * min(m.width * m.height, size[0] * size[1]), -order.index(m.pixel_format)),
        default=None,
    )


def choose_device(hardware: Mapping[str, Any], wanted: str) -> dict[str, Any] | None:
    """Return the capture device: the one named, else the first real card, one with a signal before others."""
    devices: list[dict[str, Any]] = list(hardware["video_devices"])
    if wanted != "auto":
        return next((d for d in devices if wanted in (d["node"], d["stable_node"])), None)
    rank = {"locked": 0, "unknown": 1, "none": 2}
    real = [device for device in devices if not device["virtual"]]
    # An HDMI input says so by its timings; a webcam never does, and must not win over a capture card.
    return min(real, key=lambda d: (not d["hdmi"], rank.get(d["signal"], 1)), default=None)


def choose_audio(
    hardware: Mapping[str, Any], values: Mapping[str, Value], video: Mapping[str, Any] | None, video_source: str
) -> tuple[str, str | None, str]:
    """Return (audio source, ALSA device or None, reason).

    Without being told, only sound that comes in through the capture card itself is taken: the microphone of the
    room must never go on air because it was the only card.
    """
    asked, device = str(values["audio_source"]), str(values["audio_device"])
    if asked in ("tone", "none"):
        return asked, None, f"streamkit_audio_source is {asked!r}."
    if device != "auto":
        return "alsa", device, f"streamkit_audio_device is {device!r}."
    if video_source == "test" and asked == "auto":
        return "tone", None, "The test picture comes with a test tone."
    cards = hardware["audio_devices"]
    same = next((c for c in cards if video and c["usb"] and c["usb"] == video["usb"]), None)
    if same:
        return "alsa", same["alsa"], f"{same['name']} is on the capture card."
    if asked == "alsa":
        if cards:
            return (
                "alsa",
                cards[0]["alsa"],
                f"streamkit_audio_source is 'alsa' and {cards[0]['name']} is the first card.",
            )
        raise BadInputError(
            "streamkit_audio_source is 'alsa' but this host has no ALSA card that records; "
            "plug one in, name it in streamkit_audio_device, or use 'tone' or 'none'."
        )
    names = ", ".join(f"{c['alsa']} ({c['name']})" for c in cards) or "none on this host"
    return (
        "none",
        None,
        (f"No sound comes with the capture card; name an ALSA device in streamkit_audio_device to add it ({names})."),
    )
