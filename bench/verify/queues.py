"""The guide's "Queue Configuration": one file, sourced by every script, and nothing that leaks."""

from __future__ import annotations

from bench.verify.check import Check, Judgement, failed, judged, ok
from bench.verify.facts import Facts, NotSeenError
from streamkit.config import SETTINGS
from streamkit.encoders import ENCODERS

FILE = "queue-config.sh"
GUIDES = ("QUEUE_VIDEO_LOW_RES", "QUEUE_VIDEO_MID_RES", "QUEUE_VIDEO_HIGH_RES", "QUEUE_AUDIO", "QUEUE_RTP")
NOT_LEAKY = (
    "Frames that are too late are dropped and counted in front of the encoder, so that a queue that does not leak "
    "cannot make the delay grow."
)


def sourced(facts: Facts) -> Judgement:
    """Judge whether each of the scripts is there and sources the file."""
    scripts = {name: entry for name, entry in facts.release["scripts"].items() if name != FILE}
    missing = sorted({encoder.script for encoder in ENCODERS.values()} - set(scripts))
    without = sorted(name for name, entry in scripts.items() if not entry["sources"])
    if FILE not in facts.release["scripts"]:
        return failed(f"there is no {FILE} in the release")
    if missing or without:
        parts = [f"{name} is missing" for name in missing] + [f"{name} does not" for name in without]
        return failed("; ".join(parts))
    return ok(f"all {len(scripts)} scripts do")


def leaky(facts: Facts) -> Judgement:
    """Judge the scripts and the pipeline that runs."""
    found = [f"{name}: {entry['leaky'][0]}" for name, entry in facts.release["scripts"].items() if entry["leaky"]]
    told = f"none in {len(facts.release['scripts'])} files"
    try:
        words = [word for process in facts.processes for word in process["words"] if word.startswith("leaky")]
    except NotSeenError:
        words = []
    else:
        told += " and in the pipeline that runs"
    return failed("; ".join(found + [f"running: {word}" for word in words])) if found or words else ok(told)


def defaults(facts: Facts) -> Judgement:
    """Judge the five values of the guide; another one needs the reason beside it."""
    queues = facts.release["queues"]
    missing = [name for name in GUIDES if name not in queues]
    changed = {name: queues[name] for name in GUIDES if name in queues and queues[name]["value"] != _default(name)}
    silent = [name for name, queue in changed.items() if not queue["note"]]
    if missing or silent:
        parts = [f"{name} is missing" for name in missing]
        parts += [f"{name} is '{queues[name]['value']}' without a reason" for name in silent]
        return failed("; ".join(parts))
    if changed:
        return ok("; ".join(f"{name}: {queue['note']}" for name, queue in changed.items()))
    return judged(True, "all five as in the guide")


def _default(name: str) -> object:
    return SETTINGS[name.lower()].default


QUEUES = (
    Check("sourced", "Scripts and queues", "every script sources queue-config.sh", sourced),
    Check("leaky", "Leaky queues", "none", leaky, NOT_LEAKY),
    Check("queues", "Queue values", "5/10/15 buffers, 500 ms; audio 10; RTP 5", defaults),
)
