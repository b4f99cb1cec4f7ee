"""Changes that are asked for while the stream runs: all of them are checked and kept, or none is.

The same schema holds them as holds the inventory.  No sentence shows any part of a stream key.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Container, Mapping
from typing import Any, Literal

from streamkit.allowed import STREAM_KEY
from streamkit.config import PREFIX, SETTINGS, Value
from streamkit.encoders import ENCODERS
from streamkit.errors import BadInputError, StreamkitError
from streamkit.plan.choosable import check_choosable
from streamkit.resolve import is_auto
from streamkit.run.effective import Release, read_release, settle_values
from streamkit.run.overrides import Stored, read_stored, state_text, version_of
from streamkit.run.paths import Paths, is_there, read_secret
from streamkit.run.store import replace_together

KEY_FIELD = "stream_key"
MOST_CHANGES = 100
LONGEST_TEXT = 2048
LONGEST_NAME = 60
_SCRIPTS = {encoder.script: encoder.id for encoder in ENCODERS.values()}


class RefusedError(StreamkitError):
    """A change that was not made.  ``why``: "bad" (``fields`` has a sentence for each), "stale" or "unable"."""

    def __init__(
        self,
        why: Literal["bad", "stale", "unable"],
        sentence: str,
        fields: Mapping[str, str] | None = None,
        version: str = "",
    ) -> None:
        super().__init__(sentence)
        self.why = why
        self.fields = dict(fields or {})
        self.version = version

    def as_reply(self) -> dict[str, Any]:
        """Return the answer on the control socket."""
        more: dict[str, Any] = {"version": self.version} if self.why == "stale" else {}
        more |= {"fields": self.fields} if self.why == "bad" else {}
        return {"ok": False, "why": self.why, "error": str(self), **more}


def configure(paths: Paths, network: str, message: Mapping[str, Any]) -> bool:
    """Make the changes of ``message``; return whether anything is different now.

    ``message`` has ``version`` (of what the person saw), ``changes`` ({setting: value, or None for the deployment's})
    and, if the key is meant, ``stream_key`` ("" for the deployment's).  Raises RefusedError; then nothing was changed.
    """
    try:
        release = read_release(paths.release)
    except StreamkitError as problem:
        raise RefusedError("unable", str(problem)) from None
    stored = read_stored(paths)
    _check_version(message.get("version"), version_of(stored, release.plan, release.inventory))
    changes, key = _asked(message)
    fields: dict[str, str] = {}
    wanted = dict(stored.settings)
    for name, raw in changes.items():
        try:
            value = _value(name, raw, release, stored)
        except BadInputError as problem:
            fields[_short(name)] = str(problem)
            continue
        wanted.pop(name, None)
        if value is not None:
            wanted[name] = value
    if key and not STREAM_KEY.fullmatch(key):
        fields[KEY_FIELD] = (
            "That is no stream key: give one word of 1 to 512 letters, digits and signs, without spaces, as the server "
            "shows it."
        )
    if not fields:
        fields = _together(paths, release, wanted, network, changes, key)
    if fields:
        first = next(iter(fields.values()))
        raise RefusedError("bad", first if len(fields) == 1 else f"{first} And {len(fields) - 1} more.", fields)
    return _keep(paths, stored, wanted, key, anew=bool(stored.problem and changes))


def _check_version(given: object, version: str) -> None:
    if not isinstance(given, str):
        raise RefusedError("bad", "The change names no version; send the one that 'GET /api/config' told.")
    if given != version:
        raise RefusedError(
            "stale", "Somebody else changed the settings meanwhile; look at them again.", version=version
        )


def _asked(message: Mapping[str, Any]) -> tuple[dict[str, Any], str | None]:
    """Return (changes, the stream key or None for no change)."""
    changes, key = message.get("changes", {}), message.get(KEY_FIELD)
    if not isinstance(changes, dict) or len(changes) > MOST_CHANGES:
        raise RefusedError("bad", f"'changes' must be an object of at most {MOST_CHANGES} settings and their values.")
    if key is not None and not isinstance(key, str):
        raise RefusedError("bad", "'stream_key' must be a text.", {KEY_FIELD: "The stream key must be a text."})
    # What is copied from a page often has a space or the end of the line with it; nothing else means none.
    return changes, (key.strip() or " ") if key else key


def _value(name: str, raw: object, release: Release, stored: Stored) -> Value | None:
    """Return the checked override, None for "as it was deployed".  Raises BadInputError."""
    if raw is None and name in stored.settings:
        return None
    if name not in SETTINGS:
        near = difflib.get_close_matches(_short(name), SETTINGS, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else "."
        raise BadInputError(f"{_short(name)!r} is not a setting of streamkit{hint}")
    setting = SETTINGS[name]
    if not setting.runtime:
        raise BadInputError(
            f"{name!r} cannot be changed while the container runs; set {setting.variable} in the inventory."
        )
    if raw is None:
        return None
    if not isinstance(raw, str | int | float) or len(str(raw)[: LONGEST_TEXT + 1]) > LONGEST_TEXT:
        raise BadInputError(
            f"{setting.variable} must be one text or number of at most {LONGEST_TEXT} characters: {setting.allowed}."
        )
    given = _SCRIPTS.get(raw, raw) if name == "encoder" and isinstance(raw, str) else raw
    value = setting.parse(given)
    if is_auto(name, value):
        return None
    if name == "encoder":
        check_choosable(release.plan, str(value))
    return value


def _together(
    paths: Paths,
    release: Release,
    wanted: Mapping[str, Value],
    network: str,
    changes: Mapping[str, Any],
    key: str | None,
) -> dict[str, str]:
    """Return what no single value shows, {field: sentence}; empty when all goes together."""
    try:
        values = settle_values(release, wanted, network).values
    except BadInputError as problem:
        return {_blamed(str(problem), changes, wanted): str(problem)}
    has_key = bool(key) or is_there(paths.deployed_key_file) or (key is None and is_there(paths.panel_key_file))
    # A key that was missing before is no reason to refuse what has nothing to do with it.
    asked = key is not None or "publish" in changes
    if asked and values["publish"] == "whip" and not has_key:
        return {
            KEY_FIELD: "streamkit_publish is 'whip' and there is no stream key; give the one that the server shows."
        }
    return {}


def _blamed(sentence: str, *names: Container[str]) -> str:
    """Return the field that a sentence on several is shown beside: one that was changed, else one that it names."""
    named: list[str] = re.findall(rf"(?:{PREFIX}|^')([a-z0-9_]+)", sentence)
    for candidates in names:
        for name in named:
            if name in candidates:
                return name
    return named[0] if named else "settings"


def _keep(paths: Paths, stored: Stored, wanted: Mapping[str, Value], key: str | None, anew: bool) -> bool:
    """Write what differs; ``anew``: in place of a file that could not be read."""
    files: dict[str, str | None] = {}
    # First, so that a reader who sees the new settings finds the new key as well.
    if key is not None and (key != read_secret(paths.panel_key_file) if key else is_there(paths.panel_key_file)):
        files[paths.panel_key_file.name] = f"{key}\n" if key else None
    if wanted != stored.settings or anew:
        files[paths.state_file.name] = state_text(wanted)
    if not files:
        return False
    try:
        replace_together(paths.state, files)
    except OSError as problem:
        raise RefusedError(
            "unable",
            f"Nothing was changed: {paths.state} cannot be written ({problem.strerror}); see to it that the host's disk has "
            "room and can be written to, then try again.",
        ) from None
    return True


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else name[:LONGEST_NAME] + "…"
