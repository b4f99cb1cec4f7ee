"""What a viewer of the crowd makes of the bytes of a stream."""

from __future__ import annotations

import socket
import time

from bench.measure.panel.viewers import DATA, SAMPLED, SO_TIMESTAMPNS, receive
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


def until_stamped(writer: socket.socket, reader: socket.socket) -> None:
    """Send until a time stamp comes along: the kernel begins to make them a moment after it was asked to
    (net/core/dev.c, net_enable_timestamp: a piece of work that is done later)."""
    deadline = time.monotonic() + 10
    stamped_at = None
    while stamped_at is None and time.monotonic() < deadline:
        writer.sendall(b"x")
        _, stamped_at = receive(reader)
        time.sleep(0.01)
    assert stamped_at is not None, "the kernel makes no time stamps"


def test_arrival_is_when_the_kernel_received_it_however_late_it_is_read() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as reader,
    ):
        reader.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        writer, _ = server.accept()
        with writer:
            until_stamped(writer, reader)
            before = time.time()
            writer.sendall(b"event")
            after = time.time()
            time.sleep(0.3)
            data, stamped_at = receive(reader)
    assert data == b"event" and stamped_at is not None
    # The kernel's clock is as exact as ours; half of the wait is room for a machine that is busy.
    assert before - 0.001 <= stamped_at <= after + 0.15
