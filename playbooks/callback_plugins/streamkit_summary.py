"""Prints what became of each host at the end of a run; ``streamkit/install/summary.py`` decides what it says."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

PROJECT = Path(__file__).resolve().parents[2]
# This checkout's, also where another one is installed.
sys.path.insert(0, str(PROJECT))

from streamkit.install.summary import Failure, Row, cause, panel_address, table  # noqa: E402 - found by the line above

DOCUMENTATION = """
    name: streamkit_summary
    type: aggregate
    short_description: one line for each host at the end of a run
    description:
      - Names the panel's address of every host that is in order, and the cause and the cure of every one that is not.
      - Says nothing of a single host that is this machine, whose report ./install.sh prints, nor in check mode.
    options: {}
"""
WIDTH = 120


class CallbackModule(CallbackBase):
    """Remembers each host's last failure, and what is known of it."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "streamkit_summary"

    def __init__(self) -> None:
        super().__init__()
        self._failures: dict[str, Failure] = {}
        self._manager: Any = None
        self._began = time.monotonic()
        self._silent = False

    def v2_playbook_on_start(self, playbook: Any) -> None:
        """Only site.yml makes streamers; other playbooks print what they are about."""
        self._silent = Path(str(playbook._file_name)).name != "site.yml"

    def v2_playbook_on_play_start(self, play: Any) -> None:
        """Keep hold of the variables, for the address of each panel."""
        self._manager = play.get_variable_manager()
        self._silent = self._silent or bool(play.check_mode)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Keep the last failure: one that was mended is forgotten at the end."""
        if not ignore_errors:
            self._remember(result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """A host that stopped answering."""
        if not result._task_fields.get("ignore_unreachable"):
            self._remember(result)

    def _remember(self, result: Any) -> None:
        task = result._task
        self._failures[result._host.get_name()] = Failure(
            task.get_name().split(" : ", 1)[-1], task.action, result._result
        )

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Print the table."""
        rows = [self._row(host, stats.summarize(host)) for host in sorted(stats.processed)]
        if self._silent or not rows or (len(rows) == 1 and self._is_here(rows[0].host)):
            return
        width = min(shutil.get_terminal_size((WIDTH, 24)).columns, WIDTH)
        self._display.display(table(rows, time.monotonic() - self._began, width) + "\n")

    def _is_here(self, host: str) -> bool:
        return self._known(host).get("ansible_connection") == "local"

    def _row(self, host: str, counts: dict[str, int]) -> Row:
        if counts["failures"] or counts["unreachable"]:
            failure = self._failures.get(host)
            return Row(host, "FAILED", cause(failure) if failure else "No reason was given; see above.")
        return Row(host, "changed" if counts["changed"] else "ok", self._panel(host))

    def _panel(self, host: str) -> str:
        facts = self._known(host)
        settings, state = facts.get("preflight_settings"), facts.get("hardware_state")
        if not settings or not state:
            return ""
        reached = facts.get("ansible_host") or host
        return panel_address(str(reached), state.get("address"), settings["panel_bind"], settings["panel_port"])

    def _known(self, host: str) -> dict[str, Any]:
        found = self._manager._inventory.get_host(host)
        known: dict[str, Any] = self._manager.get_vars(host=found, include_hostvars=False) if found else {}
        return known
