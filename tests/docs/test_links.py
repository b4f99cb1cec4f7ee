"""Links between the pages lead somewhere: to a file, and to a heading in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.docs.blocks import documents

PAGES = [*documents(), REPOSITORY / "ARCHITECTURE.md", REPOSITORY / "CHANGELOG.md"]
LEAST_WORDS = 15
"""Letters of what stands for a picture where it is not seen."""


def without_code(text: str) -> str:
    """Return the text without fenced blocks and code spans, in which brackets mean other things."""
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^ *```.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL))


def anchors(path: Path) -> set[str]:
    """Return the names of a page's headings as GitHub makes them, and those given by ``<a id>``."""
    text = re.sub(r"^ *```.*?^ *```$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    found = set(re.findall(r'<a id="([^"]+)">', text))
    for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        found.add(re.sub(r"[^\w\- ]", "", plain).replace(" ", "-"))
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_resolve(page: Path) -> None:
    for target in re.findall(
        r"\[[^\]]*\]\(([^)\s]+)\)", re.sub(r"`", "", without_code(page.read_text(encoding="utf-8")))
    ):
        if re.match(r"[a-z]+:", target):
            assert target.startswith("https://"), f"{page.name}: {target} is not encrypted"
            continue
        name, _, anchor = target.partition("#")
        leads_to = (page.parent / name).resolve() if name else page
        assert leads_to.exists(), f"{page.name} links to {target}, which does not exist"
        if anchor:
            assert anchor in anchors(leads_to), f"{page.name} links to {target}; there is no such heading"


def test_every_page_is_reached_from_the_readme() -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    for page in documents()[1:]:
        assert f"(docs/{page.name})" in text, f"README does not lead to docs/{page.name}"


SHOWN = r"!\[([^\]]*)\]\(([^)\s]+)\)"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_pictures_exist_and_have_words(page: Path) -> None:
    for words, target in re.findall(SHOWN, without_code(page.read_text(encoding="utf-8"))):
        content = (page.parent / target).read_bytes()
        assert content.startswith(b"\x89PNG\r\n"), f"{page.name}: {target} is no PNG"
        assert len(words) >= LEAST_WORDS, f"{page.name}: say what {target} shows, for who does not see it"


def test_every_picture_is_shown() -> None:
    shown = {
        (page.parent / target).resolve()
        for page in PAGES
        for _, target in re.findall(SHOWN, page.read_text(encoding="utf-8"))
    }
    assert set((REPOSITORY / "docs" / "images").glob("*.png")) <= shown
