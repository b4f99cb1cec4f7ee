"""A script's pipeline turned into a trial."""

from __future__ import annotations

import pytest

from streamkit.errors import StreamkitError
from streamkit.probe.words import FEED, feed_words, source_words, trial_environment


def test_only_the_capture_element_is_replaced() -> None:
    words = [
        "gst-launch-1.0",
        "fakesink",
        "name=sink",
        "v4l2src",
        "name=capture",
        "device=/dev/null",
        "!",
        "video/x-raw",
        "!",
        "x264enc",
    ]
    assert feed_words(words) == ["fakesink", "name=sink", *FEED, "!", "video/x-raw", "!", "x264enc"]


def test_pipeline_without_a_capture_element_is_refused() -> None:
    with pytest.raises(StreamkitError, match="no element named capture"):
        feed_words(["gst-launch-1.0", "fakesrc", "!", "fakesink"])


def test_jpeg_card_is_stood_in_for_by_jpeg() -> None:
    assert "jpegenc" in source_words("image/jpeg,width=640,height=480,framerate=30/1", 4)
    assert "jpegenc" not in source_words("video/x-raw,format=YUY2,width=640,height=480,framerate=30/1", 4)


def test_trial_neither_publishes_nor_opens_a_device() -> None:
    changed = trial_environment({"PUBLISH": "whip", "AUDIO_SOURCE": "alsa", "FPS": "30"})
    assert (changed["PUBLISH"], changed["AUDIO_SOURCE"], changed["FPS"]) == ("discard", "none", "30")
