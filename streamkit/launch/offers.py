"""What a viewer's offer says, as far as the launcher asks.  Pure."""

from __future__ import annotations

import re

_EXTMAP = re.compile(r"a=extmap:(\d{1,5})(?:/\S+)? (\S+)(?: .*)?")
LARGEST_ID = 255
"""Of a header extension in its two-byte form; those up to 14 also fit the one-byte form (RFC 8285 section 4)."""


def extension_id(offer: str, kind: str, uri: str) -> int | None:
    """Return the number that the first section of that ``kind`` ("video", "audio") gives an RTP header extension.

    None where it is not offered.  A number that no packet can carry only reserves a place for a later offer (RFC 8285
    section 7, 4096 and above), and counts as none.
    """
    inside = False
    for line in offer.splitlines():
        if line.startswith("m="):
            inside = line.startswith(f"m={kind} ")
        found = _EXTMAP.fullmatch(line.rstrip()) if inside else None
        if found and found[2] == uri and 1 <= int(found[1]) <= LARGEST_ID:
            return int(found[1])
    return None
