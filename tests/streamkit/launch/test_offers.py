"""Which number an offer gives a header extension."""

from __future__ import annotations

import pytest

from streamkit.launch.offers import extension_id

URI = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"
# The sections of an offer of Chromium, cut to what is read and a little around it.
OFFER = f"""v=0\r
o=- 4611731400430051336 2 IN IP4 127.0.0.1\r
a=extmap-allow-mixed\r
m=audio 9 UDP/TLS/RTP/SAVPF 111\r
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r
a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time\r
m=video 9 UDP/TLS/RTP/SAVPF 96 97\r
a=extmap:14 urn:ietf:params:rtp-hdrext:toffset\r
a=extmap:5 {URI}\r
a=extmap:6 http://www.webrtc.org/experiments/rtp-hdrext/video-content-type\r
"""


def test_number_is_that_of_the_section_that_was_asked_for() -> None:
    assert extension_id(OFFER, "video", URI) == 5
    assert extension_id(OFFER, "audio", URI) is None
    assert extension_id(OFFER, "audio", "urn:ietf:params:rtp-hdrext:ssrc-audio-level") == 1
    assert extension_id("", "video", URI) is None


@pytest.mark.parametrize(
    ("line", "number"),
    [
        (f"a=extmap:5/sendrecv {URI}", 5),
        (f"a=extmap:5 {URI} 0 100", 5),
        (f"a=extmap:255 {URI}", 255),
        (f"a=extmap:4097 {URI}", None),
        (f"a=extmap:0 {URI}", None),
        (f"a=extmap:256 {URI}", None),
        (f"a=extmap:99999999999 {URI}", None),
        (f"a=extmap:x {URI}", None),
        (f"a=extmap: {URI}", None),
        (f"a=extmap:5 {URI}-2", None),
        (f"a=extmap:5 x{URI}", None),
        ("a=extmap:5", None),
    ],
)
def test_line_of_an_extension(line: str, number: int | None) -> None:
    assert extension_id(f"m=video 9 UDP/TLS/RTP/SAVPF 96\r\n{line}\r\n", "video", URI) == number
    assert extension_id(f"m=audio 9 UDP/TLS/RTP/SAVPF 96\r\n{line}\r\n", "video", URI) is None


def test_first_number_that_a_packet_can_carry_counts() -> None:
    section = f"m=video 9 UDP/TLS/RTP/SAVPF 96\na=extmap:4096 {URI}\na=extmap:7 {URI}\n"
    assert extension_id(section, "video", URI) == 7
