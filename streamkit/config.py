"""The one schema of settings: inventory, panel and command line are all held to this table.

A setting is called ``streamkit_<name>`` in an inventory and ``<name>`` everywhere else.  Standard library only:
the same checks run on the controller, on a managed host and inside the container.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from streamkit.encoders import ENCODERS, element_setting
from streamkit.errors import BadInputError
from streamkit.video import format_fps, parse_fps, parse_mode, parse_size

PREFIX = "streamkit_"
Value = str | int | float | bool


@dataclass(frozen=True)
class Setting:
    """One setting: its name, default, what is allowed (in words and as a check), and what it is for.

    ``check`` returns the value in its own type or raises ValueError; ``allowed`` says the same in words.
    ``runtime`` settings may be overridden from the panel while the container runs.
    """

    name: str
    default: Value
    help: str
    allowed: str
    check: Callable[[object], Value]
    choices: tuple[str, ...] = ()
    runtime: bool = False

    @property
    def variable(self) -> str:
        """The name in an inventory."""
        return PREFIX + self.name

    def parse(self, raw: object) -> Value:
        """Return ``raw`` as a checked value.  Raises BadInputError naming variable, value and what is allowed."""
        try:
            return self.check(raw)
        except (ValueError, TypeError, ZeroDivisionError):
            raise BadInputError(f"{self.variable} is {raw!r}, which is not allowed; use {self.allowed}.") from None


def _text(pattern: str) -> Callable[[object], str]:
    def check(raw: object) -> str:
        text = raw if isinstance(raw, str) else str(raw)
        if isinstance(raw, bool) or raw is None or not re.fullmatch(pattern, text):
            raise ValueError(raw)
        return text

    return check


def _choice(*choices: str) -> Callable[[object], str]:
    def check(raw: object) -> str:
        if raw not in choices:
            raise ValueError(raw)
        return str(raw)

    return check


def _number(low: float, high: float, *also: int, kind: type[int] | type[float] = int) -> Callable[[object], Value]:
    def check(raw: object) -> Value:
        if isinstance(raw, bool) or not isinstance(raw, int | float | str):
            raise ValueError(raw)
        value = kind(raw)
        if kind is int and float(raw) != value:
            raise ValueError(raw)
        if not low <= value <= high and value not in also:
            raise ValueError(raw)
        return value

    return check


def _boolean(raw: object) -> bool:
    # Ansible hands -e values over as text; these are the words its own documentation uses.
    words = {"true": True, "yes": True, "false": False, "no": False}
    if isinstance(raw, bool):
        return raw
    return words[str(raw).lower()] if str(raw).lower() in words else bool(_choice()(raw))


def _fps(raw: object) -> str:
    text = _text(r"[0-9./ ]+|auto")(raw)
    return text if text == "auto" else format_fps(parse_fps(text))


def _size(raw: object) -> str:
    text = _text(r"[0-9x ]+|auto")(raw).strip()
    return text if text == "auto" else "{}x{}".format(*parse_size(text))


def _mode(raw: object) -> str:
    text = _text(r"[^\0\n]+")(raw).strip()
    return text if text == "auto" else str(parse_mode(text))


# No colon: compose would read it as the end of the path. Names below /dev/v4l/by-id have none.
_DEVICE = r"auto|/dev/[A-Za-z0-9_./@+-]+"
_ABSOLUTE = r"/[A-Za-z0-9_./+-]*[A-Za-z0-9_+-]"
_NAME = r"[a-z0-9][a-z0-9_.-]{0,62}"
_HTTP = r"https?://[A-Za-z0-9.\-]+(:\d{1,5})?(/[^\s'\"]*)?|https?://\[[0-9A-Fa-f:]+\](:\d{1,5})?(/[^\s'\"]*)?"
_ALSA = r"(plug)?hw:[A-Za-z0-9_=,]+"
_PULSE = r"[A-Za-z0-9_@][A-Za-z0-9_.@+:-]*"
_QUEUE = r"queue( max-size-(buffers|time|bytes)=\d+)+"
_QUEUE_ALLOWED = "'queue' with max-size-buffers=, max-size-time= (ns) and max-size-bytes=, never leaky"


def _setting(
    name: str, default: Value, help_text: str, allowed: str, check: Callable[[object], Value], runtime: bool = False
) -> Setting:
    return Setting(name, default, help_text, allowed, check, runtime=runtime)


def _choices(name: str, help_text: str, *choices: str, runtime: bool = False) -> Setting:
    """A setting whose default is its first choice."""
    return Setting(name, choices[0], help_text, "one of: " + ", ".join(choices), _choice(*choices), choices, runtime)


def _element(encoder: str) -> Setting:
    """Which GStreamer element a hardware encoder is: the plan knows the GPU and its entry points."""
    codec, title = ENCODERS[encoder].codec, ENCODERS[encoder].title
    examples = {
        "vaapi": (rf"va(renderD\d+)?{codec}(lp)?enc", f"va{codec}enc, va{codec}lpenc, or varenderD129{codec}enc"),
        "nvidia": (rf"nv{codec}(device[1-9]\d?)?enc", f"nv{codec}enc, or nv{codec}device1enc"),
    }
    pattern, words = examples[ENCODERS[encoder].needs]
    name = element_setting(ENCODERS[encoder]) or ""
    return _setting(name, "auto", f"GStreamer element for {title}; the plan names GPU and entry point.",
                    f"auto, or an element such as {words}", _text("auto|" + pattern))  # fmt: skip


def _queue(name: str, sizes: str, help_text: str) -> Setting:
    return _setting(name, f"queue {sizes}", help_text, _QUEUE_ALLOWED, _text(_QUEUE))


_TABLE = (
    # --- what is streamed, and where to ---------------------------------------------------------------
    _choices("publish", "Serve viewers from this host (whep), or publish to an external server (whip).", "whep", "whip", runtime=True),
    _setting("server_url", "", "The server's WHIP endpoint, as in http://host:8080/api/whip; needed when publish is whip.",
             "a full http:// or https:// URL", _text(_HTTP + "|"), runtime=True),
    _setting("whep_url", "", "The server's WHEP endpoint; empty: derived from a server_url that ends in /api/whip.",
             "a full http:// or https:// URL, or nothing", _text(_HTTP + "|"), runtime=True),
    _choices("encoder", "Which encoder; auto takes the first of the plan that this host can run.",
             "auto", *ENCODERS, runtime=True),
    _setting("resolution", "auto", "Size of the encoded picture.", "auto, or WIDTHxHEIGHT with even sides such as 1280x720",
             _size, runtime=True),
    _setting("fps", "auto", "Frames per second.", "auto, a whole number, or a fraction such as 60000/1001, from 1 to 240",
             _fps, runtime=True),
    _setting("bitrate_kbps", 0, "Video bitrate in kbit/s; 0 lets the plan choose by size and rate.",
             "0 (the plan chooses) or a whole number from 100 to 100000 kbit/s", _number(100, 100_000, 0), runtime=True),
    _setting("keyframe_interval_s", 4, "Longest time between two key frames, in seconds.",
             "a whole number from 1 to 60 seconds", _number(1, 60), runtime=True),
    _choices("probe", "Trial encodes on the host: when something they depend on changed, never, or at each deployment.",
             "auto", "never", "always"),
    _setting("max_frame_age_ms", "auto", "Raw frames older than this are dropped before the encoder; auto: two frame periods.",
             "auto, 0 (never late), or a whole number up to 60000 ms", _text(r"auto|0|[1-9]\d{0,3}|[1-5]\d{4}|60000")),
    _setting("stun_server", "", "STUN server for viewers or servers outside the LAN; empty: none is asked.",
             "stun://host:port, or nothing", _text(r"(stun://[A-Za-z0-9.\-]+(:\d{1,5})?)?")),
    # --- where picture and sound come from ------------------------------------------------------------
    _choices("source", "Picture: a capture card, or the moving test picture; auto takes a card where there is one.",
             "auto", "v4l2", "test"),
    _setting("video_device", "auto", "The capture card's node.", "auto, or a path such as /dev/video0", _text(_DEVICE)),
    _setting("capture_mode", "auto", "What is asked of the card.",
             "auto, or FORMAT WIDTHxHEIGHT@FPS such as 'YUYV 1280x720@60'",
             _mode),
    _choices("audio_source", "Sound: the ALSA card, PulseAudio or PipeWire, a test tone, or none; auto follows the picture's source.",
             "auto", "alsa", "pulse", "tone", "none"),
    _setting("audio_device", "auto", "The ALSA capture device, or the PulseAudio source.",
             "auto, an ALSA name such as hw:1,0, or the name of a PulseAudio source such as alsa_input.usb-Card.analog-stereo",
             _text(f"auto|{_ALSA}|{_PULSE}")),
    _setting("pulse_socket", "/run/user/1000/pulse/native",
             "Socket of the host's PulseAudio or PipeWire; its user must have the number 1000, as the container's has.",
             "an absolute path", _text(_ABSOLUTE)),
    # --- which GPU, where there are several -------------------------------------------------------------
    _setting("render_node", "auto", "The GPU for VA-API.", "auto, or a path such as /dev/dri/renderD129",
             _text(r"auto|/dev/dri/renderD\d{1,3}")),
    _setting("cuda_device", "auto", "The NVIDIA GPU, by nvidia-smi's number.", "auto, or a whole number from 0 to 31",
             _text(r"auto|[12]?\d|3[01]")),
    *(_element(name) for name, encoder in ENCODERS.items() if encoder.needs),
    # --- queues: names and defaults of the guide --------------------------------------------------------
    _queue("queue_video_low_res", "max-size-buffers=5 max-size-time=500000000 max-size-bytes=0", "Raw video up to 720p."),
    _queue("queue_video_mid_res", "max-size-buffers=10 max-size-time=500000000 max-size-bytes=0", "Raw video up to 1080p."),
    _queue("queue_video_high_res", "max-size-buffers=15 max-size-time=500000000 max-size-bytes=0", "Raw video above 1080p."),
    _queue("queue_audio", "max-size-buffers=10 max-size-time=200000000 max-size-bytes=0", "Audio."),
    _queue("queue_rtp", "max-size-buffers=5 max-size-time=100000000 max-size-bytes=0", "Coded side, after the parser."),
    _queue("queue_coded", "max-size-buffers=0 max-size-time=2000000000 max-size-bytes=0",
           "Coded side where an encoder reports more latency than queue_rtp can hold."),
    _setting("queue_reason", "", "Why queues differ from their defaults; written beside each that does.",
             "one line of text, or nothing", _text(r"[^\x00-\x1f\x7f]{0,300}")),
    # --- the panel and the ports -------------------------------------------------------------------------
    _setting("panel_port", 8081, "TCP port of the panel.", "a whole number from 1024 to 65535", _number(1024, 65535)),
    _setting("panel_bind", "0.0.0.0", "Address the panel listens on.", "an IPv4 address such as 0.0.0.0 or 127.0.0.1",
             _text(r"\d{1,3}(\.\d{1,3}){3}")),
    _setting("whep_port", 8189, "Loopback TCP port between panel and stream.", "a whole number from 1024 to 65535",
             _number(1024, 65535)),
    # --- the container -----------------------------------------------------------------------------------
    _setting("container_name", "gaming-streamer", "Name of the container.", "lower-case letters, digits and ._-", _text(_NAME)),
    _setting("project_name", "gaming-streamer", "Name of the compose project.", "lower-case letters, digits, _ and -",
             _text(r"[a-z0-9][a-z0-9_-]{0,62}")),
    _setting("image_name", "gaming-streamer", "Name of the image, without tag.", "lower-case letters, digits and ._-/",
             _text(r"[a-z0-9][a-z0-9_./-]{0,126}")),
    _setting("image_archive", "", "File on the controller, written by 'docker save', to load instead of building.",
             "a path, or nothing", _text(r"[^\0\n]*")),
    _setting("base_image", "debian:trixie-slim", "Base of the build; where it cannot be pulled, debootstrap makes one.",
             "an image reference", _text(r"[a-z0-9][A-Za-z0-9_./:@-]{0,200}")),
    _setting("cpus", 2.0, "CPUs the container may use; never more than the host has.", "a number from 0.5 to 256",
             _number(0.5, 256, kind=float)),
    _setting("memory_mb", 2048, "Memory limit in MiB.", "a whole number from 512 to 1048576 MiB", _number(512, 1_048_576)),
    _setting("pids_limit", 256, "How many processes and threads.", "a whole number from 64 to 32768", _number(64, 32768)),
    # --- places -------------------------------------------------------------------------------------------
    _setting("install_dir", "/opt/streamkit", "Releases on the host.", "an absolute path", _text(_ABSOLUTE)),
    _setting("state_dir", "/var/lib/streamkit", "The panel's overrides on the host.", "an absolute path", _text(_ABSOLUTE)),
    _setting("secrets_dir", "/etc/streamkit/secrets", "Stream key and panel token on the host.", "an absolute path", _text(_ABSOLUTE)),
    _setting("ca_bundle", "/etc/ssl/certs/ca-certificates.crt", "The host's CA bundle, for fetching during the build.",
             "an absolute path", _text(_ABSOLUTE)),
    _setting("stream_key_file", "", "File on the controller that holds the stream key.", "a path, or nothing", _text(r"[^\0\n]*")),
    _setting("reset_overrides", False, "Drop what was changed in the panel.", "true or false", _boolean),
)  # fmt: skip

SETTINGS: dict[str, Setting] = {setting.name: setting for setting in _TABLE}


def defaults() -> dict[str, Value]:
    """Return {name: default} of every setting: a new dictionary each time, for the caller to fill."""
    return {setting.name: setting.default for setting in _TABLE}


def parse_inventory(variables: Mapping[str, object]) -> dict[str, Value]:
    """Check the ``streamkit_*`` variables of an inventory; return {name without prefix: value}.

    Raises BadInputError with one sentence for the first variable that is unknown or not allowed.
    """
    given: dict[str, Value] = {}
    for variable, raw in sorted(variables.items()):
        name = variable.removeprefix(PREFIX)
        if not variable.startswith(PREFIX) or name not in SETTINGS:
            near = difflib.get_close_matches(name, SETTINGS, n=1)
            hint = f"did you mean {PREFIX}{near[0]}?" if near else "'streamkit settings' lists them all."
            raise BadInputError(f"{variable} is not a setting of streamkit; {hint}")
        given[name] = SETTINGS[name].parse(raw)
    return given


def check_together(values: Mapping[str, Value]) -> None:
    """Check what no single setting can show.  Raises BadInputError.  ``values`` holds every setting."""
    if values["publish"] == "whip" and not values["server_url"]:
        raise BadInputError(
            "streamkit_publish is 'whip' but streamkit_server_url is empty; give the server's WHIP endpoint, "
            "such as http://host:8080/api/whip, or use publish 'whep'."
        )
    if values["panel_port"] == values["whep_port"]:
        raise BadInputError(
            f"streamkit_panel_port and streamkit_whep_port are both {values['panel_port']}; give each its own port."
        )
    device, source = str(values["audio_device"]), values["audio_source"]
    if device != "auto" and source in ("auto", "alsa") and not re.fullmatch(_ALSA, device):
        raise BadInputError(
            f"streamkit_audio_device is {device!r}, which is no ALSA name such as hw:1,0; "
            f"set streamkit_audio_source to 'pulse' for a PulseAudio source."
        )
    for source, device in (("source", "video_device"), ("audio_source", "audio_device")):
        if values[device] != "auto" and values[source] in {"test", "tone", "none"}:
            raise BadInputError(
                f"streamkit_{device} is {values[device]!r} while streamkit_{source} is {values[source]!r}; "
                f"leave the device at auto, or the source at auto."
            )
