"""Live figures from counters, and viewers from what webrtcbin really said (fixtures/webrtc/peers.json)."""

from __future__ import annotations

import json
from typing import Any

from streamkit.launch.figures import Figures, summarise_peer
from streamkit.launch.ledger import STAGES, Totals
from tests.conftest import HERE

CAPS = {"codec": "h264", "width": 1280, "height": 720, "configured_fps": 30.0}


def peers() -> dict[str, Any]:
    read: dict[str, Any] = json.loads((HERE / "fixtures/webrtc/peers.json").read_text())
    return read


def totals(encoded: int, encoded_bytes: int, delays: list[float] | None = None) -> Totals:
    found = {stage: list(delays or []) for stage in STAGES}
    return Totals({}, encoded + 1, encoded, encoded_bytes, 1, 2.0, found)


def test_rates_are_null_until_there_are_two_samples() -> None:
    figures = Figures()
    first = figures.document(10.0, CAPS, totals(30, 300_000), {"captured": 100})
    assert (first["video"]["fps"], first["video"]["bitrate_kbps"]) == (None, None)
    assert first["video"]["stages_ms"] == dict.fromkeys(STAGES)
    second = figures.document(12.0, CAPS, totals(90, 925_000, [1.0, 2.0, 3.0]), {"captured": 100})
    assert (second["video"]["fps"], second["video"]["bitrate_kbps"]) == (30.0, 2500.0)
    assert second["video"]["stages_ms"]["encode"] == {"p50": 2.0, "p95": 3.0}
    assert (second["video"]["captured"], second["video"]["encoded"], second["video"]["keyframes"]) == (91, 90, 1)
    assert second["video"]["keyframe_interval_s"] == 2.0
    assert second["video"]["width"] == 1280
    assert second["audio"] == {"buffers": 100}


def test_last_document_keeps_the_rates_of_the_one_before() -> None:
    figures = Figures()
    figures.document(10.0, CAPS, totals(0, 0), None)
    figures.document(11.0, CAPS, totals(60, 500_000, [4.0]), None)
    last = figures.document(11.02, CAPS, totals(61, 508_000), None)
    assert (last["video"]["fps"], last["video"]["encoded"]) == (60.0, 61)
    assert last["video"]["stages_ms"]["send"] == {"p50": 4.0, "p95": 4.0}


def test_without_sound_there_is_no_audio_row() -> None:
    assert Figures().document(1.0, CAPS, totals(0, 0), None)["audio"] is None


def test_viewer_row_adds_up_video_and_audio() -> None:
    ((name, statistics),) = peers().items()
    outbound = [entry for entry in statistics.values() if entry.get("type") == "outbound-rtp"]
    assert {entry["kind"] for entry in outbound} == {"video", "audio"}
    row = summarise_peer(name, statistics)
    assert row["packets_sent"] == sum(entry["packets-sent"] for entry in outbound) > 0
    assert row["packets_lost"] == 0
    assert row["rtt_ms"] is None, "webrtcbin says 0.0 until a report came back: that is no round-trip time"


def test_round_trip_time_is_in_ms_and_the_worst_of_the_streams_counts() -> None:
    ((name, statistics),) = peers().items()
    remote = [entry for entry in statistics.values() if entry.get("type") == "remote-inbound-rtp"]
    remote[0]["round-trip-time"], remote[1]["round-trip-time"] = 0.0021, 0.0013
    assert summarise_peer(name, statistics)["rtt_ms"] == 2.1


def test_viewer_has_bitrate_from_its_second_sample_and_is_forgotten_when_gone() -> None:
    figures = Figures()
    now = peers()
    assert figures.viewers(5.0, now)[0]["bitrate_kbps"] is None
    for entry in next(iter(now.values())).values():
        if entry.get("type") == "outbound-rtp":
            entry["bytes-sent"] += 125_000
    (row,) = figures.viewers(7.0, now)
    assert row["bitrate_kbps"] == 1000.0
    assert row["connected_s"] == 2.0
    assert figures.viewers(8.0, {}) == []
    assert figures.viewers(9.0, now)[0]["connected_s"] == 0.0
