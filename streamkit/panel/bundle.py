"""``GET /api/bundle``: one zip with what somebody needs who is to say why a stream does not do what it should.

Every text passes the redactor first; what cannot be read is left out.  Bounded: the newest part of a log, the first part
of anything else, and nothing more once the whole is full.
"""

from __future__ import annotations

import io
import json
import platform
import sys
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import gevent

import streamkit
from streamkit.panel.context import Context
from streamkit.panel.latest import Latest
from streamkit.panel.redact import Redactor
from streamkit.panel.replies import Reply, raw_reply
from streamkit.panel.routes import Route
from streamkit.panel.sample import Sampler, setting

MOST_BYTES = 8 * 1024 * 1024
"""Of all texts together, before they are compressed; they come down to less than a fifth."""
MOST_FILE_BYTES = 1024 * 1024
MOST_READ_BYTES = 2 * MOST_FILE_BYTES
LINES_AT_ONCE = 500
SHARE = Path("/usr/share/streamkit")
LIBRARIES = Path("/usr/lib")
DISTRIBUTIONS = ("bottle", "gevent", "greenlet", "requests", "PyGObject")
RELEASE_FILES = ("plan.json", "probes.json", "hardware.json", "settings.json", "docker-compose.yml", ".env")
RUN_FILES = ("supervisor.json", "launch.json", "server.json")
README = """\
What this is
============
State, settings and last log of one streamer, made by its panel ({version}) at {at}.

  versions.json    versions of the toolkit and of what it runs on
  stats.json       the panel's figures at that moment: ledger, delays, viewers, machine
  status.json      the states of stream, panel, server and capture card
  config.json      every setting in force, and who set it (default, plan, inventory, override)
  release/         what the deployment left on the host: plan, trial encodes, host facts, scripts, compose file
  state/           what was changed in the panel
  run/             what supervisor, launcher and poller last said, and stream.log (stream.log.1 is older)
  image/           what is in the image

A file that is missing was not there; one that was too long is cut. Secrets are taken out: the stream key, the panel's
token, users and query values in addresses, and long random parts of their paths read ***. Host names, local addresses
and the names of devices are still there: look through it before you make it public.
"""


@dataclass(frozen=True)
class Text:
    """One file of the bundle; of one that is too long the end is kept (``newest``), else the beginning."""

    name: str
    content: str
    newest: bool = False


class BundleArea:
    """Makes the bundle.  ``share`` and ``libraries`` are where the image has its lists and GStreamer."""

    def __init__(
        self,
        context: Context,
        latest: Latest,
        sampler: Sampler,
        share: Path = SHARE,
        libraries: Path = LIBRARIES,
    ) -> None:
        self._context = context
        self._latest = latest
        self._sampler = sampler
        self._share = share
        self._libraries = libraries

    def routes(self) -> Iterable[Route]:
        """Return the bundle's address."""
        return (Route("GET", "/api/bundle", self._bundle),)

    def _bundle(self) -> Reply:
        sample = self._latest.get()
        at = time.strftime("%Y-%m-%dT%H%M%SZ", time.gmtime())
        # Between two pieces the panel does something else: others wait for some ten milliseconds at most.
        content = pack(self._texts(sample, at), self._redactor(), lambda: gevent.sleep(0))
        headers = {
            "Content-Type": "application/zip",
            "Content-Disposition": f'attachment; filename="streamkit-{at}.zip"',
        }
        return raw_reply(content, 200, headers)

    def _redactor(self) -> Redactor:
        keys = (self._context.stream_key_file, self._context.panel_key_file)
        secrets = [self._context.token, *(_read(path) or "" for path in keys if path)]
        addresses = [str(setting(self._sampler.supervisor, name) or "") for name in ("server_url", "whep_url")]
        # Also those that an override or the inventory holds while another is in force.
        for path in (self._context.release_dir / "settings.json", *self._state_files()):
            addresses += _addresses(_read(path) or "")
        return Redactor(secrets, addresses)

    def _state_files(self) -> list[Path]:
        return [self._context.panel_key_file.parent / "state.json"] if self._context.panel_key_file else []

    def _texts(self, sample: Mapping[str, Any], at: str) -> Iterator[Text]:
        run, release = self._context.run_dir, self._context.release_dir
        yield Text("README.txt", README.format(version=streamkit.__version__, at=at))
        yield Text("versions.json", _json(versions(self._libraries)))
        yield Text("stats.json", _json(sample["stats"]))
        yield Text("status.json", _json(sample["status"]))
        yield Text("config.json", _json({"settings": self._sampler.supervisor.get("settings")}))
        files = [(f"run/{name}", run / name) for name in RUN_FILES]
        files += [(f"release/{name}", release / name) for name in RELEASE_FILES]
        files += [(f"release/scripts/{path.name}", path) for path in sorted((release / "scripts").glob("*.sh"))]
        files += [(f"state/{path.name}", path) for path in self._state_files()]
        # The newest of the log before its older part: should the bundle be full, that is what is left out.
        for path in (run / "stream.log", run / "stream.log.1"):
            if (content := _read(path, newest=True)) is not None:
                yield Text(f"run/{path.name}", content, newest=True)
        files += [(f"image/{name}", self._share / name) for name in ("packages.txt", "elements.txt", "manifest.txt")]
        for name, path in files:
            if (content := _read(path)) is not None:
                yield Text(name, content)


def pack(texts: Iterable[Text], redact: Callable[[str], str], pause: Callable[[], object]) -> bytes:
    """Return the zip of ``texts``, each redacted and cut to size; ``pause`` is called after each piece of work."""
    out, left = io.BytesIO(), MOST_BYTES
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for text in texts:
            # Redacted before it is cut: half a secret would not be found.
            content = cut(_redacted(text.content, redact, pause), MOST_FILE_BYTES, text.newest)
            if len(content) > left:
                continue
            left -= len(content)
            entry = zipfile.ZipInfo(f"streamkit/{text.name}", time.gmtime()[:6])
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
            pause()
    return out.getvalue()


def _redacted(content: str, redact: Callable[[str], str], pause: Callable[[], object]) -> bytes:
    lines, parts = content.splitlines(keepends=True), []
    for first in range(0, len(lines), LINES_AT_ONCE):
        # No secret has a line break in it.
        parts.append(redact("".join(lines[first : first + LINES_AT_ONCE])))
        pause()
    return "".join(parts).encode()


def cut(content: bytes, most: int, newest: bool) -> bytes:
    """Return whole lines of ``content``, at most ``most`` bytes: the last ones where ``newest``, else the first."""
    if len(content) <= most:
        return content
    if newest:
        return content[len(content) - most :].partition(b"\n")[2]
    return content[:most].rpartition(b"\n")[0]


def versions(libraries: Path) -> dict[str, Any]:
    """Return the versions of the toolkit and of what it runs on; null where something is not installed."""
    found: dict[str, str | None] = {}
    for name in DISTRIBUTIONS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return {
        "streamkit": streamkit.__version__,
        "python": sys.version,
        "kernel": platform.release(),
        "machine": platform.machine(),
        "gstreamer": _gstreamer(libraries),
        **found,
    }


def _gstreamer(libraries: Path) -> str | None:
    """Return GStreamer's version from its library's name: libgstreamer-1.0.so.0.2602.0 is 1.26.2."""
    for path in sorted(libraries.glob("*/libgstreamer-1.0.so.0.*.*")):
        number = path.name.split(".")[-2]
        if number.isdigit() and len(number) >= 3:
            return f"1.{int(number[:-2])}.{int(number[-2:])}"
    return None


def _json(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _addresses(text: str) -> list[str]:
    """Return the values of a document's settings that are addresses; none where it is no such document."""
    try:
        settings = json.loads(text)["settings"]
        return [value for value in settings.values() if isinstance(value, str) and "://" in value]
    except (ValueError, KeyError, TypeError, AttributeError):
        return []


def _read(path: Path, newest: bool = False) -> str | None:
    """Return a file's text, None where there is none; of a huge one whole lines of its end (``newest``) or beginning."""
    try:
        with path.open("rb") as stream:
            size = stream.seek(0, io.SEEK_END)
            stream.seek(max(size - MOST_READ_BYTES, 0) if newest else 0)
            content = stream.read(MOST_READ_BYTES)
    except OSError:
        # A log that is being turned may vanish at any moment.
        return None
    if size > MOST_READ_BYTES:
        # A secret that the edge cuts in two would not be found.
        content = content.partition(b"\n")[2] if newest else content.rpartition(b"\n")[0]
    return content.decode("utf-8", "replace")
