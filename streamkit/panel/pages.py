"""The three pages and their assets, read once: what is served later is only what was found at start."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from string import Template
from typing import Literal

from streamkit.panel.squeeze import squeeze

TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
AFTER_LOGIN = ("/", "/watch")
"""Where a login may lead; any other wish leads to the first."""


PageAccess = Literal["full", "view"]
"""Whether a page may offer what only somebody with the token may do, or shows figures and picture alone."""


@dataclass(frozen=True)
class Asset:
    """One file of the page: its bytes, its type, and a tag that changes with its content."""

    body: bytes
    content_type: str
    etag: str


class Pages:
    """Assets by name, and the pages as functions."""

    def __init__(self) -> None:
        folder = files("streamkit.panel") / "static"
        texts = {
            entry.name: squeeze(entry.name.rpartition(".")[2], entry.read_text(encoding="utf-8"))
            for entry in folder.iterdir()
            if entry.is_file()
        }
        self.assets = {
            name: Asset(body, TYPES[kind], f'"{hashlib.sha256(body).hexdigest()[:16]}"')
            for name, text in texts.items()
            if (kind := name.rpartition(".")[2]) in TYPES and (body := text.encode())
        }
        self._html = {name: Template(text) for name, text in texts.items() if name.endswith(".html")}

    def panel(self, access: PageAccess = "full") -> str:
        """The page with picture, figures and buttons; it reads ``access`` from ``data-access``."""
        return self._html["panel.html"].substitute(access=access)

    def watch(self, access: PageAccess = "full") -> str:
        """The page with nothing but the picture."""
        return self._html["watch.html"].substitute(access=access)

    def login(self, wish: str, problem: str = "") -> str:
        """The login form; ``problem`` is one sentence on what went wrong."""
        return self._html["login.html"].substitute(next=escape(after_login(wish)), problem=escape(problem))

    def message(self, title: str, sentence: str) -> str:
        """A page with one sentence, for an address that leads nowhere."""
        return self._html["message.html"].substitute(title=escape(title), sentence=escape(sentence))


def after_login(wish: str) -> str:
    """Return where to go after a login: only ever a page of this panel."""
    return wish if wish in AFTER_LOGIN else AFTER_LOGIN[0]
