"""What is said of the viewers together."""

from __future__ import annotations

from typing import Any

from streamkit.panel.viewers import MOST_LISTED, WINDOW_S, Viewers


def viewer(name: str, sent: int, lost: int = 0, rtt_ms: float | None = None) -> dict[str, Any]:
    """One row of launch.json."""
    return {
        "id": name, "packets_sent": sent, "packets_lost": lost, "bytes_sent": 1200 * sent, "nack": lost, "pli": 1,
        "rtt_ms": rtt_ms, "bitrate_kbps": 2500.0, "connected_s": 5.0,
    }  # fmt: skip


def test_loss_is_that_of_the_last_ten_seconds_and_rtt_the_median() -> None:
    now = [100.0]
    viewers = Viewers(lambda: now[0])
    first = viewers.read([viewer("a", 1000, 100, 4.0), viewer("b", 1000, 0, 8.0)], 7)
    assert (first["viewer_count"], first["loss_percent"], first["rtt_ms"]) == (2, None, 6.0)
    now[0] += 2
    second = viewers.read([viewer("a", 1300, 106, 4.0), viewer("b", 1300, 0)], 7)
    assert (second["loss_percent"], second["rtt_ms"]) == (1.0, 4.0)
    for _ in range(6):
        now[0] += WINDOW_S / 5
        second = viewers.read([viewer("a", 1300, 106), viewer("b", second["viewers"][1]["packets_sent"] + 100)], 7)
    assert (second["loss_percent"], second["rtt_ms"]) == (0.0, None), "the loss is longer ago than ten seconds"


def test_counters_keep_what_viewers_took_that_left() -> None:
    viewers = Viewers()
    viewers.read([viewer("a", 1000, 10), viewer("b", 500)], 7)
    viewers.read([viewer("b", 600)], 7)
    viewers.read([viewer("b", 590), viewer("c", 50)], 7)
    viewers.read(None, None)
    viewers.read([viewer("b", 70)], 8)
    assert viewers.totals["packets_sent"] == 1000 + 600 + 50 + 70, "another stream counts its viewers from 0"
    assert viewers.totals["packets_lost"] == 10
    assert viewers.totals["bytes_sent"] == 1200 * viewers.totals["packets_sent"]


def test_a_crowd_is_counted_and_its_beginning_listed() -> None:
    found = Viewers().read([viewer(f"viewer-{number}", 10) for number in range(200)], 7)
    assert (found["viewer_count"], len(found["viewers"])) == (200, MOST_LISTED)
    assert set(found["viewers"][0]) == {
        "id", "connected_s", "rtt_ms", "packets_sent", "packets_lost", "nack", "pli", "bitrate_kbps",
    }  # fmt: skip


def test_rows_without_figures_are_no_error() -> None:
    found = Viewers().read([{"id": "a"}, {"packets_sent": "many", "rtt_ms": None}], 7)
    assert (found["viewer_count"], found["loss_percent"], found["rtt_ms"]) == (2, None, None)


def test_nobody_learns_the_address_of_another_ones_session() -> None:
    whole = "6f1d1f3e-aa01-4c6e-9a3e-0d9b7f4f2c11"
    found = Viewers().read([{"id": whole}], 7)
    assert [viewer["id"] for viewer in found["viewers"]] == ["6f1d1f3e"]
