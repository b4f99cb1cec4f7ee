"""Schema default < plan < inventory < the panel's overrides."""

from __future__ import annotations

import pytest

from streamkit.config import Value
from streamkit.errors import BadInputError
from streamkit.resolve import resolve, script_environment, script_name

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


def test_script_with_a_fixed_size_keeps_it() -> None:
    effective = resolve(PLAN, {"encoder": "av1-1080p-downscale"}, {})
    assert script_name(effective.values) == "stream-1080p-downscale.sh"
    assert script_environment(effective.values)["RESOLUTION"] == "1920x1080"
