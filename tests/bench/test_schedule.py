"""The order of the runs is a contract: interleaved, mirrored from pair to pair, the same for the same seed."""

from __future__ import annotations

from collections import Counter

from bench.schedule import pairs, warmups


def order(count: int, seed: int) -> str:
    """Return who runs, as text: A before, B after."""
    return "".join("AB"[slot.side] for slot in pairs(count, seed))


def test_the_order_of_a_seed() -> None:
    assert [(slot.side, slot.pair, slot.position, slot.warmup) for slot in (*warmups(), *pairs(2, 1))] == [
        (0, None, None, True),
        (1, None, None, True),
        (0, 0, 0, False),
        (1, 0, 1, False),
        (1, 1, 0, False),
        (0, 1, 1, False),
    ]


def test_blocks_are_abba_or_baab() -> None:
    text = order(400, 7)
    blocks = Counter(text[place : place + 4] for place in range(0, len(text), 4))
    assert set(blocks) == {"ABBA", "BAAB"}
    assert all(60 <= count <= 140 for count in blocks.values()), "the seed throws a fair coin"


def test_each_pair_has_both_sides_in_both_places() -> None:
    slots = pairs(6, 3)
    assert [(slot.pair, slot.position) for slot in slots] == [(pair, place) for pair in range(6) for place in (0, 1)]
    assert all({slots[2 * pair].side, slots[2 * pair + 1].side} == {0, 1} for pair in range(6))
    assert Counter(slot.side for slot in slots if slot.position == 0) == {0: 3, 1: 3}


def test_a_linear_drift_cancels() -> None:
    for seed in range(20):
        sides = [slot.side for slot in pairs(6, seed)]
        assert sum(time if side else -time for time, side in enumerate(sides)) == 0


def test_seeds_differ_and_longer_schedules_begin_alike() -> None:
    assert order(20, 1) != order(20, 2)
    assert order(20, 5)[:14] == order(7, 5)


def test_warmups_come_for_both_sides() -> None:
    assert [slot.side for slot in warmups(2)] == [0, 1, 0, 1] and warmups(0) == []
