"""Each check fails for its own reason and no other does: real documents, one thing changed at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bench.verify.judge import SECTIONS, as_lines, exit_code, judge, summary
from streamkit.documents import Document
from tests.bench.verify.conftest import Recorded

Change = Callable[[Document], Any]


def verdicts(document: Document, verdict: str = "failed") -> set[str]:
    """Return the names of the checks that came out so."""
    return {result.check for result in judge(document) if result.verdict == verdict}


def seen(document: Document, check: str) -> str:
    """Return what a check says it saw."""
    return next(result.seen for result in judge(document) if result.check == check)


def test_every_check_has_a_name_of_its_own() -> None:
    names = [check.id for _, checks in SECTIONS for check in checks]
    assert len(names) == len(set(names)) >= 35


def test_the_promised_container_fails_nothing(recorded: Recorded) -> None:
    document = recorded("hardened")
    assert verdicts(document) == set()
    assert verdicts(document, "unknown") == {"build_time"}
    assert exit_code(judge(document)) == 0


def test_a_plain_docker_run_fails_what_hardening_is_for(recorded: Recorded) -> None:
    document = recorded("bare")
    assert verdicts(document) == {
        *("id", "capabilities", "cap_eff", "no_new_privileges", "root_fs", "device_rules", "folders", "secrets"),
        *("network", "cpus", "memory", "pids", "restart", "init", "tmpfs", "log_driver"),
    }
    assert exit_code(judge(document)) == 1


def host_config(**values: Any) -> Change:
    """Return a change of HostConfig."""
    return lambda document: document["inspect"]["HostConfig"].update(values)


def image_label(name: str, value: str) -> Change:
    """Return a change of one of the image's labels."""
    return lambda document: document["image"]["Config"]["Labels"].update({name: value})


def panel(part: str, **values: Any) -> Change:
    """Return a change of what the viewer saw."""
    return lambda document: document["panel"][part].update(values)


def processes(**values: Any) -> Change:
    """Return a change of every process."""

    def change(document: Document) -> None:
        for process in document["after"]["processes"]:
            process.update(values)

    return change


def mounted(source: str, target: str, writable: bool = False) -> Change:
    """Return a change that mounts a folder."""
    entry = {"Type": "bind", "Source": source, "Destination": target, "RW": writable}
    return lambda document: document["inspect"]["Mounts"].append(entry)


def plan(**values: Any) -> Change:
    """Return a change of the release's plan."""
    return lambda document: document["release"]["plan"].update(values)


def queue(name: str, value: str, note: str = "") -> Change:
    """Return a change of one queue."""
    return lambda document: document["release"]["queues"].update({name: {"value": value, "note": note}})


VIDEO = {"PathOnHost": "/dev/video0", "PathInContainer": "/dev/video0", "CgroupPermissions": "rwm"}
RENDER = {"PathOnHost": "/dev/dri/renderD128", "PathInContainer": "/dev/dri/renderD128", "CgroupPermissions": "rw"}
WRONG: dict[str, tuple[Change, set[str]]] = {
    "privileged": (host_config(Privileged=True), {"privileged"}),
    "capability added": (host_config(CapAdd=["CAP_SYS_RAWIO"]), {"capabilities"}),
    "nothing dropped": (host_config(CapDrop=None), {"capabilities"}),
    "capability in force": (processes(cap_eff="0000000000020000"), {"cap_eff"}),
    "root inside": (lambda document: document.update(id="uid=0(root) gid=0(root)"), {"id"}),
    "a process of root": (processes(uid="0"), {"id"}),
    "new privileges": (host_config(SecurityOpt=[]), {"no_new_privileges"}),
    "new privileges by the kernel": (processes(no_new_privs="0"), {"no_new_privileges"}),
    "seccomp off": (
        host_config(SecurityOpt=["no-new-privileges:true", "seccomp=unconfined"]),
        {"seccomp"},
    ),
    "no filter": (processes(seccomp="0"), {"seccomp"}),
    "writable root": (host_config(ReadonlyRootfs=False), {"root_fs"}),
    "a card that the plan does not name": (host_config(Devices=[VIDEO]), {"devices"}),
    "a GPU that the plan does not name": (host_config(Devices=[RENDER]), {"devices"}),
    "all GPUs": (host_config(DeviceRequests=[{"Driver": "nvidia", "Count": -1}]), {"devices"}),
    "a rule for disks": (host_config(DeviceCgroupRules=["b 8:* rwm"]), {"device_rules"}),
    "a rule for every device": (host_config(DeviceCgroupRules=["c *:* rwm"]), {"device_rules"}),
    "a rule that the plan has no card for": (host_config(DeviceCgroupRules=["c 81:* rw"]), {"device_rules"}),
    "all of /dev": (mounted("/dev", "/dev"), {"device_rules", "folders"}),
    "all of the host's sound": (mounted("/dev/snd", "/dev/snd"), {"folders"}),
    "Docker's socket": (mounted("/var/run/docker.sock", "/var/run/docker.sock"), {"folders"}),
    "a release that may be written": (
        lambda document: [entry.update(RW=True) for entry in document["inspect"]["Mounts"]],
        {"folders"},
    ),
    "the host's processes": (host_config(PidMode="host"), {"network"}),
    "another network than planned": (plan(network="bridge"), {"network"}),
    "more CPUs than planned": (host_config(NanoCpus=8_000_000_000), {"cpus"}),
    "more CPUs than the host has": (lambda document: document["docker"].update(NCPU=1), {"cpus"}),
    "no memory limit": (host_config(Memory=0), {"memory"}),
    "another memory limit": (host_config(Memory=2**32), {"memory"}),
    "no limit of processes": (host_config(PidsLimit=None), {"pids"}),
    "no restart": (host_config(RestartPolicy={"Name": "no"}), {"restart"}),
    "no init": (host_config(Init=None), {"init"}),
    "a folder in memory without a size": (
        host_config(Tmpfs={"/tmp": "mode=1777", "/run/streamkit": "size=32m"}),
        {"tmpfs"},
    ),
    "logs without a bound": (host_config(LogConfig={"Type": "json-file", "Config": {}}), {"log_driver"}),
    "another health check": (
        lambda document: document["inspect"]["Config"].update(Healthcheck={"Test": ["CMD", "true"]}),
        {"health_command"},
    ),
    "unhealthy": (lambda document: document["inspect"]["State"]["Health"].update(Status="unhealthy"), {"health"}),
    "a panel that asks everybody for a login": (lambda document: document["panel"].update(home=401), {"front_page"}),
    "another image than the release's": (
        lambda document: document["inspect"]["Config"].update(Image="gaming-streamer:older"),
        {"current"},
    ),
    "a service that ended": (lambda document: document["services"][0].update(state="exited"), {"services"}),
    "a stream that failed": (
        lambda document: document["after"]["supervisor"]["stream"].update(state="failed"),
        {"stream"},
    ),
    "an image too large": (lambda document: document["image"].update(Size=200_000_001), {"image_size"}),
    "a slow build": (image_label("streamkit.build.seconds", "601"), {"build_time"}),
    "slow answers": (lambda document: document["panel"].update(stats_ms=[99.0, 104.0, 105.0]), {"answers"}),
    "polling": (
        lambda document: document["panel"]["events"]["requests_last"].update({"/api/status": 1000}),
        {"polling"},
    ),
    "JSON in place of events": (panel("events", content_type="application/json"), {"push"}),
    "no events": (panel("events", names=[], times_s=[]), {"updates"}),
    "slow events": (panel("events", times_s=[0.0, 5.5]), {"updates"}),
    "a log stream of another type": (
        panel("logs", content_type="text/plain"),
        {"log_stream"},
    ),
    "a log stream that fails": (panel("logs", status=500), {"log_stream", "log_lines"}),
    "a panel without a log stream": (panel("logs", status=404), {"log_stream", "log_lines"}),
    "a log that is only shown, not followed": (panel("logs", times_s=[0.1]), {"log_lines"}),
    "a log that comes late": (panel("logs", times_s=[0.1, 5.0]), {"log_lines"}),
    "a leaky script": (
        lambda document: document["release"]["scripts"]["stream.sh"].update(leaky=["queue leaky=1 ! x264enc"]),
        {"leaky"},
    ),
    "a leaky queue at work": (processes(words=["streamkit-launch", "queue", "leaky=1"]), {"leaky"}),
    "a script that sources nothing": (
        lambda document: document["release"]["scripts"]["stream.sh"].update(sources=False),
        {"sourced"},
    ),
    "a script that is missing": (lambda document: document["release"]["scripts"].pop("stream.sh"), {"sourced"}),
    "a queue changed without a word": (queue("QUEUE_AUDIO", "queue max-size-buffers=1"), {"queues"}),
    "a queue that is missing": (lambda document: document["release"]["queues"].pop("QUEUE_RTP"), {"queues"}),
    "a token that others may read": (
        lambda document: document["secrets"]["files"][0].update(mode="0444"),
        {"secrets"},
    ),
    "a token in the log": (
        lambda document: document["secrets"]["found"].append({"secret": "panel_token", "place": "docker logs"}),
        {"secrets"},
    ),
    "no secret at all": (lambda document: document["secrets"].update(files=[]), {"secrets"}),
    "a panel that works hard": (
        lambda document: [process.update(cpu_s=process["cpu_s"] + 1) for process in document["after"]["processes"]],
        {"cpu"},
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_each_fault_fails_its_own_check(recorded: Recorded, name: str) -> None:
    change, expected = WRONG[name]
    document = recorded("hardened")
    change(document)
    assert verdicts(document) == expected


RIGHT: dict[str, tuple[Change, str, str]] = {
    "capabilities by setting": (
        lambda document: [
            document["release"]["settings"].update(capabilities="SYS_RAWIO"),
            document["inspect"]["HostConfig"].update(CapAdd=["CAP_SYS_RAWIO"]),
        ],
        "capabilities",
        "add SYS_RAWIO",
    ),
    "the plan's GPU": (
        lambda document: [plan(devices=["/dev/dri/renderD128"])(document), host_config(Devices=[RENDER])(document)],
        "devices",
        "/dev/dri/renderD128",
    ),
    "the plan's card": (
        lambda document: [
            plan(kept_nodes={"video": "any", "sound": "2"})(document),
            host_config(DeviceCgroupRules=["c 81:* rw", "c 116:* rw"])(document),
            mounted("/dev/streamkit", "/dev/streamkit")(document),
            mounted("/dev/streamkit/snd", "/dev/snd")(document),
        ],
        "device_rules",
        "c 81:* rw, c 116:* rw; /dev/streamkit mounted, /dev is not",
    ),
    "a queue with its reason": (
        queue("QUEUE_AUDIO", "queue max-size-buffers=12", "was: 10: measured"),
        "queues",
        "measured",
    ),
    "a quick build": (image_label("streamkit.build.seconds", "42.4"), "build_time", "42 s"),
    "a build with Rust": (image_label("streamkit.build.seconds", "480"), "build_time", "480 s (beyond the guide's 180"),
    "drivers of a GPU": (
        lambda document: [
            document["image"].update(Size=330_000_000),
            document["image"]["Config"]["Labels"].update({"streamkit.variant": "amd"}),
        ],
        "image_size",
        "330 MB, variant amd (at most 1200)",
    ),
    "a log stream": (
        panel("logs", times_s=[0.1, 1.1, 1.3]),
        "log_lines",
        "a login showed after 0.1 s",
    ),
    "Chromium": (
        lambda document: document.update(
            browser={
                "name": "Chromium 140",
                "seconds": 15.0,
                "problem": None,
                "requests": {"/api/stats": 0, "/api/status": 0},
                "sent": {},
            }
        ),
        "polling",
        "viewer: Chromium 140",
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_meant_so_is_ok(recorded: Recorded, name: str) -> None:
    change, check, told = RIGHT[name]
    document = recorded("hardened")
    change(document)
    assert verdicts(document) == set()
    assert check in verdicts(document, "ok")
    assert told in seen(document, check)


UNKNOWN: dict[str, tuple[Change, str, str]] = {
    "a viewer that wrote no line": (
        lambda document: document["panel"]["logs"].pop("logged_in_s"),
        "log_lines",
        "wrote no line",
    ),
    "a health that is not known yet": (
        lambda document: document["inspect"]["State"]["Health"].update(Status="starting"),
        "health",
        "starting",
    ),
    "a panel that does not count": (
        lambda document: document["panel"]["events"].pop("requests_first"),
        "polling",
        "does not count",
    ),
    "a label that is no number": (image_label("streamkit.build.seconds", "soon"), "build_time", "'soon', no number"),
    "a panel that was restarted": (
        lambda document: document["after"]["supervisor"]["panel"].update(pid=9999),
        "cpu",
        "the panel was restarted",
    ),
    "a container run by hand": (lambda document: document.update(services=None), "services", "not started by compose"),
    "secrets that only root may list": (
        lambda document: document["secrets"].update(files=[{"name": "/etc/secrets", "problem": "Permission denied"}]),
        "secrets",
        "/etc/secrets: Permission denied; ask as root",
    ),
    "no release": (lambda document: document.update(release=None), "leaky", "is given no release"),
    "no way to the panel": (
        lambda document: document["panel"].update(problem="the panel at http://127.0.0.1:8081 does not answer"),
        "push",
        "does not answer",
    ),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_cannot_be_told_is_unknown_and_says_why(recorded: Recorded, name: str) -> None:
    change, check, told = UNKNOWN[name]
    document = recorded("hardened")
    change(document)
    assert check in verdicts(document, "unknown")
    assert told in seen(document, check)


def test_a_browser_is_not_blamed_for_others(recorded: Recorded) -> None:
    document = recorded("hardened")
    counts = {"/api/stats": 3, "/api/status": 0}
    document["browser"] = {"name": "Chromium 140", "seconds": 15.0, "problem": None, "requests": counts, "sent": {}}
    assert verdicts(document) == {"polling"}
    assert seen(document, "polling").endswith("the page itself asked none of them: somebody else did")


def test_without_a_container_one_check_fails_and_nothing_is_ok(recorded: Recorded) -> None:
    document = recorded("hardened")
    document.update(inspect=None, secrets=None, problems={"inspect": "No such container: gaming-streamer"})
    assert verdicts(document) == {"container"} and verdicts(document, "ok") == set()
    document.update(docker=None, problems={"docker": "docker is not installed here"})
    assert seen(document, "container") == "docker is not installed here"


def test_a_stopped_container_fails_and_its_settings_are_still_judged(recorded: Recorded) -> None:
    document = recorded("hardened")
    document["inspect"]["State"].update(Running=False, Status="exited")
    document["services"][0]["state"] = "exited"
    assert verdicts(document) == {"container", "services"}
    assert "privileged" in verdicts(document, "ok") and seen(document, "stream") == "the container is exited"


def test_lines_and_summary(recorded: Recorded) -> None:
    document = recorded("hardened")
    results = judge(document)
    lines = as_lines("living-room", document, results).splitlines()
    assert len(lines) == len(results)
    assert lines[0].startswith('{"schema_version": 1, "host": "living-room", "container": "gaming-streamer", "at": "20')
    assert summary(results) == f"{len(results)} checks: {len(results) - 1} ok, 0 failed, 1 unknown"
