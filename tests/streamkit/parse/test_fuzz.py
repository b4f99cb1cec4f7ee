"""Every parser on texts that no tool printed: mutations of all fixture texts, from one seed.

``STREAMKIT_FUZZ_INPUTS`` sets how many (2,000 in every run), ``STREAMKIT_FUZZ_SEED`` another seed.  An input is made
from the seed and its number alone, so a failure names all that is needed to see it again.
"""

from __future__ import annotations

import json
import os
import random
import re
import sys
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from streamkit.parse import TOOLS, parse
from tests.conftest import HERE

INPUTS = int(os.environ.get("STREAMKIT_FUZZ_INPUTS", "2000"))
SEED = int(os.environ.get("STREAMKIT_FUZZ_SEED", "4051"))
MAX_SECONDS = 2.0
"""CPU time of one call: a text of this suite takes milliseconds."""

FIELDS = {
    "vainfo": {"usable", "driver", "encode", "low_power_only", "decode", "encode_still"},
    "nvidia-smi": {"gpus", "nvenc", "nvenc_codecs", "usable_now"},
    "v4l2-ctl": {"devices", "capture_candidates", "virtual", "best_mode"},
    "lspci": {"gpus"},
    "arecord": {"cards"},
    "gst-inspect-1.0": {"plugin", "encoders"},
}
ALPHABET = "aZ09 \t:,;.[](){}<>|+-*/\\'\"#$%&=_~^`!?@\n\r\0\x1b\x07\x7f\xa0\xad\u200b\u2028\ufeff\ud800é✓字🎥"
TOKENS = (
    *(
        "card 0: ",
        "device 0: ",
        "], ",
        " []",
        "[[",
        "]]",
        "(usb-",
        "(platform:",
        "):\n",
        "/dev/video",
        "\t/dev/video0\n",
    ),
    *("Size: Discrete ", "Interval: ", " fps)", "'YUYV'", "Type: Video Output\n", "VAProfile", "VAEntrypoint", ": \t"),
    *(
        "EncSliceLP",
        "libva error: ",
        "NVIDIA ",
        "GeForce RTX ",
        "|",
        "+---",
        "MiB",
        "VGA compatible controller",
        "[10de:",
    ),
    *("(rev ff)", "nvcodec", "h264enc", "Permission denied\n", "command not found\n", "\x1b[31m", "\x1b]0;", "&amp;"),
    *("<br>", "\\[", "> ", "```\n", "[  12.345678] usb 1-1: reset\n"),
)


@cache
def corpus() -> list[tuple[str, str]]:
    """(tool, text) of every fixture."""
    folders = sorted((HERE / "fixtures/parse").glob("*/*/output.txt"))
    return [(path.parts[-3], path.read_bytes().decode("utf-8", "replace")) for path in folders]


def cut(draw: random.Random, text: str) -> str:
    begin, end = sorted(draw.choices(range(len(text) + 1), k=2))
    return draw.choice((text[:end], text[begin:], text[begin:end], text[:begin] + text[end:]))


def splice(draw: random.Random, text: str) -> str:
    other = draw.choice(corpus())[1]
    return text[: draw.randint(0, len(text))] + other[draw.randint(0, len(other)) :]


def lines(draw: random.Random, text: str) -> str:
    rows = text.split("\n")
    for _ in range(draw.randint(1, 4)):
        first, second = draw.randrange(len(rows)), draw.randrange(len(rows))
        match draw.randrange(4):
            case 0:
                rows.insert(second, rows[first])
            case 1 if len(rows) > 1:
                del rows[first]
            case 2:
                rows[first], rows[second] = rows[second], rows[first]
            case _:
                rows[first : first + 2] = ["".join(rows[first : first + 2])]
    return "\n".join(rows)


def characters(draw: random.Random, text: str) -> str:
    for _ in range(draw.randint(1, 12)):
        place = draw.randint(0, len(text))
        new = draw.choice(ALPHABET) if draw.random() < 0.8 else chr(draw.randrange(0x110000))
        text = text[:place] + new + text[place + draw.randint(0, 1) :]
    return text


def bits(draw: random.Random, text: str) -> str:
    raw = bytearray(text.encode("utf-8", "replace"))
    for _ in range(min(len(raw), draw.randint(1, 20))):
        raw[draw.randrange(len(raw))] ^= 1 << draw.randrange(8)
    return raw.decode("utf-8", draw.choice(("replace", "surrogateescape", "ignore")))


def words(draw: random.Random, text: str) -> str:
    for _ in range(draw.randint(1, 5)):
        place = draw.randint(0, len(text))
        text = text[:place] + draw.choice(TOKENS) + text[place:]
    return text


def repeated(draw: random.Random, text: str) -> str:
    place = draw.randint(0, len(text))
    piece = draw.choice((draw.choice(TOKENS), draw.choice(ALPHABET), text[place : place + 40]))
    times = draw.choice((10, 300, 3000)) if draw.random() < 0.9 else 20_000
    return text[:place] + piece * times + text[place:]


def numbers(draw: random.Random, text: str) -> str:
    new = draw.choice(("0", "-1", "9" * 400, "1e999", "0x7fffffff", "18446744073709551616", "nan", "1.2.3", "٣"))
    return re.sub(r"\d+", lambda match: new if draw.random() < 0.2 else match[0], text)


LAYOUTS = (
    *(("\n", "\r\n"), ("\n", "\r"), ("\t", "    "), ("  ", "\t"), (" ", "\xa0"), ("\n", "\n\n"), ("\n", " ")),
    *((" ", "\n"), ("\n", "\n> "), ("[", "\\["), (".", ","), ("\n", "\x1b[0m\n"), ("", "\0")),
)


def layout(draw: random.Random, text: str) -> str:
    old, new = draw.choice(LAYOUTS)
    return text.replace(old, new) if old else new.join(text)


MUTATIONS: tuple[Callable[[random.Random, str], str], ...] = (
    *(cut, splice, lines, characters, bits, words, repeated, numbers, layout),
)


def make_input(number: int) -> tuple[str, str]:
    """Return (tool, text) number ``number``: one to four mutations; every eighth is another tool's text."""
    draw = random.Random(f"{SEED}:{number}")
    tool, text = draw.choice(corpus())
    for mutate in draw.choices(MUTATIONS, k=draw.randint(1, 4)):
        text = mutate(draw, text)[:400_000]
    return (draw.choice(tuple(TOOLS)) if number % 8 == 0 else tool), text


def check_v4l2_ctl(facts: dict[str, Any]) -> None:
    nodes = {node for listed in facts["devices"].values() for node in listed}
    for field in ("capture_candidates", "virtual"):
        assert set(facts[field]) <= nodes
        assert all(re.fullmatch(r"/dev/video[0-9]+", node) for node in facts[field])
        assert len(set(facts[field])) == len(facts[field])
    best = facts["best_mode"]
    if best is None:
        assert facts["best_mode_reason"]
    else:
        assert set(best) == {"format", "width", "height", "fps"}
        assert best in facts["modes"]
        assert best["fps"] >= 24
        assert all(mode["width"] * mode["height"] <= best["width"] * best["height"] for mode in usable(facts))


def usable(facts: dict[str, Any]) -> list[dict[str, Any]]:
    return [mode for mode in facts["modes"] if mode["fps"] >= 24]


def check_arecord(facts: dict[str, Any]) -> None:
    assert ("error" in facts) == (not facts["cards"])
    for card in facts["cards"]:
        assert set(card) == {"card", "device", "name", "device_name", "id"}
        assert card["card"] is None or card["card"] >= 0
        assert card["device"] >= 0


def check_vainfo(facts: dict[str, Any]) -> None:
    assert set(facts["low_power_only"]) <= set(facts["encode"])
    assert set(facts["encode"]) <= {"h264", "hevc", "vp8", "vp9", "av1", "mpeg2"}
    assert facts["usable"] or facts["error"]


def check_nvidia_smi(facts: dict[str, Any]) -> None:
    nvenc, codecs = facts["nvenc"], facts["nvenc_codecs"]
    assert nvenc in (True, False, "unknown")
    assert codecs == "unknown" or isinstance(codecs, list)
    assert not codecs or nvenc is not False
    assert codecs != [] or nvenc is False
    assert all(isinstance(name, str) and name.strip() for name in facts["gpus"])


def check_lspci(facts: dict[str, Any]) -> None:
    for gpu in facts["gpus"]:
        assert gpu["vendor"] in {"intel", "amd", "nvidia", "other"}
        assert gpu["pci_id"] is None or re.fullmatch("[0-9a-f]{4}:[0-9a-f]{4}", gpu["pci_id"])


def check_gst_inspect(facts: dict[str, Any]) -> None:
    assert facts["plugin"] is None or facts["plugin"]
    assert len(set(facts["encoders"])) == len(facts["encoders"])


CHECKS: dict[str, Callable[[dict[str, Any]], None]] = {
    "vainfo": check_vainfo,
    "nvidia-smi": check_nvidia_smi,
    "v4l2-ctl": check_v4l2_ctl,
    "lspci": check_lspci,
    "arecord": check_arecord,
    "gst-inspect-1.0": check_gst_inspect,
}


def check(tool: str, text: str) -> float:
    """Parse and check one text; returns the CPU seconds it took."""
    begin = time.thread_time()
    facts = parse(tool, text)
    taken = time.thread_time() - begin
    assert FIELDS[tool] <= set(facts)
    json.dumps(facts, allow_nan=False)
    CHECKS[tool](facts)
    assert taken < MAX_SECONDS, f"{len(text)} characters took {taken:.1f} s"
    return taken


def test_every_tool_is_fuzzed() -> None:
    assert set(FIELDS) == set(CHECKS) == set(TOOLS) == {tool for tool, _ in corpus()}


# A hang is ended by pytest-timeout, which shows where; each call's own time is measured besides.
@pytest.mark.timeout(120 + INPUTS // 20)
def test_mutated_texts(capsys: pytest.CaptureFixture[str]) -> None:
    begin, longest = time.monotonic(), 0.0
    for number in range(INPUTS):
        tool, text = make_input(number)
        try:
            longest = max(longest, check(tool, text))
        except Exception as error:
            raise AssertionError(
                f"seed {SEED}, input {number}, {tool}: {type(error).__name__}: {error}; begins {text[:300]!r}"
            ) from error
    with capsys.disabled():
        sys.stdout.write(
            f"\nseed {SEED}: {INPUTS} inputs in {time.monotonic() - begin:.1f} s, longest call {longest:.2f} s\n"
        )


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize(
    "text", ["", "\0", "\n" * 1000, "\ud800", "[" * 10_000, "\x1b[" * 5000, " " * 100_000, "\ufeff"]
)
def test_texts_that_say_nothing(tool: str, text: str) -> None:
    check(tool, text)


@pytest.mark.parametrize("tool", TOOLS)
def test_every_text_given_to_every_parser(tool: str) -> None:
    for _, text in corpus():
        check(tool, text)
