"""The machine's second network card: a tap device, by default inside a network namespace of its own."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .errors import run_tool

Mode = Literal["namespace", "host", "none"]
HOST_ADDRESS = "10.77.0.1"
GUEST_ADDRESS = "10.77.0.2"
UPLINK_MAC = "52:54:00:77:00:01"
MEDIA_MAC = "52:54:00:77:00:02"


@dataclass(frozen=True)
class MediaNetwork:
    """Names of the tap device and, in mode "namespace", of the namespace that holds it.

    Mode "host" leaves the tap beside the tester's other interfaces, for a desktop browser; only one
    machine at a time can have it, as all use the same addresses. Mode "none" has no second card.
    """

    name: str
    mode: Mode = "namespace"

    @property
    def tap(self) -> str:
        """The interface name: at most 15 characters, distinct for each machine name."""
        plain = f"skt-{self.name}"
        return plain if len(plain) <= 15 else f"skt-{hashlib.sha256(self.name.encode()).hexdigest()[:10]}"

    @property
    def namespace(self) -> str | None:
        """The namespace from which the guest is reachable; None when it is the root namespace."""
        return f"streamkit-{self.name}" if self.mode == "namespace" else None

    def inside(self, *argv: str) -> list[str]:
        """Return `argv` as a command that runs where the guest's media address is reachable."""
        return ["ip", "netns", "exec", self.namespace, *argv] if self.namespace else list(argv)

    def create_tap(self) -> None:
        """Create the tap in the root namespace, where QEMU opens it. Raises MachineError."""
        self.remove()
        if self.mode != "none":
            run_tool(["ip", "tuntap", "add", "dev", self.tap, "mode", "tap"])

    def attach(self) -> None:
        """Once QEMU holds the tap: move it into the namespace and address it. Raises MachineError."""
        if self.mode == "none":
            return
        within: list[str] = []
        if self.namespace:
            run_tool(["ip", "netns", "add", self.namespace])
            run_tool(["ip", "link", "set", self.tap, "netns", self.namespace])
            within = ["-netns", self.namespace]
            run_tool(["ip", *within, "link", "set", "lo", "up"])
        run_tool(["ip", *within, "address", "add", f"{HOST_ADDRESS}/24", "dev", self.tap])
        run_tool(["ip", *within, "link", "set", self.tap, "up"])

    def remove(self) -> None:
        """Delete namespace and tap; what is already gone is no error."""
        if self.namespace and Path("/run/netns", self.namespace).exists():
            run_tool(["ip", "-netns", self.namespace, "link", "delete", self.tap], check=False)
            run_tool(["ip", "netns", "delete", self.namespace], check=False)
        if Path("/sys/class/net", self.tap).exists():
            run_tool(["ip", "link", "delete", self.tap], check=False)
