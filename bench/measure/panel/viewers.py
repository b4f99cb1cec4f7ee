"""Many viewers in one process: each holds ``/api/events`` open and notes when an event came.

Run as a program of its own, so that its CPU is not the panel's: the token comes on standard input, and one JSON object
goes to standard output.

An event has come when the kernel received it, by the kernel's own time stamp (SO_TIMESTAMPNS, which TCP has since Linux
4.14): one process that reads a thousand sockets comes to the last of them many milliseconds later, and that would be its
own delay and not the panel's.  How much later it read is the error that the method would have without; it is told too.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import selectors
import socket
import struct
import sys
import time
from typing import Any

from streamkit.probe.score import percentile

SAMPLED = re.compile(rb'event: combined_update\ndata: \{"stats":\{.{0,80}?"sampled_at":([\d.]+)')
DATA = re.compile(rb"event: combined_update\ndata: (.*?)\n\n", re.DOTALL)
LIMIT_S = 30.0
"""How long all viewers may take to get their first event."""
JOINING_AT_ONCE = 50
SO_TIMESTAMPNS = 35
"""asm-generic/socket.h; Python names it only from 3.14 on.  The message beside the data has the same number."""
TIMESPEC = struct.Struct("@qq")


def connect(port: int, token: str) -> socket.socket:
    """Return a connection that has asked for the events."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S)
    head = f"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n\r\n"
    connection.sendall(head.encode())
    return connection


def receive(stream: socket.socket) -> tuple[bytes, float | None]:
    """Return what has come, and when the kernel received the last of it (Unix time; None where it does not say)."""
    data, beside, _, _ = stream.recvmsg(65536, socket.CMSG_SPACE(TIMESPEC.size))
    for level, kind, content in beside:
        if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
            seconds, nanoseconds = TIMESPEC.unpack(content)
            return data, seconds + nanoseconds / 1e9
    return data, None


def first_event(port: int, token: str) -> tuple[float, int]:
    """Return (ms from connecting to the whole first event, bytes of its data)."""
    begun = time.perf_counter()
    received = b""
    with connect(port, token) as connection:
        while not (found := DATA.search(received)):
            more = connection.recv(65536)
            if not more:
                raise ConnectionError("the panel closed the stream of events before its first event")
            received += more
        return 1000 * (time.perf_counter() - begun), len(found[1])


def watch(port: int, token: str, count: int, seconds: float) -> dict[str, Any]:
    """Hold ``count`` streams for ``seconds`` after the last has begun; delays are ms from ``sampled_at`` to the kernel."""
    selector = selectors.DefaultSelector()
    unheard: set[int] = set()
    joining = count
    delays: list[float] = []
    read_late: list[float] = []
    unstamped = 0
    received = lost = 0
    limit = time.monotonic() + LIMIT_S
    until: float | None = None
    cpu = 0.0
    while until is None or time.monotonic() < until:
        if until is None and not joining and not unheard:
            # What arrives from here on is the steady state.
            until, cpu = time.monotonic() + seconds, time.process_time()
            delays.clear()
            read_late.clear()
            received = unstamped = 0
            sys.stderr.write("joined\n")
            sys.stderr.flush()
        if until is None and time.monotonic() > limit:
            raise TimeoutError(f"{joining + len(unheard)} of {count} viewers heard nothing for {LIMIT_S:g} s")
        while joining and len(unheard) < JOINING_AT_ONCE:
            connection = connect(port, token)
            connection.setblocking(False)
            connection.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
            selector.register(connection, selectors.EVENT_READ)
            unheard.add(connection.fileno())
            joining -= 1
        for key, _ in selector.select(0.5):
            stream = key.fileobj
            assert isinstance(stream, socket.socket)
            chunk, stamped_at = receive(stream)
            read_at = time.time()
            if not chunk:
                lost += 1
                unheard.discard(key.fd)
                selector.unregister(stream)
                continue
            received += len(chunk)
            sampled = SAMPLED.search(chunk)
            if sampled:
                unheard.discard(key.fd)
                unstamped += stamped_at is None
                at = read_at if stamped_at is None else stamped_at
                delays.append(1000 * (at - float(sampled[1])))
                read_late.append(1000 * (read_at - at))
    own = 100 * (time.process_time() - cpu) / seconds
    return {
        "viewers": count,
        "lost": lost,
        "events": len(delays),
        "p50_ms": percentile(delays, 0.5),
        "p99_ms": percentile(delays, 0.99),
        "read_late_p50_ms": percentile(read_late, 0.5),
        "read_late_p99_ms": percentile(read_late, 0.99),
        "unstamped": unstamped,
        "bytes_per_viewer_and_minute": round(received / count / seconds * 60),
        "own_cpu_percent": round(own, 2),
    }


def main() -> None:
    """Watch as the arguments say."""
    parser = argparse.ArgumentParser(description="Hold many streams of events open.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    arguments = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    found = watch(arguments.port, sys.stdin.readline().strip(), arguments.count, arguments.seconds)
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
