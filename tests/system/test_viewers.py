"""What a viewer costs: the arithmetic, and a short form of the measurement itself."""

from __future__ import annotations

import pytest

from tests.system.viewers import Measured, cost_of_one, cpu_s, environment_for, one_round, said, table, with_rings

ROUNDS = [
    [Measured(0, 20.0, 60.0, 0.0, 30.0, 0, 0.0), Measured(4, 28.0, 80.0, 10.0, 30.0, 0, 12.0)],
    [Measured(4, 32.0, 84.0, 10.4, 29.0, 7, 13.0), Measured(0, 22.0, 60.0, 0.0, 30.0, 0, 0.0)],
]


def test_cpu_of_a_process_with_any_name() -> None:
    stat = "7 (a) b (c)) S 1 7 7 0 -1 4194560 900 0 0 0 250 50 9 9 20 0 11 0 100 5 6"
    assert cpu_s(stat, 100) == 3.0


def test_cost_is_found_also_where_frames_were_missing() -> None:
    """1 % for each frame per second, 2 % for each Mbit/s: with a third of the frames lost a viewer costs the same."""
    rounds = [
        [Measured(0, 30.0, 60.0, 0.0, 30.0, 0, 0.0), Measured(4, 50.0, 80.0, 10.0, 30.0, 0, 12.0)],
        [Measured(4, 34.0, 84.0, 7.0, 20.0, 7, 13.0), Measured(0, 28.0, 60.0, 0.0, 28.0, 0, 0.0)],
    ]
    cost = cost_of_one(rounds)
    assert cost.cpu_per_fps == pytest.approx((1.0, 1.0, 1.0)) and cost.cpu_per_mbps == pytest.approx((2.0, 2.0, 2.0))
    assert cost.memory_mib == (5.5, 5.0, 6.0)
    assert said(cost)[0].endswith("each Mbit/s 2.00 % of a core (2.00 to 2.00) to send.")


def test_table_has_a_row_for_each_number_of_viewers() -> None:
    lines = table(ROUNDS)
    assert [line.split("|")[1].strip() for line in lines] == ["viewers", "---", "0", "4"]
    assert "| 30.0 (28.0 to 32.0) |" in lines[-1] and "| 7 |" in lines[-1]


def test_another_picture_and_nothing_else_is_changed() -> None:
    words = with_rings("streamkit-launch videotestsrc name=capture pattern=smpte horizontal-speed=4 \\! fakesink")
    assert words == [
        *("streamkit-launch", "videotestsrc", "name=capture"),
        *("pattern=zone-plate", "kx2=8", "ky2=8", "kt=2", "!", "fakesink"),
    ]


@pytest.mark.image
def test_a_viewer_is_sent_picture_and_sound(product_image: str, report: dict[str, object]) -> None:
    environment = environment_for("640x360", "30", "1500")

    def in_order(none: Measured, one: Measured) -> bool:
        return one.fps > 20 and 0.75 < one.sent_mbps < 2.5 and one.memory_mib > none.memory_mib

    rounds = [one_round(product_image, [0, 1], 3.0, environment)]
    # What was measured while the machine did something else for these seconds is measured again.
    while not in_order(*rounds[-1]) and len(rounds) < 3:
        rounds.append(one_round(product_image, [0, 1], 3.0, environment))
    none, one = rounds[-1]
    report["one_viewer"] = {
        "measured_times": len(rounds),
        "cpu_percent": [round(none.cpu_percent, 1), round(one.cpu_percent, 1)],
        "mbps": one.sent_mbps,
    }
    assert none.sent_mbps == 0
    assert in_order(none, one), rounds
