"""One sample of everything the panel shows: state files of the supervisor and the launcher, and the machine."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any

from streamkit.documents import SCHEMA_VERSION, Document
from streamkit.panel.capture import Arrival, capture_state, usb2_sentence
from streamkit.panel.files import Cached, load
from streamkit.panel.gpu import Gpu
from streamkit.panel.machine import Machine
from streamkit.panel.redact import mask_urls
from streamkit.panel.upstream import preview
from streamkit.panel.viewers import Viewers

__all__ = ["Sampler", "load"]

RELEASE = Path("/opt/streamkit/current")
STALE_AFTER_S = 5.0
"""The launcher writes once a second; figures older than this describe a stream that is gone."""
QUIET_STATES = frozenset({"stopped", "failed", "backoff", "waiting"})
SHORT_SETTINGS = ("encoder", "resolution", "fps", "bitrate_kbps")
"""What ``/api/status`` says of the settings; ``/api/config`` has them all."""


class Sampler:
    """Makes the two halves of ``combined_update`` from the run directory, the release and the machine."""

    def __init__(
        self,
        run_dir: Path,
        cgroup_root: Path = Path("/sys/fs/cgroup"),
        clock: Callable[[], float] = time.time,
        release_dir: Path = RELEASE,
        gpu: Gpu | None = None,
        redact: Callable[[str], str] = mask_urls,
    ) -> None:
        """``redact`` takes secrets out of sentences.  Names and states are left alone: a stream key may be ``test``."""
        self._run_dir = run_dir
        self._clock = clock
        self._supervisor = Cached(run_dir / "supervisor.json")
        self._server = Cached(run_dir / "server.json")
        self._hardware = Cached(release_dir / "hardware.json")
        self._plan = Cached(release_dir / "plan.json")
        self._inventory = Cached(release_dir / "settings.json")
        self._gpu = gpu or Gpu()
        self._redact = redact
        self._arrival = Arrival()
        self._usb2: tuple[Hashable, str] = (None, "")
        self.machine = Machine(cgroup_root)
        self.viewers = Viewers()
        self.supervisor: Document = {}
        """What the supervisor said when the last sample was taken, empty where it has said nothing."""
        self.live: Document | None = None
        """What the launcher said then, None where no stream runs."""

    def take(self) -> Document:
        """Return {"stats": …, "status": …}, both with ``sampled_at`` in seconds since 1970."""
        now = round(self._clock(), 3)
        supervisor, problem = self._supervisor.read()
        if supervisor is None and self._supervisor.mark is None:
            problem = "The supervisor has not said anything yet: the container is starting, or this panel runs alone."
        launch, _ = load(self._run_dir / "launch.json")
        server, _ = self._server.read()
        state = self.supervisor = supervisor or {}
        stream = _part(state, "stream") or {"state": "unknown", "reason": problem or ""}
        live = self.live = launch if launch and _is_live(launch, stream, now) else None
        head = {"schema_version": SCHEMA_VERSION, "sampled_at": now}
        return {
            "stats": head | self._stats(state, live),
            "status": head | _status(state, stream, problem, live, server, self._redact),
        }

    def _stats(self, state: Document, live: Document | None) -> Document:
        pids = _pids(state)
        ledger = (_part(live, "ledger") or {}) if live else {}
        rows = None if live is None else [row for row in _list(live, "viewers") if isinstance(row, dict)]
        hardware, frames_come = self._hardware.document, self._arrival.frames_come(live)
        return {
            **self.machine.read(pids),
            "video": _with_ledger(live, "video", ledger),
            "audio": _with_ledger(live, "audio", ledger),
            "capture": self._capture(state, frames_come),
            "gpu": self._gpu.read(
                pids["stream"] if live else None,
                str(setting(state, "encoder")),
                str(setting(state, "cuda_device")),
                hardware,
            ),
            **self.viewers.read(rows, live.get("pid") if live else None),
        }

    def _capture(self, state: Document, frames_come: bool | None) -> Document | None:
        mode_reason = str(self._plan.document.get("mode_reason") or "")
        found = capture_state(state, frames_come, self._usb2_limit(), mode_reason)
        return found and {**found, "reason": self._redact(str(found["reason"]))}

    def _usb2_limit(self) -> str:
        """Return what USB 2 costs; worked out anew only when one of the documents changed."""
        mark = (self._supervisor.mark, self._hardware.mark, self._inventory.mark)
        if mark != self._usb2[0]:
            inventory = _part(self._inventory.document, "settings") or {}
            self._usb2 = (mark, usb2_sentence(self._supervisor.document, self._hardware.document, inventory))
        return self._usb2[1]


def _is_live(launch: Document, stream: Document, now: float) -> bool:
    at = launch.get("sampled_at")
    recent = isinstance(at, int | float) and abs(now - at) <= STALE_AFTER_S
    return recent and stream.get("state") not in QUIET_STATES


def _with_ledger(live: Document | None, name: str, ledger: Document) -> Document | None:
    """Return the launcher's figures of picture or sound with the row of its ledger; None where there are none."""
    found = _part(live, name) if live else None
    return None if found is None else {**found, "ledger": _part(ledger, name)}


def _status(
    state: Document,
    stream: Document,
    problem: str | None,
    live: Document | None,
    server: Document | None,
    redact: Callable[[str], str],
) -> Document:
    offer, settings = preview(state), _part(state, "settings") or {}
    poller, panel, source = _part(state, "poller"), _part(state, "panel"), _part(state, "source")
    live_errors = [redact(str(error)) for error in _list(live or {}, "errors")[-3:]]
    return {
        "problem": problem and redact(problem),
        "updated_at": _to_ms(state.get("updated_at")),
        "stream": _child(stream, redact),
        "panel": panel and _child(panel, redact),
        "poller": poller and _child(poller, redact),
        "settings": {name: entry for name in SHORT_SETTINGS if (entry := _part(settings, name))},
        "source": source and {**source, "reason": redact(str(source.get("reason") or ""))},
        "encoder_reason": redact(str(state.get("encoder_reason") or "")),
        "publish": state.get("publish"),
        "desired": state.get("desired"),
        "pipeline": None
        if live is None
        else {"state": live.get("state"), "uptime_s": live.get("uptime_s"), "errors": live_errors},
        "server": server and _server(server, redact),
        "preview": {"offered": offer.url is not None, "reason": offer.reason and redact(offer.reason)},
    }


def _child(child: Document, redact: Callable[[str], str]) -> Document:
    """Return one process as the supervisor has it, without digits of a second that nobody reads."""
    times: Document = {name: _to_ms(child[name]) for name in ("since", "next_start_at") if name in child}
    return {**child, **times, "reason": redact(str(child.get("reason") or ""))}


def _server(server: Document, redact: Callable[[str], str]) -> Document:
    """Return what the poller wrote of the WHIP server: of its streams our own, and how many there are in all."""
    streams = _list(server, "streams")
    own = [stream for stream in streams if isinstance(stream, dict) and stream.get("own")]
    cleaned = {name: redact(server[name]) for name in ("url", "error") if isinstance(server.get(name), str)}
    kept = {name: value for name, value in server.items() if name != "schema_version"}
    counted = {"streams": own[:1], "stream_count": len(streams)}
    return {**kept, **cleaned, "sampled_at": _to_ms(server.get("sampled_at")), **counted}


def _to_ms(value: Any) -> Any:
    return round(value, 3) if isinstance(value, float) else value


def _pids(state: Document) -> dict[str, int | None]:
    """Return the processes to follow; the supervisor is the panel's parent when it started this panel."""
    under_supervisor = (_part(state, "panel") or {}).get("pid") == os.getpid()
    found: dict[str, int | None] = {"supervisor": os.getppid() if under_supervisor else None, "panel": os.getpid()}
    for name in ("stream", "poller"):
        pid = (_part(state, name) or {}).get("pid")
        if name == "stream" or pid is not None:
            found[name] = pid if isinstance(pid, int) else None
    return found


def setting(supervisor: Document, name: str) -> Any:
    """Return the value of a setting in force, None where the supervisor has not said it."""
    return (_part(_part(supervisor, "settings") or {}, name) or {}).get("value")


def _part(document: Document, name: str) -> Document | None:
    value: Any = document.get(name)
    return value if isinstance(value, dict) else None


def _list(document: Document, name: str) -> list[Any]:
    value: Any = document.get(name)
    return value if isinstance(value, list) else []
