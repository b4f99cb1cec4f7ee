"""The end of a run: every host with its address, or with cause and cure."""

from __future__ import annotations

from typing import Any

import pytest

from streamkit.install.summary import Failure, Row, cause, panel_address, table


def test_table_reads_well() -> None:
    rows = [
        Row("cam-01", "ok", "http://192.0.2.1:8081"),
        Row(
            "attic",
            "FAILED",
            "attic cannot be reached at 192.0.2.9 port 22 as root (Connection refused); check that it is switched on.",
        ),
        Row("cam-02", "changed", "http://192.0.2.2:8081"),
    ]
    assert table(rows, 130.4, 80) == (
        "2 of 3 hosts are in order; it took 2 min 10 s.\n"
        "\n"
        "  cam-01  ok       http://192.0.2.1:8081\n"
        "  cam-02  changed  http://192.0.2.2:8081\n"
        "  attic   FAILED   attic cannot be reached at 192.0.2.9 port 22 as root\n"
        "                   (Connection refused); check that it is switched on.\n"
        "\n"
        "The same command again goes on where it stopped; --limit HOST does it for one host."
    )


def test_all_well_is_said_in_a_line_and_one_host_needs_no_count() -> None:
    good = [Row("a", "ok", "http://192.0.2.1:8081"), Row("b", "ok", "http://192.0.2.2:8081")]
    assert table(good, 9, 80).startswith("All 2 hosts are in order; it took 9 s.\n")
    assert table(good[:1], 9, 80) == "It took 9 s.\n\n  a  ok       http://192.0.2.1:8081"


@pytest.mark.parametrize(
    ("module", "result", "expected"),
    [
        (
            "ansible.builtin.fail",
            {"msg": "streamkit_fps is 0; use 1 to 240."},
            "streamkit_fps is 0; use 1 to 240.",
        ),
        (
            "ansible.builtin.copy",
            {"msg": "Error: [Errno 28] No space left on device"},
            "its disk is full; free some space",
        ),
        (
            "command",
            {"msg": "non-zero return code", "stderr": "docker: no space\nwrite: no space left on device"},
            "disk is full",
        ),
        (
            "script",
            {"msg": "Failed to create temporary directory. In some cases"},
            "nothing can be written to its login's home",
        ),
        (
            "command",
            {"msg": "Failed to connect to the host via ssh: Connection timed out"},
            "it stopped answering; check that",
        ),
        (
            "ping",
            {"msg": "Failed to connect: root@h: Permission denied (publickey)."},
            "refuses the login; check ansible_user",
        ),
        ("command", {"censored": "the output has been hidden", "changed": False}, "holds a secret and is not shown"),
        (
            "command",
            {"msg": "non-zero return code", "stderr": "first\nthe last line.\n"},
            "Do it: the last line; more with -v",
        ),
        ("file", {"msg": "Path /x is a directory."}, "Do it: Path /x is a directory; more with -v"),
        ("command", {}, "Do it: failed; more with -v"),
    ],
)
def test_cause_is_a_sentence_with_a_cure(module: str, result: dict[str, Any], expected: str) -> None:
    said = cause(Failure("Do it", module, result))
    assert expected in said and "\n" not in said and said.endswith(".")


@pytest.mark.parametrize(
    ("reached", "outward", "bind", "expected"),
    [
        ("cam-01.lan", "10.0.0.5", "0.0.0.0", "http://cam-01.lan:8081"),
        ("127.0.0.1", "172.17.0.2", "0.0.0.0", "http://172.17.0.2:8081"),
        ("localhost", None, "0.0.0.0", "http://localhost:8081"),
        ("cam-01", "10.0.0.5", "127.0.0.1", "http://localhost:8081 (on the host itself)"),
        ("cam-01", "10.0.0.5", "10.0.0.6", "http://10.0.0.6:8081"),
    ],
)
def test_address_is_one_that_can_be_opened_here(reached: str, outward: str | None, bind: str, expected: str) -> None:
    assert panel_address(reached, outward, bind, 8081) == expected


def test_log_after_a_sentence_stays_above() -> None:
    told = {"msg": "It could not be built on a; the end of its log:\nerror 1\nerror 2"}
    assert cause(Failure("Do it", "fail", told)) == "It could not be built on a; the end of its log"
    both = {"msg": "Release 1 did not come up.\nThere is no way back.\n"}
    assert cause(Failure("Do it", "fail", both)) == "Release 1 did not come up. There is no way back."
    assert len(cause(Failure("Do it", "fail", {"msg": "word " * 400}))) <= 500
