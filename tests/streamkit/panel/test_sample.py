"""What a sample says: the state files, the machine, and the control groups of both versions."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from streamkit.documents import write_document
from streamkit.panel.cgroup import LIMITS_LAST_S, ControlGroup, Usage
from streamkit.panel.context import Context
from streamkit.panel.machine import Machine
from streamkit.panel.redact import Redactor
from streamkit.panel.sample import Sampler
from streamkit.panel.upstream import preview, whep_address


def write_tree(root: Path, files: dict[str, str]) -> Path:
    """Write files below ``root``."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", encoding="ascii")
    return root


VERSION_2 = {
    "cgroup.controllers": "cpu io memory pids",
    "cpu.stat": "usage_usec 2500000\nuser_usec 2000000\nsystem_usec 500000",
    "cpu.max": "200000 100000",
    "memory.current": "104857600",
    "memory.stat": "anon 80000000\ninactive_file 4857600\nactive_file 100",
    "memory.max": "2147483648",
}
VERSION_1 = {
    "cpuacct/cpuacct.usage": "2500000000",
    "cpu/cpu.cfs_quota_us": "200000",
    "cpu/cpu.cfs_period_us": "100000",
    "memory/memory.usage_in_bytes": "104857600",
    "memory/memory.stat": "inactive_file 1\ntotal_inactive_file 4857600",
    "memory/memory.limit_in_bytes": "2147483648",
}


@pytest.mark.parametrize("files", [VERSION_1, VERSION_2])
def test_both_versions_of_control_groups_say_the_same(tmp_path: Path, files: dict[str, str]) -> None:
    assert ControlGroup(write_tree(tmp_path, files)).read() == Usage(2.5, 2.0, 100_000_000, 2_147_483_648)


@pytest.mark.parametrize(
    "files",
    [
        {**VERSION_2, "cpu.max": "max 100000", "memory.max": "max"},
        {**VERSION_1, "cpu/cpu.cfs_quota_us": "-1", "memory/memory.limit_in_bytes": "9223372036854771712"},
    ],
)
def test_no_limit_is_none(tmp_path: Path, files: dict[str, str]) -> None:
    usage = ControlGroup(write_tree(tmp_path, files)).read()
    assert (usage.cpu_limit_cores, usage.memory_limit_bytes) == (None, None)


def test_no_control_group_at_all_is_all_none(tmp_path: Path) -> None:
    assert ControlGroup(tmp_path).read() == Usage(None, None, None, None)


def test_a_limit_that_changed_is_seen_within_half_a_minute(tmp_path: Path) -> None:
    now = [100.0]
    group = ControlGroup(write_tree(tmp_path, VERSION_2), lambda: now[0])
    assert group.read().cpu_limit_cores == 2.0
    write_tree(tmp_path, {"cpu.max": "50000 100000", "memory.current": "204857600"})
    assert group.read() == Usage(2.5, 2.0, 200_000_000, 2_147_483_648)
    now[0] += LIMITS_LAST_S
    assert group.read().cpu_limit_cores == 0.5


def test_cpu_is_null_until_there_are_two_samples_and_then_a_difference(tmp_path: Path) -> None:
    now = [100.0]
    machine = Machine(write_tree(tmp_path, VERSION_2), lambda: now[0])
    first = machine.read({"panel": os.getpid(), "stream": None})
    assert first["host"]["cpu_percent"] is None
    assert first["container"]["cpu_percent"] is None
    assert first["processes"]["panel"]["cpu_percent"] is None
    assert first["processes"]["stream"] is None
    assert first["host"]["memory_total_bytes"] > first["host"]["memory_used_bytes"] > 0
    now[0] += 2.0
    write_tree(tmp_path, {"cpu.stat": "usage_usec 3500000"})
    begun = time.process_time()
    while time.process_time() - begun < 0.1:
        pass
    second = machine.read({"panel": os.getpid(), "stream": None})
    assert second["window_s"] == 2.0
    assert second["container"]["cpu_percent"] == 50.0
    assert 0 < second["host"]["cpu_percent"] <= 100
    assert 4 <= second["processes"]["panel"]["cpu_percent"] <= 20


def test_samples_in_quick_succession_keep_the_figures(tmp_path: Path) -> None:
    now = [100.0]
    machine = Machine(write_tree(tmp_path, VERSION_2), lambda: now[0])
    first = machine.read({})
    now[0] += 0.1
    assert machine.read({}) is first


def test_a_process_that_is_gone_is_none(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        pass
    assert Machine(tmp_path).read({"stream": gone.pid})["processes"]["stream"] is None


def open_files() -> int:
    """How many files this process has open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_files_of_processes_that_are_no_longer_followed_are_closed(tmp_path: Path) -> None:
    now = [100.0]
    machine = Machine(tmp_path, lambda: now[0])
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        machine.read({"panel": os.getpid()})
        descriptors = open_files()
        now[0] += 1.0
        found = machine.read({"panel": os.getpid(), "stream": child.pid})["processes"]["stream"]
        assert found["pid"] == child.pid and found["memory_bytes"] > 0
        assert open_files() == descriptors + 1
        now[0] += 1.0
        machine.read({"panel": os.getpid()})
        assert open_files() == descriptors


def sample(states: Any) -> Any:
    """One sample of the run directory."""
    return Sampler(states.folder).take()


def test_stale_figures_are_not_shown_as_live(states: Any) -> None:
    assert sample(states)["stats"]["video"]["fps"] == 29.9
    states.launch(sampled_at=time.time() - 6)
    stats = sample(states)["stats"]
    assert (stats["video"], stats["viewer_count"], stats["viewers"]) == (None, None, [])
    assert sample(states)["status"]["pipeline"] is None


@pytest.mark.parametrize("state", ["stopped", "failed", "backoff", "waiting"])
def test_a_stream_that_has_ended_has_no_live_figures(states: Any, state: str) -> None:
    states.supervisor(state, stream={"reason": "why"})
    found = sample(states)
    assert found["stats"]["video"] is None
    assert (found["status"]["stream"]["state"], found["status"]["stream"]["reason"]) == (state, "why")


def test_without_state_files_the_sample_says_why(states: Any) -> None:
    for path in states.folder.iterdir():
        path.unlink()
    status = sample(states)["status"]
    assert status["stream"]["state"] == "unknown"
    assert "supervisor has not said anything" in status["problem"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema_version": 99}', '{"schema_version": 1, "stream": 5}'])
def test_a_broken_state_file_is_a_sentence_not_a_crash(states: Any, text: str) -> None:
    (states.folder / "supervisor.json").write_text(text, encoding="utf-8")
    (states.folder / "launch.json").write_text(text, encoding="utf-8")
    status = sample(states)["status"]
    assert status["stream"]["state"] == "unknown"


def test_the_mark_moves_with_the_state_and_not_with_the_figures(states: Any, context: Context) -> None:
    marks = [context.state_mark()]
    states.launch(uptime_s=752.0)
    marks.append(context.state_mark())
    assert marks[0] == marks[1]
    states.supervisor("stopping")
    marks.append(context.state_mark())
    (states.folder / "supervisor.json").unlink()
    marks.append(context.state_mark())
    assert len(set(marks)) == 3


@pytest.mark.parametrize(
    ("server_url", "address"),
    [
        ("http://box:8080/api/whip", "http://box:8080/api/whep"),
        ("https://box/tv/api/whip?x=1", "https://box/tv/api/whep"),
        ("http://box/api/whip/", None),
        ("http://box/whip", None),
        ("ftp://box/api/whip", None),
        ("http:///api/whip", None),
        ("http://[::1/api/whip", None),
        ("", None),
    ],
)
def test_whep_address_is_derived_only_from_api_whip(server_url: str, address: str | None) -> None:
    assert whep_address(server_url) == address


def test_preview_is_offered_where_the_picture_can_be_had() -> None:
    def of(**values: str) -> Any:
        settings = {name: {"value": value, "origin": "inventory"} for name, value in values.items()}
        return preview({"publish": "whip", "settings": settings})

    assert preview({}).url == ""
    assert of(server_url="http://box/api/whip").url == "http://box/api/whep"
    assert of(server_url="http://box/x", whep_url="http://box/watch").url == "http://box/watch"
    refused = of(server_url="http://box/x", whep_url="")
    assert refused.url is None
    assert refused.reason is not None and "streamkit_whep_url" in refused.reason


def test_the_sample_holds_ledger_stages_and_what_is_known_of_card_gpu_and_viewers(states: Any, tmp_path: Path) -> None:
    stats = sample(states)["stats"]
    ledger = stats["video"]["ledger"]
    assert (
        ledger["captured"] + ledger["duplicated"]
        == ledger["sent"] + sum(ledger["dropped"].values()) + ledger["in_flight"]
    )
    assert stats["video"]["stages_ms"]["encode"] == {"p50": 8.941, "p95": 15.326}
    assert stats["audio"]["ledger"] == {"captured": 37550, "gaps": 1, "gap_ms": 21.333}
    assert stats["capture"]["state"] == "no_device" and "No capture card" in stats["capture"]["reason"]
    assert stats["gpu"] is None, "software encodes"
    assert (stats["viewer_count"], stats["loss_percent"], stats["rtt_ms"]) == (1, None, 1.24)
    assert "temperature_c" in stats["host"]


def test_the_poller_is_followed_while_it_runs(states: Any) -> None:
    assert set(sample(states)["stats"]["processes"]) == {"supervisor", "panel", "stream"}
    states.supervisor(poller={"state": "running", "pid": os.getpid(), "restarts": 0, "since": 1.0})
    assert sample(states)["stats"]["processes"]["poller"]["pid"] == os.getpid()


def test_of_the_server_our_own_stream_is_told_and_the_others_counted(states: Any) -> None:
    streams = [{"own": True, "viewers": 2}, {"own": False, "viewers": 9}, {"own": False, "viewers": 1}]
    found = {
        "sampled_at": 5.0,
        "url": "http://user:pass@box/api/status",
        "reachable": True,
        "error": None,
        "streams": streams,
    }
    write_document(states.folder / "server.json", found)
    server = sample(states)["status"]["server"]
    assert (server["streams"], server["stream_count"]) == ([{"own": True, "viewers": 2}], 3)
    assert server["url"] == "http://***@box/api/status"


def test_an_address_that_is_a_secret_is_in_no_sentence(states: Any) -> None:
    secret = "b236bde30eb07b9d01318940e5fc3edake34a3efb3896e18f2dc277ce6cc993ad"
    url = f"https://customer-m033z5x00ks6nunl.cloudflarestream.com/{secret}/webRTC/publish"
    states.publish_by_whip(url)
    states.launch(errors=[f"sink: {url} answered 409"])
    status = sample(states)["status"]
    assert secret not in str(status)
    assert "cloudflarestream.com/***/webRTC/publish" in status["preview"]["reason"]
    assert status["pipeline"]["errors"] == [f"sink: {url.replace(secret, '***')} answered 409"]


def test_a_key_is_taken_out_of_sentences_and_leaves_names_and_states_alone(states: Any) -> None:
    """Nothing keeps anybody from the stream key "test", which is also the name of a source."""
    redact = Redactor(["test", "running"])
    states.supervisor("running", stream={"reason": "the server said: no to test"}, encoder_reason="for running test")
    status = Sampler(states.folder, redact=redact).take()["status"]
    assert (status["stream"]["state"], status["source"]["video"]) == ("running", "test")
    assert status["stream"]["reason"] == "the server said: no to ***"
    assert status["encoder_reason"] == "for *** ***"
    assert "moving *** picture" in status["source"]["reason"]
