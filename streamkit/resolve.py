"""Which value wins: schema default < plan < inventory < the panel's overrides; and what scripts are told.

Pure: the supervisor, the renderer and the tests call the same functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from streamkit.config import SETTINGS, Value, check_together, defaults
from streamkit.encoders import ENCODERS, element_setting
from streamkit.errors import BadInputError
from streamkit.video import mode_caps

Origin = Literal["default", "plan", "inventory", "override"]
_UNSET: dict[str, Value] = {"bitrate_kbps": 0}


@dataclass(frozen=True)
class Effective:
    """Every setting's value in force and where it came from (both keyed by name)."""

    values: dict[str, Value]
    origins: dict[str, Origin]

    def as_document(self) -> dict[str, dict[str, Value]]:
        """Return {name: {"value": …, "origin": …}} for the runtime settings and the sources."""
        return {name: {"value": value, "origin": self.origins[name]} for name, value in self.values.items()}

    def for_encoder(self, encoder: str) -> dict[str, Value]:
        """Return the values with another encoder: at its script's own size, unless a person asked for a size."""
        own, asked = ENCODERS[encoder].size, self.origins["resolution"] in ("inventory", "override")
        changed: dict[str, Value] = {"encoder": encoder}
        if own and not asked and encoder != self.values["encoder"]:
            changed["resolution"] = "{}x{}".format(*own)
        return {**self.values, **changed}


def is_auto(name: str, value: Value) -> bool:
    """Whether the value leaves the decision to the plan."""
    return value == _UNSET.get(name, "auto")


def resolve(planned: Mapping[str, Value], inventory: Mapping[str, Value], overrides: Mapping[str, Value]) -> Effective:
    """Merge the four layers.  A layer that says "auto" leaves the value of the layer below.

    Raises BadInputError when an override names what the panel may not change, or values contradict one another.
    """
    values: dict[str, Value] = defaults()
    origins: dict[str, Origin] = dict.fromkeys(SETTINGS, "default")
    layers: tuple[tuple[Origin, Mapping[str, Value]], ...] = (
        ("plan", planned),
        ("inventory", inventory),
        ("override", overrides),
    )
    for origin, layer in layers:
        for name, raw in layer.items():
            if name not in SETTINGS:
                raise BadInputError(f"{name!r} in the {origin} is not a setting of streamkit.")
            if origin == "override" and not SETTINGS[name].runtime:
                raise BadInputError(
                    f"{name!r} cannot be changed while the container runs; set streamkit_{name} in the inventory."
                )
            value = SETTINGS[name].parse(raw)
            if is_auto(name, value) and origins[name] != "default":
                continue
            values[name], origins[name] = value, origin
    check_together(values)
    effective = Effective(values, origins)
    chosen = str(values["encoder"])
    if chosen in ENCODERS and chosen != planned.get("encoder"):
        # The planned size is that of another encoder.
        as_planned = Effective({**values, "encoder": planned.get("encoder", "auto")}, origins)
        return Effective(as_planned.for_encoder(chosen), origins)
    return effective


def script_name(values: Mapping[str, Value]) -> str:
    """Return the file name of the script that the effective values choose."""
    return ENCODERS[str(values["encoder"])].script


def script_environment(values: Mapping[str, Value]) -> dict[str, str]:
    """Return the environment of a script: names as documented in every script's ``--help``.

    The stream key is never part of it; the launcher reads it from the file named by STREAM_KEY_FILE.
    """
    environment = {
        "PUBLISH": str(values["publish"]),
        "SERVER_URL": str(values["server_url"]),
        "WHEP_LISTEN": f"127.0.0.1:{values['whep_port']}",
        "STUN_SERVER": str(values["stun_server"]),
        "VIDEO_SOURCE": str(values["source"]),
        "VIDEO_DEVICE": str(values["video_device"]),
        "CAPTURE_MODE": mode_caps(str(values["capture_mode"])),
        "AUDIO_SOURCE": str(values["audio_source"]),
        "AUDIO_DEVICE": str(values["audio_device"]),
        "RESOLUTION": str(values["resolution"]),
        "FPS": str(values["fps"]),
        "BITRATE": str(values["bitrate_kbps"]),
        "KEYFRAME_INTERVAL": str(values["keyframe_interval_s"]),
        "MAX_FRAME_AGE_MS": str(values["max_frame_age_ms"]),
        "PLAYOUT_DELAY": str(values["playout_delay"]),
    }
    encoder = ENCODERS[str(values["encoder"])]
    if setting := element_setting(encoder):
        environment["ENCODER_ELEMENT"] = encoder.element if values[setting] == "auto" else str(values[setting])
    if encoder.needs == "nvidia":
        environment["CUDA_DEVICE"] = "-1" if values["cuda_device"] == "auto" else str(values["cuda_device"])
    return environment
