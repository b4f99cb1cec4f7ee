"""Ansible module: bring files and values of the kernel into a given state, and keep what they were before.

Runs on the host with Ansible's own module library and the standard library only.  Knows check mode and differences.
What was there before is stored first: a run that is killed at any point leaves enough to go on, or to go back.
"""

from __future__ import annotations

import json
import os
import stat
import tempfile
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: kept_tuning
short_description: Bring files and kernel values into a given state, and keep what they were
options:
  before_file:
    description: Where what was there before is stored; removed once nothing is left to give back.
    type: path
    required: true
  before:
    description: What to store there; null when nothing is tuned any more.
    type: dict
  files:
    description: Files as they shall be, each with content and mode, or a link, or neither where there shall be none.
    type: list
    elements: dict
    required: true
  kernel_values:
    description: Values to write into the kernel's files.
    type: list
    elements: dict
    required: true
  reload:
    description: Whether systemd shall read its units again.
    type: bool
    required: true
  root:
    description: The folder that stands for the host's root directory.
    type: path
    default: /
"""
ABSENT = "absent\n"


def read(path: Path) -> dict[str, Any]:
    """Return a file's state: {content, mode}, {link}, or nothing."""
    if path.is_symlink():
        return {"link": str(path.readlink())}
    if not path.is_file():
        return {}
    return {"content": path.read_text(encoding="utf-8"), "mode": f"{stat.S_IMODE(path.stat().st_mode):04o}"}


def shown(state: dict[str, Any]) -> str:
    """Return a file's state as a difference shows it."""
    if "link" in state:
        return f"link to {state['link']}\n"
    return state["content"] if state else ABSENT


def put(path: Path, state: dict[str, Any]) -> None:
    """Replace a file in one step, or remove it."""
    if not state:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    try:
        beside = folder / "new"
        if "link" in state:
            beside.symlink_to(state["link"])
        else:
            with beside.open("w", encoding="utf-8") as stream:
                stream.write(state["content"])
                os.fchmod(stream.fileno(), int(state["mode"], 8))
                stream.flush()
                os.fsync(stream.fileno())
        beside.replace(path)
    finally:
        (folder / "new").unlink(missing_ok=True)
        folder.rmdir()


def difference(path: str, before: str, after: str) -> dict[str, str]:
    """Return one entry of the list that ``--diff`` prints."""
    return {"before_header": path, "after_header": path, "before": before, "after": after}


class Tuning:
    """The state that is asked for, beside the one that is there."""

    def __init__(self, module: AnsibleModule) -> None:
        self._module = module
        self._root = Path(module.params["root"])
        self._files: list[tuple[str, dict[str, Any]]] = []
        self._values: list[tuple[str, str]] = []
        self.differences: list[dict[str, str]] = []
        self._compare()

    def _place(self, path: str) -> Path:
        return self._root / path.lstrip("/")

    def _compare(self) -> None:
        for entry in self._module.params["files"]:
            path = entry["path"]
            wanted = {key: value for key, value in entry.items() if key != "path"}
            there = read(self._place(path))
            if there != wanted:
                self._files.append((path, wanted))
                self.differences.append(difference(path, shown(there), shown(wanted)))
        for entry in self._module.params["kernel_values"]:
            path, wanted_value = entry["path"], entry["value"]
            value = self._place(path).read_text(encoding="utf-8").strip()
            if value != wanted_value:
                self._values.append((path, wanted_value))
                self.differences.append(difference(path, f"{value}\n", f"{wanted_value}\n"))
        self._before = self._place(self._module.params["before_file"])
        before = self._module.params["before"]
        self._kept = (
            {} if before is None else {"content": json.dumps(before, indent=2, sort_keys=True) + "\n", "mode": "0644"}
        )
        self._keeps_more = read(self._before) != self._kept
        if self._keeps_more:
            shown_before = difference(
                str(self._module.params["before_file"]), shown(read(self._before)), shown(self._kept)
            )
            self.differences.append(shown_before)

    def apply(self) -> None:
        """Change what differs; fails with a sentence that names what could not be changed."""
        if self._kept and self._keeps_more:
            put(self._before, self._kept)
        path = ""
        try:
            for path, wanted in self._files:
                put(self._place(path), wanted)
            for path, value in self._values:
                with self._place(path).open("w", encoding="utf-8") as stream:
                    stream.write(f"{value}\n")
        except OSError as problem:
            self._module.fail_json(msg=f"{path} could not be changed: {problem.strerror}.")
        # Another root is a folder that stands for a host, and has no systemd to speak to.
        if self._module.params["reload"] and self._root == Path("/"):
            self._module.run_command(["systemctl", "daemon-reload"], check_rc=True)
        if not self._kept and self._keeps_more:
            put(self._before, {})
            # Ours alone; what somebody else put there keeps it.
            if not any(self._before.parent.iterdir()):
                self._before.parent.rmdir()


def main() -> None:
    """Compare, and change what differs unless this is only a look."""
    module = AnsibleModule(
        argument_spec={
            "before_file": {"type": "path", "required": True},
            "before": {"type": "dict"},
            "files": {"type": "list", "elements": "dict", "required": True},
            "kernel_values": {"type": "list", "elements": "dict", "required": True},
            "reload": {"type": "bool", "required": True},
            "root": {"type": "path", "default": "/"},
        },
        supports_check_mode=True,
    )
    tuning = Tuning(module)
    if tuning.differences and not module.check_mode:
        tuning.apply()
    module.exit_json(changed=bool(tuning.differences), diff=tuning.differences)


if __name__ == "__main__":
    main()
