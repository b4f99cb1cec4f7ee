"""What streamkit-launch takes from its command line and environment."""

from __future__ import annotations

import pytest

from streamkit.errors import BadInputError
from streamkit.launch.arguments import read_options, words_of

WORDS = ["whepserversink", "name=sink", "signaller::host-addr=http://127.0.0.1:8189", "do-fec=false"]
REST = ["videotestsrc", "name=capture", "!", "video/x-raw,width=320", "!", "x264enc", "name=encoder", "!", "sink."]


def test_words_are_taken_as_they_are() -> None:
    options = read_options([*WORDS, *REST], {"STREAM_KEY_FILE": "/run/secrets/stream_key"})
    assert options.words == (*WORDS, *REST)
    assert (options.paint_timecode, options.max_frame_age_ms, options.figures_file) == (False, None, None)
    assert str(options.key_file) == "/run/secrets/stream_key"


def test_painting_is_asked_for_in_front_of_the_words() -> None:
    options = read_options(["--paint-timecode", *REST], {})
    assert options.paint_timecode
    assert options.words == tuple(REST)


def test_painting_can_be_asked_for_through_a_script() -> None:
    assert read_options(REST, {"PAINT_TIMECODE": "1"}).paint_timecode
    assert not read_options(REST, {"PAINT_TIMECODE": "0"}).paint_timecode
    with pytest.raises(BadInputError, match='PAINT_TIMECODE is "yes"; use 1 or 0'):
        read_options(REST, {"PAINT_TIMECODE": "yes"})


def test_sink_waits_only_where_that_is_measured() -> None:
    assert read_options(REST, {"SINK_WAITS": "1"}).sink_waits
    assert not read_options(REST, {}).sink_waits
    with pytest.raises(BadInputError, match='SINK_WAITS is "long"; use 1 or 0'):
        read_options(REST, {"SINK_WAITS": "long"})


def test_viewers_hold_no_frames_unless_they_may() -> None:
    assert read_options(REST, {}).no_playout_delay
    assert read_options(REST, {"PLAYOUT_DELAY": "none"}).no_playout_delay
    assert not read_options(REST, {"PLAYOUT_DELAY": "receiver"}).no_playout_delay
    with pytest.raises(BadInputError, match='PLAYOUT_DELAY is "0"; use none or receiver'):
        read_options(REST, {"PLAYOUT_DELAY": "0"})


@pytest.mark.parametrize(("text", "value"), [("", None), ("auto", None), ("40", 40.0), ("12.5", 12.5), ("0", 0.0)])
def test_age_limit(text: str, value: float | None) -> None:
    assert read_options(REST, {"MAX_FRAME_AGE_MS": text}).max_frame_age_ms == value


@pytest.mark.parametrize("text", ["soon", "-1", "nan", "inf", "60001"])
def test_age_limit_that_is_none_is_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(BadInputError, match=r"MAX_FRAME_AGE_MS .* from 0 .* to 60000"):
        read_options(REST, {"MAX_FRAME_AGE_MS": text})


@pytest.mark.parametrize("argv", [[], ["--paint-timecode"], ["--quiet", *REST]])
def test_words_are_needed_and_options_known(argv: list[str]) -> None:
    with pytest.raises(BadInputError, match="--help"):
        read_options(argv, {})


def test_words_of_an_element() -> None:
    assert words_of("sink", [*WORDS, *REST]) == WORDS
    assert words_of("encoder", [*WORDS, *REST]) == ["x264enc", "name=encoder"]
    assert words_of("sink", [*REST, "!", *WORDS]) == WORDS
    assert words_of("sink", REST) == []
