"""A release: everything one host receives, in one directory named by its content."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from streamkit.config import Value
from streamkit.detect.hardware import lasting
from streamkit.documents import dump_document
from streamkit.install.content import content_hash
from streamkit.render.names import panel_names
from streamkit.render.templates import render_compose, render_scripts
from streamkit.resolve import resolve

CONTROLLER_ONLY = frozenset(
    {"image_archive", "image_builder", "stream_key_file", "ca_bundle", "base_image", "reset_overrides"}
    | {"stream_check_s", "rollback"}
)
"""Settings that concern the deployment itself; their values (paths of the controller) stay there."""


def release_files(
    hardware: Mapping[str, Any],
    plan: Mapping[str, Any],
    given: Mapping[str, Value],
    image_tag: str,
    probes: Mapping[str, Any] | None = None,
    reached_as: str = "",
) -> dict[str, str]:
    """Return {path in the release: text}.  ``given`` holds only what the inventory sets, by setting name.

    ``reached_as`` is the name or address by which the host is reached, empty where nobody said.
    """
    effective = resolve(plan["settings"], given, {})
    hostname = str(hardware.get("hostname", ""))
    names = panel_names(str(effective.values["panel_hosts"]), hostname, reached_as, plan["network"])
    kept = {name: value for name, value in given.items() if name not in CONTROLLER_ONLY}
    return {
        "docker-compose.yml": render_compose(plan, effective.values, image_tag, names),
        # For compose by hand; version 1 knows no name in the file itself.
        ".env": f"COMPOSE_PROJECT_NAME={effective.values['project_name']}\n",
        "hardware.json": dump_document(lasting(dict(hardware))),
        "plan.json": dump_document(dict(plan)),
        "settings.json": dump_document({"settings": kept}),
        **({"probes.json": dump_document(dict(probes))} if probes else {}),
        **{f"scripts/{name}": text for name, text in render_scripts(effective).items()},
    }


def release_hash(files: Mapping[str, str]) -> str:
    """Return the release's name: equal files give an equal name."""
    return content_hash({path: text.encode() for path, text in files.items()})


def write_files(out: Path, files: Mapping[str, str]) -> list[str]:
    """Write the files under ``out``; return the paths that changed.

    Of what else lies there only streaming scripts of an earlier version are removed: ``out`` may be anybody's.
    """
    changed = []
    for path, text in files.items():
        target = out / path
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            changed.append(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        target.chmod(0o755 if path.startswith("scripts/stream") else 0o644)
    for stale in (out / "scripts").glob("stream*.sh"):
        if f"scripts/{stale.name}" not in files:
            stale.unlink()
            changed.append(f"scripts/{stale.name}")
    return sorted(changed)
