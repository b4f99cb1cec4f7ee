"""The candidates: the guide's defaults first, each change at least once, and nothing that lowers quality unasked."""

from __future__ import annotations

import pytest

from bench.tune.space import DEFAULTS, Profile, candidates, knobs, profile_of, size
from streamkit.config import SETTINGS, Value
from streamkit.encoders import ENCODERS
from streamkit.errors import BadInputError

LOAD = Profile("x264", 720, 3000)


def values(profile: Profile, **allowed: object) -> dict[str, tuple[object, ...]]:
    return {knob.setting: knob.values for knob in knobs(profile, **allowed)}  # type: ignore[arg-type]


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("height", [720, 1080, 1440])
def test_every_value_is_allowed_and_the_default_comes_first(encoder: str, height: int) -> None:
    for knob in knobs(Profile(encoder, height, 3000), (1000, 6000), faster=True):
        own = 3000 if knob.setting == "bitrate_kbps" else SETTINGS[knob.setting].default
        assert knob.values[0] == own and len(set(knob.values)) == len(knob.values)
        for value in knob.values:
            assert SETTINGS[knob.setting].parse(value) == value


def test_only_queues_that_the_load_takes_are_tried() -> None:
    assert list(values(LOAD)) == ["queue_video_low_res", "queue_audio", "queue_rtp", "encoder_speed"]
    assert "queue_video_mid_res" in values(Profile("x264", 1080, 3000))
    assert "queue_video_high_res" in values(Profile("x264", 1440, 3000))
    slow = values(Profile("av1-svt", 720, 3000))
    assert "queue_rtp" not in slow and "max-size-time=1500000000" in str(slow["queue_coded"])


def test_quality_is_lowered_only_where_it_is_allowed() -> None:
    assert values(Profile("vp9", 720, 3000))["encoder_speed"] == (0, -1, -2)
    assert values(Profile("vp9", 720, 3000), faster=True)["encoder_speed"] == (0, -1, -2, 1)
    assert "bitrate_kbps" not in values(LOAD)
    assert values(LOAD, bitrates=(2000, 5000))["bitrate_kbps"] == (3000, 2000, 4000, 5000)
    assert values(LOAD, bitrates=(2950, 2990))["bitrate_kbps"] == (3000, 2950, 2990)


@pytest.mark.parametrize(
    ("bitrates", "sentence"),
    [
        ((50, 3000), "--bitrate-from is 50; use a whole number from 100 to 100000"),
        ((1000, 0), "--bitrate-to is 0; use a whole number"),
        ((4000, 3000), "--bitrate-from 4000 is more than --bitrate-to 3000"),
    ],
)
def test_bitrates_that_are_no_range(bitrates: tuple[int, int], sentence: str) -> None:
    with pytest.raises(BadInputError, match=sentence.replace("(", r"\(")):
        knobs(LOAD, bitrates)


def test_candidates_are_different_and_equal_for_an_equal_seed() -> None:
    found = knobs(LOAD)
    made = candidates(found, 30, seed=7)
    assert made == candidates(found, 30, seed=7) != candidates(found, 30, seed=8)
    assert made[0] == DEFAULTS and made[0].name == "defaults" and len({one.name for one in made}) == 30
    singles = sum(len(knob.values) - 1 for knob in found)
    assert all(len(one.changes) == 1 for one in made[1 : singles + 1])
    assert all(len(one.changes) > 1 for one in made[singles + 1 :])
    assert len(candidates(found, 200, seed=1)) <= size(found)
    assert len(candidates(found[:1], 200, seed=1)) == size(found[:1]) == 4


def test_names_are_short() -> None:
    names = {one.name for one in candidates(knobs(LOAD), 10, seed=1)}
    assert {"queue_video_low_res 2 buffers", "encoder_speed -1"} <= names | {
        one.name for one in candidates(knobs(LOAD), 40, seed=1)
    }


@pytest.mark.parametrize("missing", [{"encoder": "auto"}, {"resolution": "auto"}, {"bitrate_kbps": 0}])
def test_a_load_that_is_left_open_is_refused(missing: dict[str, Value]) -> None:
    settings: dict[str, Value] = {"encoder": "x264", "resolution": "1280x720", "bitrate_kbps": 3000, **missing}
    with pytest.raises(BadInputError, match=rf"{next(iter(missing))} is .* give its value there"):
        profile_of(settings)
    assert profile_of({**settings, "encoder": "vp9", "resolution": "640x360", "bitrate_kbps": 900}) == Profile(
        "vp9", 360, 900
    )
