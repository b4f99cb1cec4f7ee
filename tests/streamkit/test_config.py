"""Every setting says in one sentence what is wrong with a bad value."""

from __future__ import annotations

import pytest

from streamkit.config import SETTINGS, Value, check_together, parse_inventory
from streamkit.errors import BadInputError
from tests.conftest import MakeSettings


@pytest.mark.parametrize("name", SETTINGS)
def test_default_is_allowed(name: str) -> None:
    assert SETTINGS[name].parse(SETTINGS[name].default) == SETTINGS[name].default


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("streamkit_bitrate_kbps", -5),
        ("streamkit_bitrate_kbps", "fast"),
        ("streamkit_bitrate_kbps", True),
        ("streamkit_bitrate_kbps", 2500.5),
        ("streamkit_encoder", "h266"),
        ("streamkit_resolution", "1281x721"),
        ("streamkit_resolution", "1280*720"),
        ("streamkit_fps", "60/0"),
        ("streamkit_fps", 0),
        ("streamkit_fps", "1/2"),
        ("streamkit_panel_port", 80),
        ("streamkit_video_device", "video0"),
        ("streamkit_video_device", "/dev/video0 ! fakesink"),
        ("streamkit_server_url", "host:8080/api/whip"),
        ("streamkit_server_url", "http://host/$(id)'"),
        ("streamkit_server_url", "http://host:70000/api/whip"),
        ("streamkit_server_url", "http://[::1::2]/api/whip"),
        ("streamkit_server_url", "http://host/\0"),
        ("streamkit_bitrate_kbps", float("inf")),
        ("streamkit_fps", "59.12345678901"),
        ("streamkit_max_frame_age_ms", "\u0661"),
        ("streamkit_audio_device", "default; reboot"),
        ("streamkit_audio_device", "-record"),
        ("streamkit_audio_source", "pipewire"),
        ("streamkit_pulse_socket", "run/pulse/native"),
        ("streamkit_render_node", "/dev/dri/card0"),
        ("streamkit_cuda_device", "GPU-1"),
        ("streamkit_cuda_device", 32),
        ("streamkit_av1_vaapi_element", "vah264enc"),
        ("streamkit_h264_vaapi_element", "varenderD129h264enc ! fakesink"),
        ("streamkit_h264_nvenc_element", "nvh264device0enc"),
        ("streamkit_max_frame_age_ms", -1),
        ("streamkit_queue_reason", "two\nlines"),
        ("streamkit_capture_mode", "H264 1280x720@60"),
        ("streamkit_queue_audio", "queue leaky=downstream"),
        ("streamkit_container_name", "a b"),
        ("streamkit_install_dir", "opt"),
        ("streamkit_cpus", 0),
        ("streamkit_reset_overrides", "maybe"),
        ("streamkit_publish", None),
    ],
)
def test_bad_value_is_named_with_what_is_allowed(variable: str, value: object) -> None:
    with pytest.raises(BadInputError) as caught:
        parse_inventory({variable: value})
    sentence = str(caught.value)
    assert sentence == f"{variable} is {value!r}, which is not allowed; use {SETTINGS[variable[10:]].allowed}."


def test_unknown_variable_gets_the_nearest_name() -> None:
    with pytest.raises(
        BadInputError, match=r"streamkit_bitrate is not a setting of streamkit; did you mean streamkit_bitrate_kbps\?"
    ):
        parse_inventory({"streamkit_bitrate": 1})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"streamkit_fps": 60}, "60"),
        ({"streamkit_fps": "59.94"}, "60000/1001"),
        ({"streamkit_fps": "29.97"}, "30000/1001"),
        ({"streamkit_fps": "60000/1001"}, "60000/1001"),
        ({"streamkit_fps": "auto"}, "auto"),
    ],
)
def test_rates_are_kept_as_fractions(given: dict[str, object], expected: str) -> None:
    assert parse_inventory(given) == {"fps": expected}


def test_values_from_the_command_line_of_ansible_are_text() -> None:
    assert parse_inventory({"streamkit_bitrate_kbps": "5000", "streamkit_reset_overrides": "yes"}) == {
        "bitrate_kbps": 5000,
        "reset_overrides": True,
    }


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"publish": "whip"}, "streamkit_server_url is empty"),
        ({"panel_port": 8189}, "are both 8189"),
        ({"source": "test", "video_device": "/dev/video0"}, "leave the device at auto"),
        ({"audio_source": "none", "audio_device": "hw:1,0"}, "leave the device at auto"),
        ({"audio_device": "tv.monitor"}, "set streamkit_audio_source to 'pulse' for a PulseAudio source"),
    ],
)
def test_contradictions_are_named(settings: MakeSettings, changed: dict[str, Value], words: str) -> None:
    with pytest.raises(BadInputError, match=words):
        check_together(settings(**changed))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("render_node", "/dev/dri/renderD129"),
        ("cuda_device", "31"),
        ("av1_vaapi_element", "varenderD129av1lpenc"),
        ("h264_vaapi_element", "vah264lpenc"),
        ("av1_nvenc_element", "nvav1device1enc"),
        ("audio_device", "alsa_input.usb-Elgato_Cam_Link_4K_0003-03.analog-stereo"),
        ("audio_device", "@DEFAULT_MONITOR@"),
        ("audio_device", "plughw:CARD=C4K,DEV=0"),
    ],
)
def test_good_values_are_kept(name: str, value: str) -> None:
    assert parse_inventory({f"streamkit_{name}": value}) == {name: value}


def test_pulseaudio_takes_its_own_names(settings: MakeSettings) -> None:
    check_together(settings(audio_source="pulse", audio_device="tv.monitor"))
