"""Real outputs of gst-inspect, and the elements that are easily mistaken for encoders."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path

import pytest

from streamkit.parse import gst_inspect
from streamkit.parse import parse as parse_tool

FIXTURES = Path(__file__).parents[2] / "fixtures/parse/gst-inspect-1.0"
EXAMPLES = sorted(path.name for path in FIXTURES.iterdir())


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_real_machines_printed(name: str) -> None:
    text = (FIXTURES / name / "output.txt").read_bytes().decode()
    assert parse_tool("gst-inspect-1.0", text) == json.loads((FIXTURES / name / "expect.json").read_text())


@pytest.mark.parametrize(
    ("name", "long_name", "encodes"),
    [
        ("nvh264enc", "NVENC H.264 Video Encoder CUDA Mode", True),
        ("svtav1enc", "SvtAv1Enc", True),
        ("avenc_h264_nvenc", "libav NVIDIA NVENC H.264 encoder encoder", True),
        ("omxh264enc-omxvideo_encode", "OpenMAX H.264 Video Encoder", True),
        ("vtenc_h265", "H.265 encoder", True),
        ("pngenc", "PNG image encoder", True),
        ("lamemp3enc", "L.A.M.E. mp3 encoder", True),
        ("faac", "AAC audio encoder", True),
        ("encodebin2", "Encoder Bin", False),
        ("wavenc", "WAV audio muxer", False),
        ("srtpenc", "SRTP encoder", False),
        ("rtpulpfecenc", "RTP FEC Encoder", False),
        ("aesenc", "AES buffer encryptor", False),
        ("nvh264dec", "NVDEC H.264 Decoder", False),
        ("vaapipostproc", "VA-API video postprocessing", False),
        ("openh264dec", "OpenH264 video decoder", False),
        ("h264parse", "H.264 parser", False),
        ("cencdec", "Common Encryption decryptor", False),
    ],
)
def test_what_an_encoder_is(name: str, long_name: str, encodes: bool) -> None:
    assert gst_inspect.is_encoder(name, long_name) is encodes
    assert gst_inspect.parse(f"  {name}: {long_name}\n")["encoders"] == [name] * encodes


def test_labels_of_the_old_layout_are_no_elements() -> None:
    text = "Plugin Details:\n  Name:\t\tx\n  Description:\tan encoder\n  Filename:\t/usr/lib/libgstx.so\n"
    assert gst_inspect.parse(text)["encoders"] == []


def test_properties_of_an_element_are_no_elements() -> None:
    text = "Factory Details:\n  Klass   Codec/Decoder/Video\nElement Properties:\n  tune: which encoder made it\n"
    assert gst_inspect.parse(text)["encoders"] == []


def test_two_plugins_after_one_another_are_not_one() -> None:
    facts = gst_inspect.parse(
        "Plugin Details:\n  Name  va\n\n  vah264enc: a\n\nPlugin Details:\n  Name  x264\n\n  x264enc: b\n"
    )
    assert facts == {"plugin": None, "encoders": ["vah264enc", "x264enc"], "reason": "several plugins are listed"}


HOSTILE = {
    "rows": "nvcodec:  nvh264enc: NVENC H.264 Video Encoder\n",
    "names": "  Name  x\n",
    "sections": "Plugin Details:\n  Name  x\n  Filename  /a/libgstx.so\n",
    "commands": "gst-inspect-1.0 x\n",
    "defaults": 'name: x\n"a0"\n',
    "one line": "xenc: ",
    "words": "a-",
    "colons": ":",
    "blanks": " ",
    "modules": "libgst",
}


@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_long_text_costs_in_proportion(piece: str) -> None:
    """Four times the text may take at most about four times as long: ten leaves room for a busy machine."""

    def seconds(length: int) -> float:
        text = piece * (length // len(piece))
        start = time.process_time()
        gst_inspect.parse(text)
        return time.process_time() - start

    assert seconds(400_000) < 10 * max(min(seconds(100_000) for _ in range(2)), 0.02)


def test_any_text_gives_every_field() -> None:
    pieces = [
        "x264:  x264enc: x\n",
        "Plugin Details:\n",
        "  Name  x\n",
        "Klass  Codec/Encoder/Video\n",
        "gst-inspect-1.0 ",
        "\n",
        ":",
        "\x1b[",
    ]
    generator = random.Random(4)
    for _ in range(300):
        facts = gst_inspect.parse("".join(generator.choice(pieces) for _ in range(generator.randrange(20))))
        assert {"plugin", "encoders"} <= set(facts)
        assert facts["plugin"] is None or "error" not in facts
        json.dumps(facts)
