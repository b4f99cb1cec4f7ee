"""Capabilities by number."""

from __future__ import annotations

from pathlib import Path

from bench.stream.capabilities import bounding_set, names_in


def test_names_of_docker_s_default_set() -> None:
    assert names_in(0x00000000A80425FB) == [
        *("CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP", "NET_BIND_SERVICE"),
        *("NET_RAW", "SYS_CHROOT", "MKNOD", "AUDIT_WRITE", "SETFCAP"),
    ]


def test_what_a_machine_has(tmp_path: Path) -> None:
    status = tmp_path / "status"
    status.write_text("Name:\tpython3\nCapBnd:\t000001fffeffffff\nCapAmb:\t0000000000000000\n")
    found = bounding_set(status)
    assert len(found) == 37 and "SYS_ADMIN" in found and "SYS_RESOURCE" not in found
    status.write_text("Name:\tpython3\n")
    assert bounding_set(status) == []
