"""A reader's queue: in order, bounded, and light while it is empty."""

from __future__ import annotations

import tracemalloc

import gevent
import pytest
from gevent.queue import Empty, Full

from streamkit.panel.pending import Pending


def test_events_come_in_order_and_wake_who_waits() -> None:
    pending = Pending(3)
    reader = gevent.spawn(lambda: [pending.get(), pending.get(), pending.get()])
    gevent.sleep(0)
    for event in (b"a", b"b", None):
        pending.put_nowait(event)
        gevent.sleep(0)
    assert reader.get(timeout=5) == [b"a", b"b", None]
    assert pending.empty()


def test_one_more_than_there_is_room_for_is_refused_and_the_others_stay() -> None:
    pending = Pending(2)
    pending.put_nowait(b"a")
    pending.put_nowait(b"b")
    with pytest.raises(Full):
        pending.put_nowait(b"c")
    assert (pending.get(), pending.get()) == (b"a", b"b")
    pending.put_nowait(b"d")
    assert pending.get() == b"d"


def test_waiting_for_nothing_ends_in_time() -> None:
    with pytest.raises(Empty):
        Pending(2).get(timeout=0.01)


def test_a_thousand_empty_ones_take_less_than_half_a_megabyte() -> None:
    tracemalloc.start()
    try:
        kept = [Pending(8) for _ in range(1000)]
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(kept) == 1000
    assert taken < 500_000
