"""Steps of speed: the script's own at 0, the property of each encoder beside it, and no further than it goes."""

from __future__ import annotations

import pytest

from streamkit.encoders import ENCODERS, Encoder
from streamkit.render.job import make_job
from streamkit.render.speeds import speed, steps
from streamkit.render.templates import render_script
from streamkit.resolve import Effective
from tests.conftest import Host, MakeSettings


@pytest.mark.parametrize("encoder", ENCODERS.values(), ids=lambda encoder: encoder.id)
def test_a_step_changes_one_word_of_the_script(encoder: Encoder, settings: MakeSettings) -> None:
    def script(number: int) -> list[str]:
        values = settings(encoder=encoder.id, encoder_speed=number)
        return render_script(encoder, Effective(values, dict.fromkeys(values, "default"))).splitlines()

    slower, faster = steps(encoder)
    assert slower < 0 <= faster
    own = script(0)
    for number in (slower, faster):
        differing = [(a, b) for a, b in zip(own, script(number), strict=True) if a != b]
        assert len(differing) == (1 if number else 0)
        for a, b in differing:
            assert a.endswith(f"={speed(encoder, 0)}") and b.endswith(f"={speed(encoder, number)}")
    assert script(slower - 1) == script(slower) and script(faster + 1) == script(faster)


def test_words_are_the_encoders_own() -> None:
    assert [speed(ENCODERS["x264"], number) for number in (-2, -1, 0, 1)] == [
        "veryfast",
        "superfast",
        "ultrafast",
        "ultrafast",
    ]
    assert [speed(ENCODERS["h264-nvenc"], number) for number in (-1, 0, 3)] == ["p5", "p4", "p1"]
    assert [speed(ENCODERS["h264-vaapi"], number) for number in (-1, 0, 1)] == ["5", "6", "7"]


def test_trial_encodes_are_made_at_that_speed_and_made_again_for_another(host: Host) -> None:
    slow, own = (make_job(host("no_card"), {"encoder_speed": number}) for number in (-1, 0))
    assert slow["key"] != own["key"]
    assert "speed-preset=superfast" in slow["scripts"]["stream-x264.sh"]
