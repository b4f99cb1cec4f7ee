"""The WHEP proxy in front of a real HTTP server in the place of the signaller."""

from __future__ import annotations

from typing import Any

import pytest

from streamkit.panel.whep import MAX_BODY_BYTES

TOKEN = "correct horse battery staple"
OFFER = b"v=0\r\no=- offer"
SDP = {"Content-Type": "application/sdp"}
FRAGMENT = {"Content-Type": "application/trickle-ice-sdpfrag"}


def test_offer_goes_through_and_the_resource_becomes_the_panels(with_signaller: Any, signaller: Any) -> None:
    answer = with_signaller("POST", "/whep", OFFER, SDP, token=TOKEN)
    assert (answer.status, answer.body) == (201, b"v=0\r\nanswer")
    assert answer.headers["location"] == "/whep/viewer-1"
    assert answer.headers["content-type"] == "application/sdp"
    method, path, headers, body = signaller.requests[0]
    assert (method, path, body) == ("POST", "/whep/endpoint", OFFER)
    assert headers["content-type"] == "application/sdp"
    # The panel's own token is for the panel alone.
    assert "authorization" not in headers and "cookie" not in headers


def test_changes_and_the_end_reach_the_resource(with_signaller: Any, signaller: Any) -> None:
    signaller.location = f"{signaller.url.replace('/endpoint', '/elsewhere')}/viewer-7"
    where = with_signaller("POST", "/whep", OFFER, SDP, token=TOKEN).headers["location"]
    signaller.status = 204
    signaller.body = b""
    assert with_signaller("PATCH", where, b"a=candidate", FRAGMENT, token=TOKEN).status == 204
    assert with_signaller("DELETE", where, token=TOKEN).status == 200
    assert [request[:2] for request in signaller.requests[1:]] == [
        ("PATCH", "/whep/elsewhere/viewer-7"),
        ("DELETE", "/whep/elsewhere/viewer-7"),
    ]
    assert signaller.requests[1][3] == b"a=candidate"


def test_after_a_restart_of_the_panel_a_viewer_can_still_leave(with_signaller: Any, signaller: Any) -> None:
    assert with_signaller("DELETE", "/whep/viewer-9", token=TOKEN).status == 200
    assert signaller.requests[0][:2] == ("DELETE", "/whep/resource/viewer-9")


@pytest.mark.parametrize(
    "location", ["http://evil.test/whep/resource/1", "/whep/resource/%2e%2e", "/", "//evil.test/x"]
)
def test_a_resource_elsewhere_is_not_followed(with_signaller: Any, signaller: Any, location: str) -> None:
    signaller.location = location
    answer = with_signaller("POST", "/whep", OFFER, SDP, token=TOKEN)
    assert answer.status == 502
    assert "not its own" in answer.json["error"]


@pytest.mark.parametrize("path", ["/whep/..%2fsecret", "/whep/a/b", "/whep/" + "x" * 129])
def test_odd_resource_names_reach_nobody(with_signaller: Any, signaller: Any, path: str) -> None:
    assert with_signaller("DELETE", path, token=TOKEN).status == 404
    assert signaller.requests == []


def test_when_nothing_listens_one_sentence_says_what_the_stream_does(call: Any, states: Any) -> None:
    answer = call("POST", "/whep", OFFER, SDP, token=TOKEN)
    assert answer.status == 503
    assert answer.json["error"] == "The stream does not serve viewers yet; try again in a moment."
    states.supervisor("stopped")
    answer = call("POST", "/whep", OFFER, SDP, token=TOKEN)
    assert answer.json["error"] == "There is no picture to show: the stream is stopped."


def test_a_signaller_that_hangs_is_given_up(with_signaller: Any, signaller: Any) -> None:
    signaller.delay_s = 2.5
    answer = with_signaller("POST", "/whep", OFFER, SDP, token=TOKEN)
    assert answer.status == 504
    assert "within 2 s" in answer.json["error"]


@pytest.mark.parametrize(("status", "becomes"), [(404, 404), (500, 500), (401, 502), (403, 502), (302, 502)])
def test_refusals_of_the_signaller_are_told(with_signaller: Any, signaller: Any, status: int, becomes: int) -> None:
    signaller.status = status
    signaller.body = b"no such stream"
    answer = with_signaller("POST", "/whep", OFFER, SDP, token=TOKEN)
    assert answer.status == becomes
    assert f"answered {status}: no such stream" in answer.json["error"]


def test_only_offers_of_a_sane_size_pass(with_signaller: Any, signaller: Any) -> None:
    assert with_signaller("POST", "/whep", OFFER, {"Content-Type": "text/plain"}, token=TOKEN).status == 415
    assert with_signaller("POST", "/whep", b"", SDP, token=TOKEN).status == 400
    assert with_signaller("POST", "/whep", b"x" * (MAX_BODY_BYTES + 1), SDP, token=TOKEN).status == 413
    assert signaller.requests == []
    assert with_signaller("POST", "/whep", b"x" * MAX_BODY_BYTES, SDP, token=TOKEN).status == 201


def test_an_endless_answer_is_cut(with_signaller: Any, signaller: Any) -> None:
    signaller.body = b"x" * 300_000
    assert with_signaller("POST", "/whep", OFFER, SDP, token=TOKEN).status == 502


def test_whip_server_is_asked_with_the_stream_key(call: Any, states: Any, signaller: Any) -> None:
    base = signaller.url.removesuffix("/whep/endpoint")
    states.publish_by_whip(f"{base}/tv/api/whip")
    signaller.location = "/tv/api/whep"
    answer = call("POST", "/whep", OFFER, SDP, token=TOKEN)
    assert (answer.status, answer.headers["location"]) == (201, "/whep/whep")
    _, path, headers, _ = signaller.requests[0]
    assert path == "/tv/api/whep"
    assert headers["authorization"] == "Bearer the-stream-key"
    assert call("DELETE", "/whep/whep", token=TOKEN).status == 200
    assert call("DELETE", "/whep/whep", token=TOKEN).status == 404


def test_whip_server_with_another_address_needs_the_setting(call: Any, states: Any, signaller: Any) -> None:
    states.publish_by_whip("http://box.test/publish")
    answer = call("POST", "/whep", OFFER, SDP, token=TOKEN)
    assert answer.status == 404
    assert "streamkit_whep_url" in answer.json["error"]
    assert call("GET", "/api/status", token=TOKEN).json["preview"]["offered"] is False
    states.publish_by_whip("http://box.test/publish", whep_url=signaller.url)
    assert call("POST", "/whep", OFFER, SDP, token=TOKEN).status == 201


def test_a_key_that_cannot_be_read_is_said_without_asking(call: Any, states: Any, context: Any) -> None:
    context.stream_key_file.unlink()
    states.publish_by_whip("http://127.0.0.1:9/api/whip")
    answer = call("POST", "/whep", OFFER, SDP, token=TOKEN)
    assert answer.status == 503
    assert "stream key" in answer.json["error"]
