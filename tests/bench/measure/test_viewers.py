"""What a viewer of the crowd makes of the bytes of a stream."""

from __future__ import annotations

from bench.measure.panel.viewers import DATA, SAMPLED
from streamkit.panel.fanout import encode_data, encode_event


def test_the_tick_and_the_size_are_read_from_an_event_as_the_panel_writes_it() -> None:
    data = encode_data({"stats": {"schema_version": 1, "sampled_at": 1700000000.125}, "status": {"sampled_at": 5}})
    stream = b"retry: 2000\n\n" + encode_event("combined_update", 7, data) + encode_event("config_update", 8, "{}")
    sampled, whole = SAMPLED.search(stream), DATA.search(stream)
    assert sampled and float(sampled[1]) == 1700000000.125
    assert whole and whole[1] == data.encode()


def test_half_an_event_is_none() -> None:
    assert DATA.search(encode_event("combined_update", 7, "{}")[:-1]) is None
    assert SAMPLED.search(encode_event("config_update", 7, '{"stats":{"sampled_at":1}}')) is None
