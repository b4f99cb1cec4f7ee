"""What is read before a host is tuned, from folders that look like hosts."""

from __future__ import annotations

from pathlib import Path

import pytest

from streamkit.detect.tuning import BEFORE_FILE, look
from streamkit.errors import BadInputError
from tests.streamkit.detect.trees import link, put

SNMP = """\
Ip: Forwarding DefaultTTL
Ip: 1 64
Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors IgnoredMulti MemErrors
Udp: 323261 236872 0 60167 12 3 0 0 0
"""


def test_a_mini_pc_with_a_usb_card(tmp_path: Path) -> None:
    for policy in (10, 2, 0):
        place = f"sys/devices/system/cpu/cpufreq/policy{policy}"
        put(tmp_path, f"{place}/scaling_governor", "powersave\n")
        put(tmp_path, f"{place}/scaling_available_governors", "performance powersave \n")
    put(tmp_path, "proc/sys/net/core/rmem_max", "212992\n")
    # As in a container, which may look at it and not set it.
    put(tmp_path, "proc/sys/net/core/wmem_max", "212992\n")
    (tmp_path / "proc/sys/net/core/wmem_max").chmod(0o444)
    put(tmp_path, "proc/net/snmp", SNMP)
    device = "sys/devices/pci0000:00/0000:00:14.0/usb2/2-1"
    for name, text in {"idVendor": "534d", "idProduct": "2109", "power/control": "auto"}.items():
        put(tmp_path, f"{device}/{name}", f"{text}\n")
    put(tmp_path, f"{device}/power/runtime_suspended_time", "9000\n")
    put(tmp_path, f"{device}/power/runtime_active_time", "1000\n")
    link(tmp_path, "sys/bus/usb/devices/2-1", device)
    link(tmp_path, "sys/bus/usb/devices/2-1:1.0", f"{device}/2-1:1.0")
    put(tmp_path, "etc/sysctl.d/60-streamkit.conf", "net.core.rmem_max = 4\n")
    (tmp_path / "etc/sysctl.d/60-streamkit.conf").chmod(0o600)

    seen = look(tmp_path)
    assert [clock["path"].split("/")[-2] for clock in seen["governors"]] == ["policy0", "policy2", "policy10"]
    assert seen["governors"][0]["offered"] == ["performance", "powersave"]
    assert seen["sysctls"] == {"/proc/sys/net/core/rmem_max": 212992}
    assert seen["udp"] == {"received": 12, "sent": 3}
    # By the path that video devices have, and without the card's interfaces.
    expected = {"path": f"/{device}", "id": "534d:2109", "control": "auto", "asleep_ms": 9000, "awake_ms": 1000}
    assert seen["usb"] == [expected]
    assert seen["files"]["/etc/sysctl.d/60-streamkit.conf"] == {"content": "net.core.rmem_max = 4\n", "mode": "0600"}
    assert [entry for entry in seen["files"].values() if entry] == [seen["files"]["/etc/sysctl.d/60-streamkit.conf"]]
    assert (seen["before"], seen["systemd"]) == (None, False)


def test_where_nothing_is_shown_nothing_is_guessed(tmp_path: Path) -> None:
    seen = look(tmp_path)
    assert (seen["governors"], seen["sysctls"], seen["usb"], seen["udp"]) == ([], {}, [], None)


@pytest.mark.parametrize("text", ["{", '{"schema_version": 2}', "[]"])
def test_a_damaged_record_is_named_with_the_cure(tmp_path: Path, text: str) -> None:
    put(tmp_path, BEFORE_FILE.lstrip("/"), text)
    with pytest.raises(BadInputError, match=r"before\.json .*nothing can be given back: put it right"):
        look(tmp_path)
