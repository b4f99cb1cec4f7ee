"""Taking secrets out of text: those that are known, and what looks like one in an address or beside a telling name.

Pure.  Used for what leaves the machine (the bundle) and for sentences that may repeat an address.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

from streamkit.run.mask import MASK, any_of

_URL = re.compile(r"://([^\s'\"<>\\^`{}|]+)")
"""Whatever its scheme: to look for that as well takes quadratic time on a long word."""
_QUERY = re.compile(r"([?&;])([\w-]{1,64})=([^&;\s'\"<>]+)")
_TELLING = re.compile(r"token|key|secret|password|signature|sig|auth|credential", re.I)
_BEARER = re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=:%-]{4,}", re.I)
_NAMED = re.compile(
    r"((?:[-_]token|api[-_]?key|stream[-_]?key|passw(?:or)?d|secret)"
    r"[\"']?\s*(?:=|:(?![-+?=]))\s*(?:\(string\))?[\"']?)(?![$\"'(]|true\b|false\b|null\b|\*\*\*)[^\s\"',;&]+",
    re.I,
)


def mask_urls(text: str) -> str:
    """Return ``text`` with every address in it cleaned: no user, no query values, no long random parts of the path.

    Some servers (Cloudflare's, LiveKit's) put the whole secret into the path, so what looks random is taken for one.
    """
    return _URL.sub(lambda match: "://" + _clean(match[1]), text)


def secret_parts(url: str) -> list[str]:
    """Return the parts of an address that look like a secret, to be taken out wherever they stand alone."""
    path = re.split(r"[?#]", url.partition("://")[2], maxsplit=1)[0].partition("/")[2]
    return [part for part in path.split("/") if _looks_random(part)]


def _clean(rest: str) -> str:
    match = re.fullmatch(r"([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?", rest, re.S)
    if match is None:
        return MASK
    authority, path, query, fragment = match[1], match[2], match[3] or "", match[4] or ""
    if "@" in authority:
        authority = f"{MASK}@{authority.rpartition('@')[2]}"
    path = "/".join(MASK if _looks_random(part) else part for part in path.split("/"))
    # Values without a name may be the secret as well.
    query = re.sub(r"([?&;])([^=&;?]*)(=[^&;]*)?", lambda m: m[1] + (f"{m[2]}={MASK}" if m[3] else MASK), query)
    return authority + path + query + (f"#{MASK}" if fragment else "")


def _looks_random(part: str) -> bool:
    """Whether a part of a path is long and of letters and digits mixed, as keys and identifiers are."""
    mixed = re.search(r"[0-9]", part) is not None and re.search(r"[A-Za-z]", part) is not None
    return (len(part) >= 10 and mixed) or len(part) >= 24


class Redactor:
    """Takes known secrets out of any text, however they are written there, and then what looks like one.

    ``secrets`` are the values themselves; of ``addresses`` the random parts of the path count as secrets too.
    """

    def __init__(self, secrets: Iterable[str], addresses: Iterable[str] = ()) -> None:
        known = {secret.strip() for secret in secrets} | {part for url in addresses for part in secret_parts(url)}
        self._known = any_of({form for secret in known if secret for form in _forms(secret)} - {MASK})

    def __call__(self, text: str) -> str:
        """Return ``text`` without secrets; each is replaced by ``***``."""
        if self._known is not None:
            text = self._known.sub(MASK, text)
        text = mask_urls(text)
        text = _QUERY.sub(lambda m: f"{m[1]}{m[2]}={MASK}" if _TELLING.search(m[2]) else m[0], text)
        text = _BEARER.sub(rf"\g<1> {MASK}", text)
        return _NAMED.sub(rf"\g<1>{MASK}", text)


def _forms(secret: str) -> set[str]:
    """Return a secret as it may be written: plain, in JSON, HTML, a shell's quotes, an address, and in base 64."""
    quoted = {quote(secret, safe=""), quote(secret), quote_plus(secret)}
    return {
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        html.escape(secret),
        secret.replace("'", "'\"'\"'"),
        secret.replace("'", "'\\''"),
        *quoted,
        *(re.sub(r"%[0-9A-F]{2}", lambda match: match[0].lower(), form) for form in quoted),
        base64.b64encode(secret.encode()).decode(),
        base64.urlsafe_b64encode(secret.encode()).decode(),
    }
