"""How bad a line is, from real lines of the programs in the container; and its form in the file."""

from __future__ import annotations

import pytest

from streamkit.run.log_line import Level, LogLine, format_line, guess_level, parse_line


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("0:00:00.123456789    42 0x55d0c0a0 ERROR           v4l2src gstv4l2src.c:640:decide: cannot open", "error"),
        (
            "0:00:05.000000001     1 0x7f3c WARN   basesrc gstbasesrc.c:3688:gst_base_src_start_complete: pad not",
            "warning",
        ),
        ("0:00:00.000000001     1 0x7f3c TRACE  GST_LOCKING error? none", "debug"),
        ("0:00:00.000000001     1 0x7f3c INFO   GST_INIT gst.c:592:init_pre: no error", "info"),
        ("0:00:00.000000001     1 0x7f3c LOG    GST_BUFFER failed? no", "debug"),
        ("(streamkit-launch:17): GStreamer-CRITICAL **: 10:11:12.131: gst_mini_object_unref: assertion", "error"),
        ("(streamkit-launch:17): GLib-GObject-WARNING **: 10:11:12.131: invalid cast", "warning"),
        ("** Message: 10:11:12.131: error was repaired", "info"),
        ("ERROR: from element /GstPipeline:pipeline0/GstV4l2Src:capture: Cannot identify device", "error"),
        ("WARNING: from element /GstPipeline:pipeline0: Delayed linking failed.", "warning"),
        ("[warning] the error counter is 3", "warning"),
        ("DEBUG: the connection failed", "debug"),
        ("info: 0 failed", "info"),
        ("thread 'tokio-runtime-worker' panicked at src/lib.rs:5:1", "error"),
        ("Traceback (most recent call last):", "error"),
        ("ConnectionResetError: [Errno 104] Connection reset by peer", "error"),
        ("The stream ended with exit code 1: no picture", "warning"),
        ("/run/streamkit/launch.json cannot be written: No space left on device", "warning"),
        ("The capture card is away: nothing at /dev/streamkit; waiting for it", "info"),
        ("mirrors and terrors are words", "info"),
        ("Setting pipeline to PLAYING ...", "info"),
        ("", "info"),
    ],
)
def test_the_level_is_what_the_line_says_of_itself_else_its_words(text: str, level: Level) -> None:
    assert guess_level(text) == level


@pytest.mark.parametrize("text", ["", "plain", "with: colons: and <b>tags</b>", " leading", "ünïcode \x1b[31m"])
def test_a_line_comes_back_as_it_was_written(text: str) -> None:
    line = LogLine(1763855000.123, "warning", "stream", text)
    assert format_line(line).startswith("1763855000123 warning stream:")
    assert parse_line(format_line(line)) == line


@pytest.mark.parametrize("text", ["rubbish", "12 terrible stream: x", "12 info : x", "x info stream: y", "1 info"])
def test_what_is_no_line_is_kept_as_text(text: str) -> None:
    assert parse_line(text) == LogLine(0.0, "info", "log", text)
