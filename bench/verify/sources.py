"""Where the facts come from: this machine's Docker, a host over ssh, or a file; and the browser beside them."""

from __future__ import annotations

import shlex
import subprocess
import urllib.parse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.verify import browser
from streamkit.documents import Document, parse_document, read_document
from streamkit.errors import BadInputError, UnavailableError
from streamkit.facts.collect import collect, secrets_folder
from streamkit.install.zipapp import zipapp_bytes

RECEIVE = (
    'f=$(mktemp) && trap \'rm -f "$f"\' EXIT && cat >"$f" && '
    'python3 "$f" facts --json --container {container} --seconds {seconds:g}'
)
"""What the host's shell runs: the program comes by standard input and is not kept."""
COLLECT_TIMEOUT_S = 300.0


@dataclass(frozen=True)
class Panel:
    """What a browser needs: the panel's address as the host reaches it, its token, and the host's own address."""

    address: str | None
    token: str | None
    host: str | None


def collected(
    container: str, host: str | None, facts: Path | None, seconds: float, token: str | None
) -> tuple[Document, Panel]:
    """Return the facts and the way to the panel.  Raises BadInputError, UnavailableError."""
    if not container:
        raise BadInputError("--container is empty; give the name of a container, such as gaming-streamer.")
    if facts and host:
        raise BadInputError("--facts and --host both say where the facts come from; give one of them.")
    if facts:
        document = read_document(facts)
        missing = [name for name in ("container", "problems", "window_s", "inspect") if name not in document]
        if missing:
            raise BadInputError(
                f"{facts} holds no facts ({missing[0]} is missing); write it with 'streamkit.pyz facts'."
            )
    elif host:
        document = _over_ssh(host, container, seconds)
        token = _token_over_ssh(host, document)
    else:
        document = {"schema_version": 1, **collect(container, seconds)}
        token = _token_here(document)
    if not facts and document["docker"] is None:
        raise UnavailableError(
            f"{host or 'This machine'}: {document['problems'].get('docker', 'Docker does not answer')}."
        )
    return document, Panel((document.get("panel") or {}).get("address"), token, host)


def watched(panel: Panel, address: str | None, seconds: float) -> dict[str, Any]:
    """Let a browser watch; returns why none did where none could."""
    address = address or _from_here(panel)
    if not address:
        return {"problem": "the panel has no address that the machine that verifies reaches"}
    if not panel.token:
        return {"problem": "the browser was not given the panel's token"}
    return browser.watch(address, panel.token, seconds)


def _from_here(panel: Panel) -> str | None:
    """Return the panel's address from this machine: the host's loopback is another one's."""
    if panel.address is None or panel.host is None:
        return panel.address
    parts = urllib.parse.urlsplit(panel.address)
    return f"http://{panel.host.rpartition('@')[2]}:{parts.port}" if parts.hostname == "127.0.0.1" else panel.address


def _secret(document: Document) -> Path | None:
    folder = secrets_folder(document["inspect"]) if document["inspect"] else None
    return folder / "panel_token" if folder else None


def _token_here(document: Document) -> str | None:
    path = _secret(document)
    try:
        return path.read_text(encoding="utf-8").strip() if path else None
    except OSError:
        return None


def _over_ssh(host: str, container: str, seconds: float) -> Document:
    done = _ssh(host, RECEIVE.format(container=shlex.quote(container), seconds=seconds), zipapp_bytes())
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise UnavailableError(f"{host} gave no facts: {said[-1] if said else f'ssh ended with {done.returncode}'}.")
    return parse_document(done.stdout.decode(), f"the answer of {host}")


def _token_over_ssh(host: str, document: Document) -> str | None:
    path = _secret(document)
    done = _ssh(host, f"cat {shlex.quote(str(path))}") if path else None
    return done.stdout.decode().strip() if done and done.returncode == 0 else None


def _ssh(host: str, command: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    if host.startswith("-"):
        raise BadInputError(f"--host is {host!r}; give a host as ssh takes it, such as root@192.168.1.50.")
    try:
        return subprocess.run(
            ["ssh", "-o", "BatchMode=yes", host, command],
            input=given,
            capture_output=True,
            timeout=COLLECT_TIMEOUT_S,
            check=False,
        )
    except FileNotFoundError:
        raise UnavailableError("ssh is not installed here: apt-get install openssh-client.") from None
    except subprocess.TimeoutExpired:
        raise UnavailableError(f"{host} gave no facts within {COLLECT_TIMEOUT_S:g} s; is it very busy?") from None
