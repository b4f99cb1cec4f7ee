"""Schema default < plan < inventory < the panel's overrides."""

from __future__ import annotations

import pytest

from streamkit.config import Value
from streamkit.errors import BadInputError
from streamkit.resolve import Effective, resolve, script_environment, script_name

PLAN: dict[str, Value] = {
    "encoder": "x264",
    "resolution": "1280x720",
    "fps": "30",
    "bitrate_kbps": 2500,
    "source": "test",
    "audio_source": "tone",
}


def test_each_layer_wins_over_the_one_below() -> None:
    effective = resolve(PLAN, {"bitrate_kbps": 4000, "fps": "60000/1001"}, {"bitrate_kbps": 6000})
    assert effective.values["bitrate_kbps"] == 6000
    assert effective.origins["bitrate_kbps"] == "override"
    assert (effective.values["fps"], effective.origins["fps"]) == ("60000/1001", "inventory")
    assert (effective.values["encoder"], effective.origins["encoder"]) == ("x264", "plan")
    assert (effective.values["publish"], effective.origins["publish"]) == ("whep", "default")


def test_auto_in_a_layer_leaves_the_value_below() -> None:
    effective = resolve(PLAN, {"encoder": "auto", "bitrate_kbps": 0}, {"resolution": "auto"})
    assert (effective.values["encoder"], effective.origins["encoder"]) == ("x264", "plan")
    assert effective.values["bitrate_kbps"] == 2500
    assert effective.values["resolution"] == "1280x720"


def test_panel_may_not_override_what_concerns_the_host() -> None:
    with pytest.raises(BadInputError, match="'cpus' cannot be changed while the container runs"):
        resolve(PLAN, {}, {"cpus": 4})


def test_bad_override_is_refused_with_its_sentence() -> None:
    with pytest.raises(BadInputError, match="streamkit_bitrate_kbps is 7, which is not allowed"):
        resolve(PLAN, {}, {"bitrate_kbps": 7})


def test_script_environment_has_documented_names_and_no_key() -> None:
    environment = script_environment(resolve(PLAN, {"capture_mode": "YUYV 1280x720@59.94"}, {}).values)
    assert environment["BITRATE"] == "2500"
    assert environment["CAPTURE_MODE"] == "video/x-raw,format=YUY2,width=1280,height=720,framerate=60000/1001"
    assert "STREAM_KEY" not in environment


@pytest.mark.parametrize("layer", ["inventory", "override"])
def test_script_that_scales_down_has_its_size_until_somebody_asks(layer: str) -> None:
    def effective(chosen: dict[str, Value]) -> Effective:
        return resolve(PLAN, chosen, {}) if layer == "inventory" else resolve(PLAN, {}, chosen)

    own = effective({"encoder": "av1-1080p-downscale"})
    assert script_name(own.values) == "stream-1080p-downscale.sh"
    assert script_environment(own.values)["RESOLUTION"] == "1920x1080"
    asked = effective({"encoder": "av1-1080p-downscale", "resolution": "960x540"})
    assert script_environment(asked.values)["RESOLUTION"] == "960x540"


def test_planned_size_of_a_script_that_scales_down_is_kept() -> None:
    # The plan knows more: a card of 1280x720 is not scaled up.
    planned = {**PLAN, "encoder": "av1-1080p-downscale", "resolution": "1280x720"}
    assert resolve(planned, {}, {}).values["resolution"] == "1280x720"


def test_values_for_another_encoder() -> None:
    effective = resolve(PLAN, {}, {})
    assert effective.for_encoder("av1-optiplex") == {**effective.values, "encoder": "av1-optiplex"}
    assert effective.for_encoder("av1-1080p-downscale")["resolution"] == "1920x1080"
    assert effective.for_encoder("vp9")["resolution"] == "1280x720"
    asked = resolve(PLAN, {}, {"resolution": "640x360"})
    assert asked.for_encoder("av1-1080p-downscale")["resolution"] == "640x360"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"encoder": "x264"}, {}),
        ({"encoder": "av1-vaapi"}, {"ENCODER_ELEMENT": "vaav1enc"}),
        (
            {"encoder": "av1-vaapi", "av1_vaapi_element": "varenderD129av1lpenc"},
            {"ENCODER_ELEMENT": "varenderD129av1lpenc"},
        ),
        ({"encoder": "h264-nvenc"}, {"ENCODER_ELEMENT": "nvh264enc", "CUDA_DEVICE": "-1"}),
        (
            {"encoder": "h264-nvenc", "h264_nvenc_element": "nvh264device1enc", "cuda_device": "1"},
            {"ENCODER_ELEMENT": "nvh264device1enc", "CUDA_DEVICE": "1"},
        ),
    ],
)
def test_gpu_of_an_encoder(given: dict[str, Value], expected: dict[str, str]) -> None:
    environment = script_environment(resolve(PLAN, given, {}).values)
    assert {k: v for k, v in environment.items() if k in ("ENCODER_ELEMENT", "CUDA_DEVICE")} == expected


def test_frame_age_reaches_the_launcher() -> None:
    assert script_environment(resolve(PLAN, {}, {}).values)["MAX_FRAME_AGE_MS"] == "auto"
    assert script_environment(resolve(PLAN, {"max_frame_age_ms": 50}, {}).values)["MAX_FRAME_AGE_MS"] == "50"


def test_viewers_are_asked_to_hold_no_frame_unless_they_may() -> None:
    assert script_environment(resolve(PLAN, {}, {}).values)["PLAYOUT_DELAY"] == "none"
    assert script_environment(resolve(PLAN, {"playout_delay": "receiver"}, {}).values)["PLAYOUT_DELAY"] == "receiver"
