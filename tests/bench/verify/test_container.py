"""Real containers, held against the guide: what compose starts is as promised, and each weakness is told apart."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from bench.verify.judge import judge
from streamkit.documents import Document
from streamkit.facts.collect import collect
from tests.bench.deployed import KEY, TOKEN, deployed, run_words, write_release
from tests.machines.base_image import docker_binary

pytestmark = [pytest.mark.image, pytest.mark.timeout(400)]

WATCHED_S = 5.0
SHIPPED = {"build_time"}
"""The image under test came as a file and carries no build time."""
TIMED = {"updates", "answers", "cpu"}
"""How fast this machine is while other tests run on it is not what these tests are about."""


def failed(document: Document) -> set[str]:
    """Return the names of the checks that failed, but for those that time something."""
    return {result.check for result in judge(document) if result.verdict == "failed"} - TIMED


def weaken(service: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return the service as root with Docker's capabilities, all of /dev, a secret in a variable; and leak a queue."""
    queues = folder / "install_dir" / "current" / "scripts" / "queue-config.sh"
    text = queues.read_text(encoding="utf-8")
    assert "QUEUE_AUDIO='queue " in text
    queues.write_text(text.replace("QUEUE_AUDIO='queue ", "QUEUE_AUDIO='queue leaky=downstream "), encoding="utf-8")
    changed = {**service, "user": "0:0", "volumes": [*service["volumes"], "/dev:/dev:rw"]}
    changed["environment"] = {**service["environment"], "STREAM_KEY": KEY}
    del changed["cap_drop"]
    return changed


@pytest.fixture(scope="module")
def seen(product_image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Document]]:
    """Facts of a container as compose starts it, and of a weakened one, collected side by side."""
    folders = {name: tmp_path_factory.mktemp(name) for name in ("promised", "weak")}
    services = {name: write_release(folder, product_image) for name, folder in folders.items()}
    services["weak"] = weaken(services["weak"], folders["weak"])
    with ThreadPoolExecutor() as threads:
        yield dict(zip(services, threads.map(look, services.values()), strict=True))


def look(service: dict[str, Any]) -> Document:
    """Run a service and return what is seen of it."""
    with deployed(service) as name:
        return collect(name, WATCHED_S)


def test_what_compose_starts_is_as_promised(seen: dict[str, Document]) -> None:
    results = {result.check: result for result in judge(seen["promised"])}
    assert {name: results[name].seen for name in failed(seen["promised"])} == {}
    assert {name for name, result in results.items() if result.verdict == "unknown"} <= SHIPPED
    assert results["polling"].seen.startswith("0 to /api/stats and 0 to /api/status in ")


def test_each_weakness_fails_its_own_checks_and_no_other(seen: dict[str, Document]) -> None:
    assert failed(seen["weak"]) == {
        *("id", "capabilities", "cap_eff"),
        *("device_rules", "folders"),
        *("leaky", "queues"),
        "secrets",
    }
    told = {result.check: result.seen for result in judge(seen["weak"])}
    assert "running: leaky=downstream" in told["leaky"]
    assert "stream_key in docker inspect" in told["secrets"] and "STREAM_KEY" in told["secrets"]


def test_no_secret_is_passed_on(seen: dict[str, Document]) -> None:
    for document in seen.values():
        text = json.dumps([document, [result.as_document() for result in judge(document)]])
        assert TOKEN not in text and KEY not in text


def test_a_privileged_container_fails_even_before_it_starts(product_image: str, tmp_path: Path) -> None:
    # Created only: not every machine that runs these tests may start one.
    service = write_release(tmp_path, product_image)
    words = [*run_words(service), "--privileged", str(service["image"])]
    name = subprocess.run(
        [docker_binary(), "create", *words], check=True, capture_output=True, text=True
    ).stdout.strip()
    try:
        assert failed(collect(name, WATCHED_S)) == {"privileged", "container", "health"}
    finally:
        subprocess.run([docker_binary(), "rm", name], check=True, capture_output=True)
