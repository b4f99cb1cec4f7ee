"""The token, the cookie, throttling and the check for foreign pages, each by itself."""

from __future__ import annotations

import pytest

from streamkit.panel.auth import (
    COOKIE_LIFETIME_S,
    FREE_FAILURES,
    LONGEST_WAIT_S,
    MOST_ADDRESSES,
    Gate,
    Throttle,
    foreign_origin,
)


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_cookie_holds_until_it_ends_and_never_contains_the_token() -> None:
    clock = Clock()
    gate = Gate("sesame", clock)
    cookie = gate.cookie()
    assert "sesame" not in cookie
    assert gate.cookie_holds(cookie)
    clock.now += COOKIE_LIFETIME_S - 1
    assert gate.cookie_holds(cookie)
    clock.now += 1
    assert not gate.cookie_holds(cookie)


def test_cookie_of_another_token_or_with_a_later_end_is_refused() -> None:
    clock = Clock()
    cookie = Gate("sesame", clock).cookie()
    assert not Gate("mustard", clock).cookie_holds(cookie)
    ends, _, proof = cookie.partition(".")
    assert not Gate("sesame", clock).cookie_holds(f"{int(ends) + 1}.{proof}")


@pytest.mark.parametrize("cookie", ["", ".", "x.y", "9999999999", "9999999999.", "٣.x", "9" * 40 + ".x", "1.ÿ"])
def test_rubbish_is_no_cookie(cookie: str) -> None:
    assert not Gate("sesame").cookie_holds(cookie)


def test_wrong_tokens_must_wait_longer_and_longer_and_then_are_forgotten() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    waits = []
    for _ in range(FREE_FAILURES + 8):
        waits.append(throttle.wait_s("192.0.2.1"))
        throttle.failed("192.0.2.1")
    assert waits[:FREE_FAILURES] == [0.0] * FREE_FAILURES
    assert waits[FREE_FAILURES : FREE_FAILURES + 3] == [1.0, 2.0, 4.0]
    assert throttle.wait_s("192.0.2.1") == LONGEST_WAIT_S
    assert throttle.wait_s("192.0.2.2") == 0.0
    clock.now += LONGEST_WAIT_S
    assert throttle.wait_s("192.0.2.1") == 0.0
    clock.now += 3600
    throttle.failed("192.0.2.1")
    assert throttle.wait_s("192.0.2.1") == 0.0


def test_ipv6_neighbours_share_their_failures_and_mapped_ipv4_is_ipv4() -> None:
    throttle = Throttle(Clock())
    for number in range(FREE_FAILURES):
        throttle.failed(f"2001:db8::{number:x}")
        throttle.failed("::ffff:192.0.2.9")
    assert throttle.wait_s("2001:db8::ffff") > 0
    assert throttle.wait_s("2001:db8:0:1::1") == 0
    assert throttle.wait_s("192.0.2.9") > 0


def test_a_flood_of_addresses_does_not_fill_the_memory() -> None:
    throttle = Throttle(Clock())
    for number in range(MOST_ADDRESSES + 10):
        throttle.failed(f"10.0.{number // 256}.{number % 256}")
    assert len(throttle._failures) == MOST_ADDRESSES


def test_while_waiting_even_the_right_token_is_not_compared() -> None:
    gate = Gate("sesame")
    for _ in range(FREE_FAILURES):
        assert gate.try_token("wrong", "192.0.2.1") == "no"
    assert gate.try_token("sesame", "192.0.2.1") == "wait"
    assert gate.try_token("sesame", "192.0.2.2") == "ok"
    assert gate.admit(gate.cookie(), "", "192.0.2.1") == "ok"


def test_success_forgets_failures() -> None:
    gate = Gate("sesame")
    for _ in range(3):
        for _ in range(FREE_FAILURES - 1):
            assert gate.try_token("wrong", "192.0.2.1") == "no"
        assert gate.try_token("sesame", "192.0.2.1") == "ok"


@pytest.mark.parametrize(
    ("headers", "passes"),
    [
        ({}, True),
        ({"origin": "http://panel:8081"}, True),
        ({"origin": "https://PANEL:8081"}, True),
        ({"origin": "http://panel:8081", "sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"origin": "http://panel"}, False),
        ({"origin": "http://evil.test"}, False),
        ({"origin": "null"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({"origin": "http://panel:8081", "sec-fetch-site": "cross-site"}, False),
    ],
)
def test_foreign_pages_are_told_apart(headers: dict[str, str], passes: bool) -> None:
    refusal = foreign_origin("POST", {"host": "panel:8081", **headers})
    assert (refusal is None) is passes
    assert foreign_origin("GET", {"host": "panel:8081", **headers}) is None
