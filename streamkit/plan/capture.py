"""Which card, which mode of it, and which sound.  Pure functions on ``hardware.json``."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from streamkit.config import Value
from streamkit.errors import BadInputError
from streamkit.video import CAPS, Mode, format_fps

NEARLY = Fraction(998, 1000)
"""A rate counts as met from 0.2 % below: 59.94 is what a console means by 60."""


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
    meets = [mode for mode in modes if mode.width >= size[0] and mode.height >= size[1] and mode.fps >= fps * NEARLY]
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


USB2_MBPS = 480
"""Signalling rate of USB 2 high speed (USB 2.0 specification, 7.1); about 320 Mbit/s of it carry pictures."""
RAW_BITS_PER_PIXEL = {"NV12": 12, "YU12": 12, "YV12": 12, "YUYV": 16, "UYVY": 16, "RGB3": 24, "BGR3": 24}


def usb2_limit(device: Mapping[str, Any], mode: Mode, size: tuple[int, int], fps: Fraction) -> str:
    """Return a sentence where USB 2 is why ``mode`` is less than raw ``size`` at ``fps``, else an empty string."""
    speed_mbps = device.get("usb_speed_mbps")
    needed_mbps = size[0] * size[1] * float(fps) * RAW_BITS_PER_PIXEL["NV12"] / 1e6
    short = mode.pixel_format not in RAW_BITS_PER_PIXEL or mode.fps < fps * NEARLY or mode.width < size[0]
    if speed_mbps is None or speed_mbps > USB2_MBPS or not short or needed_mbps < speed_mbps * 2 / 3:
        return ""
    return (
        f"The card is connected by USB 2 ({speed_mbps} Mbit/s), and {size[0]}x{size[1]} at {format_fps(fps)} uncompressed "
        f"needs {needed_mbps:.0f} Mbit/s: plug it into a USB 3 port, if the card itself has USB 3."
    )


def mode_reason(
    device: Mapping[str, Any],
    mode: Mode | None,
    asked: str,
    streamed: tuple[tuple[int, int], Fraction],
    wish: tuple[tuple[int, int], Fraction],
) -> str:
    """Return why the card is asked for ``mode``.

    ``asked`` is streamkit_capture_mode; ``streamed`` and ``wish`` are (size, rate) of the stream and of the best that
    the settings leave open.
    """
    if asked != "auto":
        return f"streamkit_capture_mode is {asked}."
    if mode is None:
        return f"{device['card']} lists no mode; it is asked for whatever it delivers."
    limit = usb2_limit(device, mode, *wish)
    size, fps = streamed
    if mode.fps < fps * NEARLY or mode.width < size[0]:
        return f"{mode} is the most the card offers. {limit}".strip()
    return f"{mode} is the cheapest mode of the card for {size[0]}x{size[1]} at {format_fps(fps)}. {limit}".strip()


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
    """Return (audio source, device of ALSA or PulseAudio or None, reason).

    Without being told, only sound that comes in through the capture card itself is taken: the microphone of the
    room must never go on air because it was the only card.
    """
    asked, device = str(values["audio_source"]), str(values["audio_device"])
    if asked in ("tone", "none"):
        return asked, None, f"streamkit_audio_source is {asked!r}."
    if asked == "pulse":
        named = device if device != "auto" else "its default source"
        return "pulse", None if device == "auto" else device, f"streamkit_audio_source is 'pulse': {named}."
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
