"""What every command shares: the program, its options, and how a document is shown."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from streamkit.config import SETTINGS, defaults
from streamkit.detect.hardware import detect
from streamkit.documents import Document, dump_document, read_document, write_atomically
from streamkit.errors import BadInputError

app = typer.Typer(
    name="streamkit",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Detect a host, try its encoders, plan what it streams, render what it runs. "
    "Exit codes: 0 done, 1 failed, 2 bad input, 3 unavailable.",
)
JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
OutFile = Annotated[Path | None, typer.Option("--out", help="Write to this file instead of printing.")]
HardwareFile = Annotated[
    Path | None, typer.Option("--hardware", help="hardware.json of the host to plan for; default: this host.")
]
SettingsFile = Annotated[
    Path | None, typer.Option("--settings", help="Settings document; default: the schema's defaults.")
]
ProbesFile = Annotated[
    Path | None, typer.Option("--probes", help="probes.json of the host, from 'streamkit probe'; default: none.")
]


def read_settings(path: Path | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return (every setting's value, only those given) from a settings document.

    That of a deployment (build/<host>/settings.json) says under ``given`` what the inventory sets; that of a release
    holds nothing else, under ``settings``.  Raises BadInputError for a document with neither, or an unknown setting.
    """
    document = read_document(path) if path else {"given": {}}
    given = document.get("given", document.get("settings"))
    if not isinstance(given, dict):
        raise BadInputError(f"{path} holds no settings; give it an object called given, {{name: value}}.")
    for name in given:
        if name not in SETTINGS:
            raise BadInputError(f"{path} sets {name!r}, which is not a setting; 'streamkit settings' lists them all.")
    given = {name: SETTINGS[name].parse(value) for name, value in given.items()}
    return {**defaults(), **given}, given


def read_hardware(path: Path | None) -> Document:
    """Return the host description in ``path``, or of this host."""
    return read_document(path) if path else detect()


def read_probes(path: Path | None) -> Document | None:
    """Return the trials in ``path``; None where there are none yet: no file, or one that says ``null``."""
    if path is None or not path.exists() or path.read_text(encoding="utf-8").strip() == "null":
        return None
    return read_document(path)


def emit(document: Mapping[str, Any], lines: list[str], as_json: bool, out: Path | None = None) -> None:
    """Write the document to ``out``, else print it as JSON or as ``lines``."""
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(out, dump_document(dict(document)))
    elif as_json:
        print(dump_document(dict(document)), end="")
    else:
        print("\n".join(lines))
