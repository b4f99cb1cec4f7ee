"""QEMU: which accelerator works here, the command line, and ending exactly the process we started."""

from __future__ import annotations

import os
import signal
import socket
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .errors import MachineError, run_tool
from .image import Image
from .network import MEDIA_MAC, UPLINK_MAC

BINARY = "qemu-system-x86_64"
# la57 off: one level of page tables less to walk for every miss of the emulated TLB.
_CPU = ("-cpu", "max,la57=off")
# Preemption: the thread that plays the capture card's part has its ticks to keep.  Chosen at boot, because to switch it
# later rewrites the kernel's code under load on both processors.
_KERNEL = "mitigations=off preempt=full"
_EXIT_PORT_ROM = b"\xf4" * 0xFFF0 + bytes.fromhex("baf400b010eef4").ljust(16, b"\xf4")
_EXIT_STATUS = 0x10 << 1 | 1


def accelerator() -> str:
    """Return "kvm" when it runs code here, else "tcg,thread=multi" (emulation).

    A readable /dev/kvm proves little (nested hosts offer one that aborts), so a few instructions are
    run on it, with the processor model the machine will use: out 0xf4, 0x10.
    """
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return "tcg,thread=multi"
    with tempfile.NamedTemporaryFile(suffix=".rom") as rom:
        rom.write(_EXIT_PORT_ROM)
        rom.flush()
        probe = [BINARY, "-accel", "kvm", *_CPU, "-m", "16", "-nodefaults", "-display", "none", "-no-reboot"]
        exit_port = ["-device", "isa-debug-exit,iobase=0xf4,iosize=1", "-bios", rom.name]
        try:
            status = run_tool([*probe, *exit_port], timeout=5, check=False).returncode
        except MachineError:
            status = -1
    return "kvm" if status == _EXIT_STATUS else "tcg,thread=multi"


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Launch:
    """One start of QEMU. `memory_mib` is in MiB; `tap` is None for a machine without media network."""

    image: Image
    directory: Path
    accel: str
    cpus: int
    memory_mib: int
    ssh_port: int
    tap: str | None

    def argv(self) -> list[str]:
        """Return the command line; QEMU detaches itself once disks and networks are open."""
        overlay, serial = self.directory / "overlay.qcow2", self.directory / "serial.log"
        argv = [BINARY, "-nodefaults", "-display", "none", "-daemonize", "-accel", self.accel, *_CPU]
        argv += ["-smp", str(self.cpus), "-m", str(self.memory_mib), "-device", "virtio-rng-pci"]
        argv += ["-pidfile", str(self.directory / "qemu.pid"), "-serial", f"file:{serial}"]
        argv += ["-kernel", str(self.image.kernel), "-initrd", str(self.image.initrd)]
        argv += ["-append", f"root=/dev/vda rw console=ttyS0 quiet net.ifnames=0 {_KERNEL}"]
        argv += ["-drive", f"file={overlay},format=qcow2,if=virtio,cache=unsafe,discard=unmap"]
        argv += ["-netdev", f"user,id=uplink,hostfwd=tcp:127.0.0.1:{self.ssh_port}-:22"]
        argv += ["-device", f"virtio-net-pci,netdev=uplink,mac={UPLINK_MAC},romfile="]
        if self.tap:
            argv += ["-netdev", f"tap,id=media,ifname={self.tap},script=no,downscript=no"]
            argv += ["-device", f"virtio-net-pci,netdev=media,mac={MEDIA_MAC},romfile="]
        return argv

    def start(self) -> int:
        """Start the machine and return QEMU's process id. Raises MachineError with QEMU's own words."""
        run_tool(self.argv(), timeout=60)
        return int((self.directory / "qemu.pid").read_text())


def create_overlay(image: Image, directory: Path) -> None:
    """Make the machine's own disk: a copy-on-write file over the image, which stays untouched."""
    backing = ["-b", str(image.disk.resolve()), "-F", "raw", str(directory / "overlay.qcow2")]
    run_tool(["qemu-img", "create", "-q", "-f", "qcow2", *backing])


def process_age(pid: int) -> str | None:
    """Return a token that identifies process `pid` even after its number is reused; None when it ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]


def end_process(pid: int, age: str, *, timeout: float = 15) -> None:
    """End `pid` if it is still the process of that `age`; killed after `timeout` seconds."""
    for number, patience in ((signal.SIGTERM, timeout), (signal.SIGKILL, 5.0)):
        if process_age(pid) != age:
            return
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        deadline = time.monotonic() + patience
        while process_age(pid) == age and time.monotonic() < deadline:
            time.sleep(0.1)
