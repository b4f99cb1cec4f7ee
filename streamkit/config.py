"""The one schema of settings: inventory, panel and command line are all held to this table.

A setting is called ``streamkit_<name>`` in an inventory and ``<name>`` everywhere else.  Standard library only:
the same checks run on the controller, on a managed host and inside the container.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from streamkit.allowed import (
    ABSOLUTE,
    ALSA,
    CAPABILITIES,
    DEVICE,
    HOSTS,
    NAME,
    PULSE,
    QUEUE,
    QUEUE_ALLOWED,
    Value,
    boolean,
    choice,
    fps,
    mode,
    number,
    size,
    text,
    url,
)
from streamkit.encoders import ENCODERS, element_setting
from streamkit.errors import BadInputError

__all__ = ["PREFIX", "SETTINGS", "Setting", "Value", "check_together", "defaults", "parse_inventory"]

PREFIX = "streamkit_"


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
        except (ValueError, TypeError, ArithmeticError):
            raise BadInputError(f"{self.variable} is {raw!r}, which is not allowed; use {self.allowed}.") from None


def _setting(
    name: str, default: Value, help_text: str, allowed: str, check: Callable[[object], Value], runtime: bool = False
) -> Setting:
    return Setting(name, default, help_text, allowed, check, runtime=runtime)


def _choices(name: str, help_text: str, *choices: str, runtime: bool = False) -> Setting:
    """A setting whose default is its first choice."""
    return Setting(name, choices[0], help_text, "one of: " + ", ".join(choices), choice(*choices), choices, runtime)


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
                    f"auto, or an element such as {words}", text("auto|" + pattern))  # fmt: skip


def _queue(name: str, sizes: str, help_text: str) -> Setting:
    return _setting(name, f"queue {sizes}", help_text, QUEUE_ALLOWED, text(QUEUE))


_TABLE = (
    # --- what is streamed, and where to ---------------------------------------------------------------
    _choices("publish", "Serve viewers from this host (whep), or publish to an external server (whip).", "whep", "whip", runtime=True),
    _setting("server_url", "", "The server's WHIP endpoint, as in http://host:8080/api/whip; needed when publish is whip.",
             "a full http:// or https:// URL", url, runtime=True),
    _setting("whep_url", "", "The server's WHEP endpoint; empty: derived from a server_url that ends in /api/whip.",
             "a full http:// or https:// URL, or nothing", url, runtime=True),
    _choices("encoder", "Which encoder; auto takes the first of the plan that this host can run.",
             "auto", *ENCODERS, runtime=True),
    _setting("resolution", "auto", "Size of the encoded picture.", "auto, or WIDTHxHEIGHT with even sides such as 1280x720",
             size, runtime=True),
    _setting("fps", "auto", "Frames per second.", "auto, a whole number, or a fraction such as 60000/1001, from 1 to 240",
             fps, runtime=True),
    _setting("bitrate_kbps", 0, "Video bitrate in kbit/s; 0 lets the plan choose by size and rate.",
             "0 (the plan chooses) or a whole number from 100 to 100000 kbit/s", number(100, 100_000, 0), runtime=True),
    _setting("encoder_speed", 0, "Steps faster (above 0, at lower quality) or slower (below 0) than the encoder's script; as far as it goes.",
             "a whole number from -6 to 6", number(-6, 6)),
    _setting("keyframe_interval_s", 4, "Longest time between two key frames, in seconds.",
             "a whole number from 1 to 60 seconds", number(1, 60), runtime=True),
    _choices("probe", "Trial encodes on the host: when something they depend on changed, never, or at each deployment.",
             "auto", "never", "always"),
    _setting("max_frame_age_ms", "auto", "Raw frames older than this are dropped before the encoder; auto: two frame periods.",
             "auto, 0 (never late), or a whole number up to 60000 ms", text(r"auto|0|[1-9]\d{0,3}|[1-5]\d{4}|60000"),
             runtime=True),
    _choices("playout_delay", "How long viewers hold frames: none asks each to show them as they come, receiver leaves it to them.",
             "none", "receiver", runtime=True),
    _setting("stun_server", "", "STUN server for viewers or servers outside the LAN; empty: none is asked.",
             "stun://host:port, or nothing", text(r"(stun://[A-Za-z0-9.\-]+(:\d{1,5})?)?"), runtime=True),
    # --- where picture and sound come from ------------------------------------------------------------
    _choices("source", "Picture: a capture card, or the moving test picture; auto takes a card where there is one.",
             "auto", "v4l2", "test"),
    _setting("video_device", "auto", "The capture card's node.", "auto, or a path such as /dev/video0", text(DEVICE)),
    _setting("capture_mode", "auto", "What is asked of the card.",
             "auto, or FORMAT WIDTHxHEIGHT@FPS such as 'YUYV 1280x720@60'",
             mode),
    _choices("audio_source", "Sound: the ALSA card, PulseAudio or PipeWire, a test tone, or none; auto follows the picture's source.",
             "auto", "alsa", "pulse", "tone", "none"),
    _setting("audio_device", "auto", "The ALSA capture device, or the PulseAudio source.",
             "auto, an ALSA name such as hw:1,0, or the name of a PulseAudio source such as alsa_input.usb-Card.analog-stereo",
             text(f"auto|{ALSA}|{PULSE}")),
    _setting("pulse_socket", "/run/user/1000/pulse/native",
             "Socket of the host's PulseAudio or PipeWire; its user must have the number 1000, as the container's has.",
             "an absolute path", text(ABSOLUTE)),
    # --- which GPU, where there are several -------------------------------------------------------------
    _setting("render_node", "auto", "The GPU for VA-API.", "auto, or a path such as /dev/dri/renderD129",
             text(r"auto|/dev/dri/renderD\d{1,3}")),
    _setting("cuda_device", "auto", "The NVIDIA GPU, by nvidia-smi's number.", "auto, or a whole number from 0 to 31",
             text(r"auto|[12]?\d|3[01]")),
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
             "one line of text, or nothing", text(r"[^\x00-\x1f\x7f]{0,300}")),
    # --- the panel and the ports -------------------------------------------------------------------------
    _setting("panel_port", 8081, "TCP port of the panel.", "a whole number from 1024 to 65535", number(1024, 65535)),
    _setting("panel_bind", "0.0.0.0", "Address the panel listens on.", "an IPv4 address such as 0.0.0.0 or 127.0.0.1",
             text(r"\d{1,3}(\.\d{1,3}){3}")),
    _setting("panel_hosts", "", "Further names by which browsers reach the panel, such as the one of a proxy in front of it.",
             "nothing, or host names with commas between them, such as tv.example.org", text(HOSTS)),
    _setting("panel_open_view", False, "Show picture and figures to everybody, without a login; controls and log stay closed.",
             "true or false", boolean),
    _setting("whep_port", 8189, "Loopback TCP port between panel and stream.", "a whole number from 1024 to 65535",
             number(1024, 65535)),
    # --- the container -----------------------------------------------------------------------------------
    _setting("container_name", "gaming-streamer", "Name of the container.", "lower-case letters, digits and ._-", text(NAME)),
    _setting("project_name", "gaming-streamer", "Name of the compose project.", "lower-case letters, digits, _ and -",
             text(r"[a-z0-9][a-z0-9_-]{0,62}")),
    _setting("image_name", "gaming-streamer", "Name of the image, without tag.", "lower-case letters, digits and ._-/",
             text(r"[a-z0-9][a-z0-9_./-]{0,126}")),
    _setting("image_archive", "", "File on the controller, written by 'docker save', to load instead of building.",
             "a path, or nothing", text(r"[^\0\n]*")),
    _setting("base_image", "debian:trixie-slim", "Base of the build; where it cannot be pulled, debootstrap makes one.",
             "an image reference", text(r"[a-z0-9][A-Za-z0-9_./:@-]{0,200}")),
    _setting("cpus", 2.0, "CPUs the container may use; never more than the host has.", "a number from 0.5 to 256",
             number(0.5, 256, kind=float)),
    _setting("memory_mb", 2048, "Memory limit in MiB.", "a whole number from 512 to 1048576 MiB", number(512, 1_048_576)),
    _setting("pids_limit", 256, "How many processes and threads.", "a whole number from 64 to 32768", number(64, 32768)),
    _setting("capabilities", "", "Capabilities given back to the container; for uid 1000 they have no effect.",
             "nothing, or names such as SYS_RAWIO with commas between them", text(CAPABILITIES)),
    _choices("network", "The container's network; auto: a bridge when publishing by WHIP, the host's for viewers by WHEP.",
             "auto", "host", "bridge"),
    # --- the image and the release ------------------------------------------------------------------------
    _choices("image_variant", "Whose GPU drivers are in the image; auto: those of the GPU that was found.",
             "auto", "cpu", "intel", "amd"),
    _setting("image_builder", "", "Host of the inventory that builds the image for all; empty: the first one that needs it.",
             "the name of a host in the inventory, or nothing", text(r"[A-Za-z0-9_.\-]*")),
    _setting("stream_check_s", 30, "How long a new release may take until frames are sent; 0: it is not looked at.",
             "0 (no check) or a whole number from 1 to 300 seconds", number(1, 300, 0)),
    _setting("rollback", True, "Return to the last good release where a new one does not come up.", "true or false", boolean),
    # --- tuning of the host: off unless asked for -----------------------------------------------------------
    _choices("tuning", "Whether the host is tuned as below; absent takes back what was changed.", "absent", "present"),
    _choices("tuning_cpu_governor", "The processor's frequency governor.", "performance", "schedutil", "unchanged"),
    _setting("tuning_udp_buffer_kib", 2048, "Largest and default size of UDP socket buffers; 0 leaves them.",
             "0 (unchanged) or a whole number from 208 to 65536 KiB", number(208, 65536, 0)),
    _setting("tuning_realtime", False, "Let the container's threads ask for realtime priority.", "true or false", boolean),
    _setting("tuning_usb_autosuspend", True, "Keep the capture card's USB port awake.", "true or false", boolean),
    # --- measuring on the host (playbooks/bench.yml) ---------------------------------------------------------
    _setting("bench_may_interrupt", False, "Let playbooks/bench.yml stop the stream while it measures.", "true or false", boolean),
    _setting("bench_install_chromium", False, "Let playbooks/bench.yml install Chromium on a host that lacks it.", "true or false",
             boolean),
    # --- places -------------------------------------------------------------------------------------------
    _setting("install_dir", "/opt/streamkit", "Releases on the host.", "an absolute path", text(ABSOLUTE)),
    _setting("state_dir", "/var/lib/streamkit", "The panel's overrides on the host.", "an absolute path", text(ABSOLUTE)),
    _setting("secrets_dir", "/etc/streamkit/secrets", "Stream key and panel token on the host.", "an absolute path", text(ABSOLUTE)),
    _setting("ca_bundle", "/etc/ssl/certs/ca-certificates.crt", "The host's CA bundle, for fetching during the build.",
             "an absolute path", text(ABSOLUTE)),
    _setting("stream_key_file", "", "File on the controller that holds the stream key.", "a path, or nothing", text(r"[^\0\n]*")),
    _setting("reset_overrides", False, "Drop what was changed in the panel.", "true or false", boolean),
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
    if device != "auto" and source in ("auto", "alsa") and not re.fullmatch(ALSA, device):
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
