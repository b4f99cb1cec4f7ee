"""The body of a request: never more of it than its address takes."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl

import bottle

from streamkit.documents import Document
from streamkit.errors import BadInputError

MOST_JSON_BYTES = 16 * 1024
MOST_FIELDS = 16


def read_body(limit_bytes: int) -> bytes:
    """Return the body of the present request.

    Raises bottle's 413 beyond ``limit_bytes``, whatever the length header says, and 400 for one that is cut short.
    """
    if bottle.request.content_length > limit_bytes:
        raise bottle.HTTPError(413)
    body: bytes = bottle.request.body.read(limit_bytes + 1)
    if len(body) > limit_bytes:
        raise bottle.HTTPError(413)
    return body


def read_form(limit_bytes: int) -> dict[str, str]:
    """Return the fields of the present request's form, the first of each name.

    Parsed here: bottle's own parser fails on some content types.  Raises bottle's 413 as above, and 400 for a crowd of fields.
    """
    text = read_body(limit_bytes).decode("utf-8", "replace")
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise bottle.HTTPError(400) from None
    return dict(reversed(pairs))


def read_json(limit_bytes: int = MOST_JSON_BYTES) -> Document:
    """Return the JSON object of the present request.  Raises BadInputError for anything else, bottle's 413 as above."""
    kind = bottle.request.content_type.partition(";")[0].strip().lower()
    if kind != "application/json":
        raise BadInputError(f"Content-Type is {kind or 'missing'}; send application/json.")
    try:
        value = json.loads(read_body(limit_bytes))
    except (ValueError, RecursionError):
        raise BadInputError("The body is not JSON; send one JSON object.") from None
    if not isinstance(value, dict):
        raise BadInputError(f"The body is a JSON {type(value).__name__}; send one JSON object.")
    return value
