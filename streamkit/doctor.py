"""What is wrong with a host, in plain words, and the command that mends it.  Pure: facts in, findings out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from streamkit.config import Value
from streamkit.plan.capture import USB2_MBPS
from streamkit.plan.check import problems

Level = Literal["broken", "worse", "note"]
"""broken: it cannot stream so; worse: it streams, but less well than it could; note: worth knowing."""
ORDER: tuple[Level, ...] = ("broken", "worse", "note")
SMALL_MEMORY_MB = 2048
SELF_CLOCKED = ("intel_pstate", "amd-pstate-epp")
"""Drivers whose ``powersave`` raises the clock with the load by itself (kernel: admin-guide/pm)."""
OLD_DRIVERS = {"i965": "VA-API's old Intel driver"}
VA_PACKAGES = {"intel": "intel-media-va-driver", "amd": "mesa-va-drivers"}


@dataclass(frozen=True)
class Finding:
    """One thing: how bad, what it is in a sentence, and the cure: a command or what to do by hand."""

    level: Level
    what: str
    cure: str

    def as_document(self) -> dict[str, str]:
        """Return it as JSON shows it."""
        return asdict(self)


def examine(
    hardware: Mapping[str, Any],
    state: Mapping[str, Any] | None,
    values: Mapping[str, Value],
    plan: Mapping[str, Any] | None = None,
) -> list[Finding]:
    """Return every finding, the worst first.  ``state`` and ``plan`` may be missing: then less is known."""
    found = [*_system(hardware, state, values), *_docker(hardware, state), *_capture(hardware, values)]
    found += [*_sound(hardware, values), *_gpus(hardware), *_processor(hardware), *_planned(plan), *_changed(state)]
    found += [
        Finding("note", f"Could not ask {u['what']}: {u['reason']}.", "sudo streamkit doctor")
        for u in _denied(hardware)
    ]
    return sorted(found, key=lambda one: ORDER.index(one.level))


def describe(findings: list[Finding]) -> list[str]:
    """Return the findings as lines for a person."""
    if not findings:
        return ["Nothing is wrong with this host."]
    called = {"broken": "Broken", "worse": "Could be better", "note": "Worth knowing"}
    return [line for one in findings for line in (f"{called[one.level]}: {one.what}", f"    {one.cure}")]


def _denied(hardware: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [entry for entry in hardware["unknown"] if "ermission" in str(entry["reason"])]


def _system(
    hardware: Mapping[str, Any], state: Mapping[str, Any] | None, values: Mapping[str, Value]
) -> Iterator[Finding]:
    if state is not None:
        for sentence in problems(hardware, {**state, "uid": 0}, values):
            what, _, cure = sentence.rpartition(": ") if sentence.endswith("space.") else sentence.rpartition("; ")
            yield Finding("broken", (what or sentence).rstrip(".") + ".", cure or "see the sentence itself")
    memory_mb = hardware["memory_mb"]
    if memory_mb is not None and memory_mb < SMALL_MEMORY_MB:
        limit_mb = max(memory_mb // 2, 512)
        yield Finding(
            "worse",
            f"The host has {memory_mb} MiB of memory, and the container may take {values['memory_mb']} MiB.",
            f"set streamkit_memory_mb: {limit_mb} in the inventory, then ./install.sh",
        )


def _docker(hardware: Mapping[str, Any], state: Mapping[str, Any] | None) -> Iterator[Finding]:
    docker = hardware.get("docker") or {}
    if state is None and not docker:
        return  # another host, of which nobody said
    answers = bool(state["docker"]["version"]) if state else bool(docker.get("running"))
    if answers:
        container = state["docker"]["container"] if state else None
        if container and not container["running"]:
            yield Finding(
                "broken",
                "The container exists and does not run.",
                "docker start gaming-streamer; docker logs --tail 50 gaming-streamer",
            )
        return
    if docker.get("installed") or docker.get("version"):
        yield Finding("broken", "Docker is installed and its daemon does not answer.", "systemctl enable --now docker")
    else:
        yield Finding("broken", "Docker is not installed.", "./install.sh (it installs Debian's docker.io)")


def _capture(hardware: Mapping[str, Any], values: Mapping[str, Value]) -> Iterator[Finding]:
    devices = hardware["video_devices"]
    if not devices and values["source"] != "test":
        shown = "nothing is streamed until one comes" if values["source"] == "v4l2" else "the test picture is streamed"
        yield Finding(
            "worse",
            f"No capture card was found: {shown}.",
            "plug the card in (lsusb and dmesg | tail show whether the kernel sees it); ./install.sh adds its sound",
        )
    for device in devices:
        name = f"{device['card']} at {device['node']}"
        if device["signal"] == "none":
            yield Finding(
                "broken", f"{name} has no signal.", "switch the console on, and check the HDMI cable on both ends"
            )
        speed_mbps = device.get("usb_speed_mbps")
        if speed_mbps is not None and speed_mbps <= USB2_MBPS:
            best = _best_rate(device)
            yield Finding(
                "worse",
                f"{name} is connected by USB 2 ({speed_mbps} Mbit/s){best}.",
                "plug it into a blue (USB 3) port with its own cable; a card that is USB 2 itself stays so",
            )


def _best_rate(device: Mapping[str, Any]) -> str:
    raw = [mode for mode in device["modes"] if mode["pixel_format"] in ("NV12", "YUYV", "UYVY", "YU12")]
    if not raw or not any(mode["pixel_format"] == "MJPG" for mode in device["modes"]):
        return ""
    largest = max(raw, key=lambda mode: mode["width"] * mode["height"])
    return f": uncompressed it offers {largest['width']}x{largest['height']} at most, more only as JPEG, which costs quality and CPU"


def _sound(hardware: Mapping[str, Any], values: Mapping[str, Value]) -> Iterator[Finding]:
    if hardware["video_devices"] and not hardware["audio_devices"] and values["audio_source"] == "auto":
        yield Finding(
            "worse", "There is a capture card and no sound card that records.", "modprobe snd-usb-audio; arecord -l"
        )


def _gpus(hardware: Mapping[str, Any]) -> Iterator[Finding]:
    for gpu in hardware["gpus"]:
        name = f"The {gpu['vendor']} GPU {gpu.get('name') or gpu['pci_id'] or ''}".strip()
        state = gpu.get("state", "ready")
        if state == "no_driver":
            cure = (
                "apt-get install nvidia-driver, then reboot"
                if gpu["vendor"] == "nvidia"
                else "apt-get install firmware-linux, then reboot"
            )
            yield Finding("worse", f"{name} has no driver: {gpu.get('reason', '')}".rstrip(". :") + ".", cure)
        elif state == "vfio":
            yield Finding(
                "note",
                f"{name} is reserved for virtual machines (vfio-pci).",
                "remove its id from vfio-pci.ids on the kernel's command line to use it here",
            )
        elif state == "off":
            yield Finding(
                "worse",
                f"{name} does not answer on the bus.",
                "switch the machine off and on; if it stays so, reseat the card",
            )
        va = gpu.get("va")
        if gpu["vendor"] in VA_PACKAGES and va is not None and not va["usable"]:
            yield Finding(
                "worse",
                f"{name} has no working VA-API driver ({va['error']}).",
                f"apt-get install {VA_PACKAGES[gpu['vendor']]}",
            )
        if va and va["usable"] and va["driver"] in OLD_DRIVERS:
            yield Finding(
                "note",
                f"{name} runs on {va['driver']}, {OLD_DRIVERS[va['driver']]}.",
                "apt-get install intel-media-va-driver (from Broadwell on)",
            )
        if va and "h264" in va.get("low_power_only", []) and gpu.get("driver") == "i915":
            yield Finding(
                "note",
                f"{name} encodes H.264 by its low-power path alone, which needs the HuC firmware for constant bitrate.",
                "echo 'options i915 enable_guc=2' > /etc/modprobe.d/i915.conf; update-initramfs -u; reboot",
            )
        nvenc = gpu.get("nvenc")
        if nvenc and nvenc["codecs"] == []:
            yield Finding(
                "note",
                f"{name} has no NVENC ({nvenc['reason'].rstrip('.')}).",
                "nothing to mend: another encoder is taken",
            )


def _processor(hardware: Mapping[str, Any]) -> Iterator[Finding]:
    cpu = hardware["cpu"]
    if cpu.get("governor") == "powersave" and cpu.get("scaling_driver") not in SELF_CLOCKED:
        yield Finding(
            "worse",
            "The processor runs at its lowest clock (governor powersave).",
            "echo performance | tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor",
        )
    if cpu["cpus"] is not None and cpu["cpus"] < 2:
        yield Finding(
            "worse",
            "There is one processor: picture and sound share it with everything else.",
            "give the machine two or more",
        )
    if cpu.get("architecture") == "x86_64" and cpu.get("flags") and "avx2" not in cpu["flags"]:
        yield Finding(
            "note",
            "The processor has no AVX2: software encoders run at about half their speed.",
            "use a GPU encoder, or a smaller streamkit_resolution",
        )


def _changed(state: Mapping[str, Any] | None) -> Iterator[Finding]:
    if state and state.get("panel_changes"):
        yield Finding(
            "note",
            f"Changed in the panel, which wins over the inventory: {', '.join(state['panel_changes'])}.",
            "./install.sh --tags release,streamer -e streamkit_reset_overrides=true takes all of it back",
        )


def _planned(plan: Mapping[str, Any] | None) -> Iterator[Finding]:
    if plan is None:
        return
    if plan.get("warning"):
        yield Finding(
            "worse",
            str(plan["warning"]),
            "streamkit probe shows the figures; set streamkit_resolution or streamkit_fps lower",
        )
    if not plan["probed"]:
        yield Finding(
            "note",
            "The plan was made without trial encodes.",
            "./install.sh measures on the host; streamkit probe on this machine",
        )
