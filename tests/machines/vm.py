"""Command line of the virtual machine: `python3 -m tests.machines.vm build|up|status|ssh|inventory|down`.

Exit status: that of the command for `ssh`; otherwise 0, or 1 with one line on standard error.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
import time
from collections.abc import Sequence
from typing import Any

from .errors import MachineError
from .image import Image, build
from .machine import VirtualMachine
from .recipe import Recipe

__all__ = ["MachineError", "Recipe", "VirtualMachine", "main"]


def describe(machine: VirtualMachine) -> dict[str, Any]:
    """Return everything a person or script needs to use a running machine."""
    state, module = machine.state, "python3 -m tests.machines.vm"
    assert state is not None
    name = f" --name {machine.name}"
    return {
        "name": machine.name,
        "accelerator": state.accel,
        "boot_seconds": state.boot_seconds,
        "pid": state.pid,
        "ssh": shlex.join(machine.login.argv()),
        "ssh_port": state.ssh_port,
        "address": machine.address if state.network != "none" else None,
        "network": state.network,
        "netns": machine.network.namespace,
        "run_inside": shlex.join(machine.inside("COMMAND")),
        "serial_log": str(machine.serial_log),
        "inventory": f"{module} inventory{name}",
        "stop": f"{module} down{name}",
    }


def _show(facts: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(facts, indent=1))
        return
    for key, value in facts.items():
        if value is not None:
            print(f"{key + ':':14}{value}")


def _recipe(options: argparse.Namespace) -> Recipe:
    return Recipe(docker=options.docker, disk_gib=options.disk_gib)


def _build(options: argparse.Namespace) -> int:
    began, recipe = time.monotonic(), _recipe(options)
    ready = Image(recipe.directory).complete and not options.force
    image = build(recipe, force=options.force)
    facts = {"image": str(image.directory), "built": not ready, "seconds": round(time.monotonic() - began, 1)}
    _show(facts, options.json)
    return 0


def _up(options: argparse.Namespace) -> int:
    machine = VirtualMachine(
        options.name,
        recipe=_recipe(options),
        network=options.network,
        cpus=options.cpus,
        memory_mib=options.memory,
        keep_disk=options.keep_disk,
        boot_timeout=options.timeout,
    )
    machine.start()
    if options.full_boot:
        machine.wait_for_boot()
    _show(describe(machine), options.json)
    return 0


def _status(options: argparse.Namespace) -> int:
    machine = VirtualMachine(options.name)
    if not machine.up:
        raise MachineError(f"no machine named {options.name!r} is up")
    facts = describe(machine)
    facts["answers"] = machine.login.answers()
    _show(facts, options.json)
    return 0


def _ssh(options: argparse.Namespace) -> int:
    login = VirtualMachine(options.name).login
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    # One word is a line for the guest's shell; several are quoted, so they arrive as they were typed.
    line = command[0] if len(command) == 1 else shlex.join(command)
    argv = login.argv(*(["--", line] if command else []))
    os.execvp(argv[0], argv)


def _inventory(options: argparse.Namespace) -> int:
    print(VirtualMachine(options.name).login.inventory(), end="")
    return 0


def _down(options: argparse.Namespace) -> int:
    VirtualMachine(options.name).stop(keep_disk=options.keep_disk)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m tests.machines.vm", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    named = argparse.ArgumentParser(add_help=False)
    named.add_argument("--name", default="vm", help="which machine (default: vm)")
    output = argparse.ArgumentParser(add_help=False)
    output.add_argument("--json", action="store_true", help="print JSON")
    disk = argparse.ArgumentParser(add_help=False)
    disk.add_argument("--with-docker", dest="docker", action="store_true", default=True, help="(default)")
    disk.add_argument("--without-docker", dest="docker", action="store_false")
    disk.add_argument("--disk-gib", type=int, default=Recipe.disk_gib, help="disk size the guest sees (GiB)")

    build_command = commands.add_parser("build", parents=[disk, output], help="make the disk image")
    build_command.add_argument("--force", action="store_true", help="even if it exists")
    build_command.set_defaults(run=_build)

    up = commands.add_parser("up", parents=[named, disk, output], help="build if needed, start, wait for ssh")
    networks = ["namespace", "host", "none"]
    up.add_argument("--network", choices=networks, default="namespace", help="where the media network lies")
    up.add_argument("--cpus", type=int, default=2)
    up.add_argument("--memory", type=int, default=2048, help="MiB")
    up.add_argument("--keep-disk", action="store_true", help="continue with the disk the last machine left")
    up.add_argument("--timeout", type=float, default=240, help="seconds to wait for a login, before it is tried again")
    up.add_argument("--full-boot", action="store_true", help="wait for every unit, Docker's too")
    up.set_defaults(run=_up)

    commands.add_parser("status", parents=[named, output], help="how to reach it").set_defaults(run=_status)
    ssh = commands.add_parser("ssh", parents=[named], help="run a command in it, or log in")
    ssh.add_argument("command", nargs=argparse.REMAINDER)
    ssh.set_defaults(run=_ssh)
    inventory = commands.add_parser("inventory", parents=[named], help="print an Ansible inventory (YAML)")
    inventory.set_defaults(run=_inventory)
    down = commands.add_parser("down", parents=[named], help="stop it and remove what it made")
    down.add_argument("--keep-disk", action="store_true", help="leave its disk for `up --keep-disk`")
    down.set_defaults(run=_down)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; see the module's docstring for exit statuses."""
    options = _parser().parse_args(argv)
    try:
        status: int = options.run(options)
    except MachineError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return status


if __name__ == "__main__":
    sys.exit(main())
