"""What is tuned on a host, into which files and values, and what is given back.  Pure: facts in, decisions out.

Off unless asked for.  Each part has its reason here, and in docs/TUNING.md the command that measures it on a host.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from streamkit.config import Value
from streamkit.detect.tuning import TUNED_FILES
from streamkit.documents import SCHEMA_VERSION, Document
from streamkit.plan.capture import choose_device

MARK = "# Written by streamkit (streamkit_tuning: present); streamkit_tuning: absent takes it away.\n"
UNIT = """\
[Unit]
Description=CPU frequency governor for the streamer
# Late enough that a frequency driver that comes as a module is there.
After=docker.service

[Service]
Type=oneshot
ExecStart=/bin/sh -ec 'for file in /sys/devices/system/cpu/cpufreq/policy*/scaling_governor; do echo {governor} >"$$file"; done'

[Install]
WantedBy=multi-user.target
"""
UDEV = """\
# The driver of USB cards (uvcvideo) lets them sleep two seconds after they were closed. It says so while it takes the
# card's interface, after the card itself was added: so the interface's turn is waited for as well.
ACTION=="add|bind|change", SUBSYSTEM=="usb", ENV{{DEVTYPE}}=="usb_device", ATTR{{idVendor}}=="{vendor}", \
ATTR{{idProduct}}=="{product}", TEST=="power/control", ATTR{{power/control}}="on"
ACTION=="bind", SUBSYSTEM=="usb", ENV{{DEVTYPE}}=="usb_interface", ATTRS{{idVendor}}=="{vendor}", \
ATTRS{{idProduct}}=="{product}", ATTR{{../power/control}}="on"
"""


@dataclass
class Wanted:
    """What one part wants: {path: file}, {path of a kernel value: value}, {USB id: power control}, and a sentence."""

    said: str
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    usb: dict[str, str] = field(default_factory=dict)


def decide(hardware: Mapping[str, Any], values: Mapping[str, Value], seen: Mapping[str, Any]) -> Document:
    """Return what is to be done on a host, from its description, every setting, and ``detect.tuning.look``.

    ``files``: [{path, and content and mode, or link, or neither: no such file}]; ``kernel_values``: [{path, value}] to write
    into the kernel's files; ``before``: what to keep so that all can be given back (None: nothing is tuned any more);
    ``reload``: whether systemd is to read its units again; ``lines``: a sentence for each part.
    """
    present = values["tuning"] == "present"
    wanted = [_governor(values, seen), _buffers(values, seen), _usb(hardware, values, seen)] if present else []
    kept = seen["before"] or {"files": {}, "values": {}, "usb": {}}
    files = {path: entry for part in wanted for path, entry in part.files.items()}
    numbers = {path: value for part in wanted for path, value in part.values.items()}
    power = {name: value for part in wanted for name, value in part.usb.items()}
    there = {entry["path"]: entry["value"] for entry in seen["governors"]}
    there |= {path: str(value) for path, value in seen["sysctls"].items()}
    before = {
        "schema_version": SCHEMA_VERSION,
        "files": {path: kept["files"].get(path, _foreign(seen["files"][path])) for path in files},
        "values": {path: kept["values"].get(path, there[path]) for path in numbers},
        "usb": {name: kept["usb"].get(name, _control(seen, name)) for name in power},
    }
    # What is no longer wanted becomes what it was; what the host no longer has cannot.
    files = {**{path: entry for path, entry in kept["files"].items() if path not in files}, **files}
    numbers = {**{p: v for p, v in kept["values"].items() if p not in numbers and p in there}, **numbers}
    power = {**{name: value for name, value in kept["usb"].items() if name not in power}, **power}
    numbers |= {f"{usb['path']}/power/control": power[usb["id"]] for usb in seen["usb"] if usb["id"] in power}
    units = (TUNED_FILES["unit"], TUNED_FILES["wanted"])
    return {
        "files": [{"path": path, **(entry or {})} for path, entry in sorted(files.items())],
        "kernel_values": [{"path": path, "value": value} for path, value in sorted(numbers.items())],
        "before": before if any((before["files"], before["values"], before["usb"])) else None,
        "reload": seen["systemd"] and any(path in files and files[path] != seen["files"][path] for path in units),
        "lines": [part.said for part in wanted] + _said_of_the_rest(present, values, seen),
    }


def _foreign(entry: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return a file that was there before, None for one that we wrote and whose record was lost."""
    ours = entry is not None and (entry.get("content", "").startswith(MARK) or entry.get("link") == TUNED_FILES["unit"])
    return None if ours else entry


def _control(seen: Mapping[str, Any], name: str) -> str:
    return next((str(usb["control"]) for usb in seen["usb"] if usb["id"] == name), "auto")


def _governor(values: Mapping[str, Value], seen: Mapping[str, Any]) -> Wanted:
    """A steady clock: a governor that raises it with the load does so after the frame that needed it."""
    chosen = str(values["tuning_cpu_governor"])
    if chosen == "unchanged":
        return Wanted("CPU governor: left as it is.")
    clocks = seen["governors"]
    offering = [clock for clock in clocks if chosen in clock["offered"]]
    if not clocks:
        return Wanted("CPU governor: this host offers none, as most virtual machines; nothing to tune.")
    if not offering:
        offered = ", ".join(sorted({name for clock in clocks for name in clock["offered"]})) or "none"
        return Wanted(f"CPU governor: {chosen} is not among those that this host offers ({offered}); left as it is.")
    was = _was(seen, [clock["path"] for clock in offering], [clock["value"] for clock in offering])
    wanted = Wanted(f"CPU governor: {chosen} on {len(offering)} of {len(clocks)} clocks (before: {was}).")
    wanted.values = {clock["path"]: chosen for clock in offering}
    if seen["systemd"]:
        unit = MARK + UNIT.format(governor=chosen)
        wanted.files = {
            TUNED_FILES["unit"]: {"content": unit, "mode": "0644"},
            TUNED_FILES["wanted"]: {"link": TUNED_FILES["unit"]},
        }
    else:
        wanted.said += " Without systemd it holds until the next start of the machine."
    return wanted


def _buffers(values: Mapping[str, Value], seen: Mapping[str, Any]) -> Wanted:
    """Room for a key frame: its packets leave at once, and the kernel drops what finds the buffer full."""
    kib, sysctls = int(str(values["tuning_udp_buffer_kib"])), seen["sysctls"]
    if kib == 0:
        return Wanted("UDP buffers: left as they are.")
    if not sysctls:
        return Wanted("UDP buffers: they are set outside this container; nothing to tune.")
    kept = (seen["before"] or {"values": {}})["values"]
    before = {path: int(kept.get(path, value)) for path, value in sysctls.items()}
    # Never less than what somebody else found right.
    numbers = {path: str(max(kib * 1024, before[path])) for path in sysctls}
    lines = [
        f"{path.removeprefix('/proc/sys/').replace('/', '.')} = {value}" for path, value in sorted(numbers.items())
    ]
    text = MARK + "# Largest and default size of a UDP socket's buffers, in bytes.\n" + "\n".join(lines) + "\n"
    sizes = " to ".join(dict.fromkeys(f"{size // 1024}" for size in sorted(before.values())))
    return Wanted(
        f"UDP buffers: at least {kib} KiB (before: {sizes} KiB).",
        files={TUNED_FILES["sysctl"]: {"content": text, "mode": "0644"}},
        values=numbers,
    )


def _usb(hardware: Mapping[str, Any], values: Mapping[str, Value], seen: Mapping[str, Any]) -> Wanted:
    """An awake card: one that sleeps between two openings takes its time to wake, and some lose the signal."""
    if not values["tuning_usb_autosuspend"]:
        return Wanted("USB power: left as it is.")
    kept = (seen["before"] or {"usb": {}})["usb"]
    device = None if values["source"] == "test" else choose_device(hardware, str(values["video_device"]))
    card = next((usb["id"] for usb in seen["usb"] if device and usb["path"] == device.get("usb")), None)
    if card is None and device is None and kept:
        # Unplugged for now: its rule waits for it.
        card = next(iter(kept))
        said = f"USB power: the capture card {card} is not plugged in; it will stay awake when it is."
    elif card is None:
        where = "the capture card is not on USB" if device else "there is no capture card"
        return Wanted(f"USB power: {where}; nothing to tune.")
    else:
        was = kept.get(card, _control(seen, card))
        said = f"USB power: the capture card {card} stays awake (before: {was})."
    vendor, product = card.split(":")
    rule = MARK + UDEV.format(vendor=vendor, product=product)
    return Wanted(said, files={TUNED_FILES["udev"]: {"content": rule, "mode": "0644"}}, usb={card: "on"})


def _was(seen: Mapping[str, Any], paths: list[str], now: list[str]) -> str:
    kept = (seen["before"] or {"values": {}})["values"]
    return ", ".join(sorted({str(kept.get(path, value)) for path, value in zip(paths, now, strict=True)}))


def _said_of_the_rest(present: bool, values: Mapping[str, Value], seen: Mapping[str, Any]) -> list[str]:
    if present:
        allowed = "the container's threads may ask for it" if values["tuning_realtime"] else "left as it is"
        return [f"Realtime priority: {allowed}."]
    if seen["before"] is None:
        return ["Nothing is tuned on this host."]
    return ["Everything that was tuned on this host is given back."]


def figures(hardware: Mapping[str, Any], seen: Mapping[str, Any]) -> list[str]:
    """Return lines for a person: what is in force now, and the counters that show whether tuning could help."""
    governors = ", ".join(sorted({clock["value"] for clock in seen["governors"]})) or "none offered"
    sizes = [f"{path.rsplit('/', 1)[1]} {size // 1024} KiB" for path, size in sorted(seen["sysctls"].items())]
    drops = seen["udp"]
    lines = [f"CPU governor      {governors}", f"UDP buffers       {', '.join(sizes) or 'set outside this container'}"]
    if drops:
        lines.append(
            f"UDP drops         {drops['received']} received, {drops['sent']} sent, for want of a buffer since boot"
        )
    cards = {device["usb"] for device in hardware["video_devices"] if device.get("usb")}
    for usb in (usb for usb in seen["usb"] if usb["path"] in cards):
        asleep, awake = usb["asleep_ms"] or 0, usb["awake_ms"] or 0
        share = f"{100 * asleep / (asleep + awake):.0f} %" if asleep + awake else "unknown"
        lines.append(f"Card {usb['id']}    power {usb['control']}, asleep {share} of the time")
    return lines
