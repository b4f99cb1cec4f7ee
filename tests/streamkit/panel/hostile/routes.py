"""Every address of the panel, taken from the application itself, with an address that each rule matches."""

from __future__ import annotations

import re
from pathlib import Path

from streamkit.panel.app import create_app
from streamkit.panel.context import Context
from streamkit.panel.routes import Route

EXAMPLES = {"action": "restart", "resource": "viewer-1", "name": "app.css"}
_PART = re.compile(r"<(\w+)(?::\w+(?::(?:[^<>\\]|\\.)*)?)?>")


def all_routes() -> list[Route]:
    """Return every route of the application, so that a new one is attacked by itself."""
    context = Context("a token", Path("/nowhere"), "http://127.0.0.1:9/", Path("/nowhere/key"))
    return list(create_app(context).routes)


def example(rule: str) -> str:
    """Return an address that the rule matches."""
    return _PART.sub(lambda found: EXAMPLES[found[1]], rule)
