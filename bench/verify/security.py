"""The guide's "Verify Security" and what belongs to it: user, rights, devices, folders, secrets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bench.verify.check import Check, Judgement, failed, judged, ok, unknown
from bench.verify.facts import Facts
from streamkit.facts.secrets import PANEL_KEY

UID = "uid=1000(streamer)"
RENDER_OR_SOUND = re.compile(r"/dev/(dri/renderD\d+|snd(/\S+)?)")
MAJORS = {"81": "video", "116": "sound"}
"""Device majors of video4linux and ALSA (kernel: admin-guide/devices.txt), and which of the plan's kept nodes need them."""
NODES = "/dev/streamkit"
SOUND = (f"{NODES}/snd", "/dev/snd")
FOLDERS = ("/opt/streamkit", "/var/lib/streamkit", "/run/secrets", "/run/pulse", NODES)
WRITABLE = ("/var/lib/streamkit",)
SECCOMP_FILTER = "2"
MOST_TOLD = 3

NO_CAPABILITY = (
    "The guide gives SYS_RAWIO back; for a process of uid 1000 that has no effect, so none is given. "
    "streamkit_capabilities brings names back."
)
BY_FOLDER = (
    "Capture and sound card come through the folder /dev/streamkit, which udev keeps on the host and which holds the "
    "chosen ones alone, and a rule for their kind of device: so the container starts without a card, and finds one that "
    "comes later or under another number."
)


def identity(facts: Facts) -> Judgement:
    """Judge ``id`` in the container, and the user it is set to run as."""
    facts.look("after")
    said = facts.document.get("id")
    if not said:
        return failed(facts.problem("id", "id said nothing"))
    if not said.startswith(UID):
        return failed(said)
    others = sorted({process["uid"] for process in facts.processes} - {"1000"})
    if others:
        return failed(f"{said.split()[0]}, and processes of uid {', '.join(others)}")
    return ok(said)


def privileged(facts: Facts) -> Judgement:
    """Judge Privileged."""
    value = facts.host_config.get("Privileged")
    return judged(value is False, f'"Privileged": {str(value).lower()}')


def capabilities(facts: Facts) -> Judgement:
    """Judge what is dropped and what is added."""
    dropped, added = _names(facts.host_config.get("CapDrop")), _names(facts.host_config.get("CapAdd"))
    wanted = {name for name in str(facts.values["capabilities"]).split(",") if name}
    told = f"drop {', '.join(sorted(dropped)) or 'nothing'}, add {', '.join(sorted(added)) or 'nothing'}"
    if wanted != added:
        told += f"; the setting is {', '.join(sorted(wanted)) or 'none'}"
    return judged("ALL" in dropped and added == wanted, told)


def _names(listed: list[str] | None) -> set[str]:
    return {name.upper().removeprefix("CAP_") for name in listed or []}


def effective(facts: Facts) -> Judgement:
    """Judge CapEff of every process."""
    strong = [process for process in facts.processes if int(process["cap_eff"] or "0", 16)]
    if strong:
        return failed("; ".join(f"{_name(process)}: {process['cap_eff']}" for process in strong[:MOST_TOLD]))
    return ok(f"CapEff 0 in all {len(facts.processes)} processes")


def _name(process: dict[str, Any]) -> str:
    return f"process {process['pid']} ({process['words'][0].rsplit('/', 1)[-1]})"


def new_privileges(facts: Facts) -> Judgement:
    """Judge the option and what the kernel says of every process."""
    options = facts.host_config.get("SecurityOpt") or []
    asked = any(re.fullmatch(r"no-new-privileges([:=]true)?", option) for option in options)
    without = [_name(process) for process in facts.processes if process["no_new_privs"] != "1"]
    told = "set" if asked else "not set"
    return judged(asked and not without, f"{told}; NoNewPrivs 1 in {_of(facts, len(without))} processes")


def _of(facts: Facts, without: int) -> str:
    every = len(facts.processes)
    return f"all {every}" if not without else f"{every - without} of {every}"


def seccomp(facts: Facts) -> Judgement:
    """Judge that Docker's own filter is in force."""
    options = [option for option in facts.host_config.get("SecurityOpt") or [] if option.startswith("seccomp")]
    without = [process for process in facts.processes if process["seccomp"] != SECCOMP_FILTER]
    told = ", ".join(options) or "Docker's default"
    return judged(not options and not without, f"{told}; a filter in {_of(facts, len(without))} processes")


def root_file_system(facts: Facts) -> Judgement:
    """Judge the option and the mount."""
    asked, mounted = bool(facts.host_config.get("ReadonlyRootfs")), facts.look("after")["root_read_only"]
    return judged(asked and mounted, f"{'read-only' if asked else 'writable'}; mounted {'ro' if mounted else 'rw'}")


def devices(facts: Facts) -> Judgement:
    """Judge the device nodes: those of the plan, and no more than GPU and sound where there is no plan."""
    nodes = [str(entry["PathOnHost"]) for entry in facts.host_config.get("Devices") or []]
    planned = [str(node) for node in facts.plan.get("devices") or []]
    strange = [
        node for node in nodes if node not in planned and (planned or facts.plan or not RENDER_OR_SOUND.fullmatch(node))
    ]
    if strange:
        return failed(f"{', '.join(strange)}: not in the plan")
    requests = facts.host_config.get("DeviceRequests") or []
    if requests and not facts.plan.get("nvidia"):
        return failed("GPUs are asked of Docker, and the plan names none")
    return ok(", ".join(nodes) or "none")


def device_rules(facts: Facts) -> Judgement:
    """Judge the rules for devices that may come later, and whether all of /dev is there."""
    rules = facts.host_config.get("DeviceCgroupRules") or []
    kept = facts.plan.get("kept_nodes")
    strange = [rule for rule in rules if not _rule_for(rule, kept)]
    if any("/dev" in (source, target) for source, target, _ in _mounts(facts)):
        return failed("/dev is mapped whole")
    if strange:
        return failed(f"{', '.join(strange)}: more than the plan's cards need")
    there = any(target == NODES for _, target, _ in _mounts(facts))
    return ok(f"{', '.join(rules) or 'no rule'}; {NODES} {'mounted' if there else 'not mounted'}, /dev is not")


def _rule_for(rule: str, kept: Mapping[str, Any] | None) -> bool:
    """Whether a rule opens capture cards or sound, and the plan (where it is known) keeps a node of that kind."""
    found = re.fullmatch(r"c (\d+):(?:\*|\d+) [rwm]{1,3}", rule)
    kind = MAJORS.get(found[1]) if found else None
    return kind is not None and (kept is None or bool(kept.get(kind)))


def _mounts(facts: Facts) -> list[tuple[str, str, bool]]:
    """Return (source, target, writable) of every folder of the host."""
    found = facts.inspect.get("Mounts") or []
    return [(str(m.get("Source")), str(m["Destination"]), bool(m.get("RW"))) for m in found if m["Type"] != "tmpfs"]


def folders(facts: Facts) -> Judgement:
    """Judge which folders of the host are inside, and which of them it may write to."""
    mounts = _mounts(facts)
    strange = [target for source, target, _ in mounts if target not in FOLDERS and (source, target) != SOUND]
    writable = [target for _, target, may in mounts if may and target not in WRITABLE]
    if strange or writable:
        parts = [f"{target} is none of ours" for target in strange]
        return failed("; ".join(parts + [f"{target} is writable" for target in writable if target not in strange]))
    return ok(", ".join(f"{target} {'rw' if may else 'ro'}" for _, target, may in sorted(mounts)) or "none")


def secrets(facts: Facts) -> Judgement:
    """Judge where the secrets' text turned up, how they are kept, and variables that carry one."""
    told = facts.secrets
    found = [f"the variable {name} holds one" for name in told["variables"]]
    found += [f"{entry['secret']} in {entry['place']}" for entry in told["found"]]
    open_ones = [
        entry
        for entry in told["files"]
        # The panel's own key is written by the container; who may read it is the same.
        if "mode" in entry and (entry["mode"], entry["uid"]) != ("0600" if entry["name"] == PANEL_KEY else "0400", 1000)
    ]
    found += [f"{entry['name']} has mode {entry['mode']} and uid {entry['uid']}" for entry in open_ones]
    if found:
        more = f"; and {len(found) - MOST_TOLD} more places" if len(found) > MOST_TOLD else ""
        return failed("; ".join(found[:MOST_TOLD]) + more)
    closed = [entry for entry in told["files"] if "mode" not in entry]
    if closed:
        return unknown(f"{closed[0]['name']}: {closed[0]['problem']}; ask as root")
    if not told["files"]:
        return failed("there is no secret at /run/secrets, so the panel has no token")
    names = ", ".join(entry["name"] + (f" ({entry['problem']})" if entry["problem"] else "") for entry in told["files"])
    return ok(f"{names}: mode 0400, in no command line, variable, log or inspect")


def network(facts: Facts) -> Judgement:
    """Judge what is shared with the host: the network as planned, nothing else."""
    config = facts.host_config
    shared = [name for name in ("PidMode", "IpcMode", "UTSMode", "UsernsMode") if config.get(name) == "host"]
    mode = str(config.get("NetworkMode"))
    kind = "host" if mode == "host" else "bridge"
    planned = str(facts.plan.get("network") or "host")
    port = f"{facts.values['panel_port']}/tcp"
    published = sorted(name for name, bound in (config.get("PortBindings") or {}).items() if bound)
    if shared:
        return failed(f"{', '.join(shared)}: host")
    if kind == "bridge" and published not in ([], [port]):
        return failed(f"publishes {', '.join(published)}; only {port} is needed")
    if kind != planned:
        return failed(f"{kind} (planned: {planned})")
    return ok(str(facts.plan.get("network_reason") or kind) + (f" Publishes {port}." if published else ""))


SECURITY = (
    Check("id", "User", UID, identity),
    Check("privileged", "Privileged", '"Privileged": false', privileged),
    Check("capabilities", "Capabilities", "drop ALL, add SYS_RAWIO", capabilities, NO_CAPABILITY),
    Check("cap_eff", "Effective capabilities", "-", effective),
    Check("no_new_privileges", "No new privileges", "no-new-privileges:true", new_privileges),
    Check("seccomp", "Seccomp", "-", seccomp),
    Check("root_fs", "Root file system", "-", root_file_system),
    Check("devices", "Devices", "only /dev/video0 and /dev/snd", devices, BY_FOLDER),
    Check("device_rules", "/dev", "specific devices, not /dev", device_rules, BY_FOLDER),
    Check("folders", "Folders of the host", "-", folders),
    Check("secrets", "Secrets", "-", secrets),
    Check("network", "Network", "-", network),
)
