"""What a container may do, from documents of two real containers, and of the product's own."""

from __future__ import annotations

import json

import pytest

from bench.measure.security import judge, measure, without_own_mounts
from bench.measure.suites import Options
from bench.scenario import find_scenario
from streamkit.documents import Document
from tests.conftest import HERE

RECORDED = HERE / "bench" / "verify" / "recorded"


def recorded(name: str) -> Document:
    document: Document = json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))
    return document


def test_the_product_may_do_nothing() -> None:
    figures, details = judge(recorded("hardened"), [])
    assert set(figures.values()) == {0.0}, figures
    assert details["mode"] == (
        "non-root, not privileged, no capabilities, no device nodes, root file system read-only, no new privileges"
    )
    assert {check["verdict"] for check in details["checks"]} == {"ok"}


def test_a_plain_container_as_root_may_do_what_its_facts_say() -> None:
    figures, details = judge(recorded("bare"), ["/dev/sda", "/dev/video0"])
    assert figures["root"] == figures["writable_root"] == figures["new_privileges"] == 1.0
    assert figures["capabilities"] == 14.0  # what Docker gives root
    assert figures["device_nodes"] == 2.0 and figures["privileged"] == figures["seccomp_off"] == 0.0
    assert details["mode"].startswith(
        "root, not privileged, 14 capabilities, 2 device nodes, root file system writable"
    )


def test_privileged_is_told_from_docker_and_what_was_not_seen_is_unknown() -> None:
    document = recorded("hardened")
    document["inspect"]["HostConfig"]["Privileged"] = True
    document["after"] = None
    figures, details = judge(document, None)
    assert figures["privileged"] == 1.0
    assert figures["root"] is figures["capabilities"] is figures["device_nodes"] is figures["writable_root"] is None
    assert details["mode"].startswith("root unknown, privileged, capabilities unknown, device nodes unknown")


def test_folders_that_bench_mounts_to_measure_are_no_part_of_the_scenario() -> None:
    document = recorded("hardened")
    mounts = [
        {"Source": f"/m/{part}", "Type": "bind", "Destination": "/x"} for part in ("run", "sources", "opt/a", "panel")
    ]
    document["inspect"]["Mounts"] = [*mounts, {"Source": "/etc", "Type": "bind", "Destination": "/etc"}]
    kept = without_own_mounts(document, "/m")["inspect"]["Mounts"]
    assert [one["Source"] for one in kept] == ["/m/opt/a", "/etc"]
    assert len(document["inspect"]["Mounts"]) == 5


@pytest.mark.image
def test_the_product_as_bench_starts_it(product_image: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_PRODUCT_IMAGE", product_image)
    figures, details = measure(find_scenario("after"), Options())
    assert set(figures.values()) == {0.0}, details
