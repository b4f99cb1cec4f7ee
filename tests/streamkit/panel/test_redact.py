"""Secrets leave no trace in text, however they are written there, and what is no secret stays readable."""

from __future__ import annotations

import base64
import html
import json
import re
import shlex
from urllib.parse import quote, quote_plus

import pytest

from streamkit.panel.redact import Redactor, mask_urls, secret_parts
from tests.conftest import REPOSITORY

KEY = "Ab9/ü k+\"e'y&<z>=="
CLOUDFLARE = (
    "https://customer-m033z5x00ks6nunl.cloudflarestream.com/b236bde30eb07b9d01318940e5fc3edake34a3ef/webRTC/publish"
)


@pytest.mark.parametrize(
    "written",
    [
        KEY,
        json.dumps({"key": KEY}),
        json.dumps({"key": KEY}, ensure_ascii=False),
        repr({"key": KEY}),
        shlex.quote(KEY),
        html.escape(KEY),
        f"/whip?a={quote(KEY, safe='')}&b=1",
        f"/whip/{quote(KEY)}",
        f"key={quote_plus(KEY)}",
        re.sub("%..", lambda match: match[0].lower(), quote(KEY, safe="")),
        base64.b64encode(KEY.encode()).decode(),
        base64.urlsafe_b64encode(KEY.encode()).decode(),
        f"x{KEY}x\n{KEY}",
    ],
)
def test_a_known_secret_is_found_in_every_spelling(written: str) -> None:
    cleaned = Redactor([KEY, "tok"])(written)
    assert "***" in cleaned
    for part in ("Ab9", "ab9", "QWI5"):
        assert part not in cleaned


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("http://box:8080/api/whip", "http://box:8080/api/whip"),
        ("http://192.168.1.5:8081/", "http://192.168.1.5:8081/"),
        ("https://user:pass@box/api/whip", "https://***@box/api/whip"),
        ("turn://me:p@ss@turn.example:3478", "turn://***@turn.example:3478"),
        ("see https://box/watch?token=abc&x=1#top then", "see https://box/watch?token=***&x=***#*** then"),
        ("https://box/watch?abc", "https://box/watch?***"),
        (CLOUDFLARE, "https://customer-m033z5x00ks6nunl.cloudflarestream.com/***/webRTC/publish"),
        ("https://my.whip.livekit.cloud/w/2kLzvYmYSxYK", "https://my.whip.livekit.cloud/w/***"),
        ('{"url": "https://a:b@c/d"}', '{"url": "https://***@c/d"}'),
    ],
)
def test_addresses_keep_what_is_no_secret(text: str, cleaned: str) -> None:
    assert mask_urls(text) == cleaned
    assert Redactor([])(text) == cleaned
    assert mask_urls(cleaned) == cleaned


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("GET /watch?token=abc HTTP/1.1", "GET /watch?token=*** HTTP/1.1"),
        ("/x?a=1&access_token=abc&b=2", "/x?a=1&access_token=***&b=2"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("authorization: basic dTpw", "authorization: basic ***"),
        ("signaller::auth-token=abc sink", "signaller::auth-token=*** sink"),
        ('{"password": "abc", "a": 1}', '{"password": "***", "a": 1}'),
        ("STREAM_KEY=abc", "STREAM_KEY=***"),
    ],
)
def test_what_stands_beside_a_telling_name_goes(text: str, cleaned: str) -> None:
    assert Redactor([])(text) == cleaned


def test_a_short_secret_does_not_take_words_apart() -> None:
    assert Redactor(["live"])("live delivered, key=live") == "*** delivered, key=***"
    assert Redactor(["", "  ", "***"])("nothing to hide: ***") == "nothing to hide: ***"


def test_the_random_part_of_an_address_is_a_secret_of_its_own() -> None:
    assert secret_parts(CLOUDFLARE) == ["b236bde30eb07b9d01318940e5fc3edake34a3ef"]
    assert secret_parts("http://box:8080/api/whip") == secret_parts("") == []
    cleaned = Redactor([], [CLOUDFLARE])("POST /b236bde30eb07b9d01318940e5fc3edake34a3ef/webRTC/publish 409")
    assert cleaned == "POST /***/webRTC/publish 409"


def test_the_longer_of_two_secrets_is_taken_whole() -> None:
    assert Redactor(["streamer", "streamer-two"])("streamer-two streamer") == "*** ***"


def test_rendered_files_stay_as_they_are() -> None:
    """Nothing in a release is a secret, so nothing in it is masked: the bundle must be of use."""
    redact = Redactor(["correct horse battery staple", "the-stream-key"])
    for path in (REPOSITORY / "tests" / "golden" / "usb_card").rglob("*"):
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            assert redact(text) == text, path
