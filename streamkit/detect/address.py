"""Where others reach this host."""

from __future__ import annotations

import socket


def outward_address() -> str | None:
    """Return this machine's address towards other networks, None without a route."""
    # Connecting a datagram socket sends nothing; it asks the kernel which of our addresses would be used.
    # The address is one reserved for documentation (RFC 5737): it stands for "anywhere else".
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            address: str = probe.getsockname()[0]
        except OSError:
            return None
    return address
