"""Documents as a code host shows them: each link leads to a file of the repository and its part."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
DOCUMENTS = [
    REPOSITORY / "README.md",
    REPOSITORY / "CHANGELOG.md",
    *sorted((REPOSITORY / "docs").rglob("*.md")),
]


def plain(file: Path) -> str:
    """The text of a document without its code."""
    text = re.sub(r"^```.*?^```", "", file.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"`[^`\n]*`", "", text)


@cache
def parts(file: Path) -> frozenset[str]:
    """What the headings of a document are called in addresses, and its own anchors."""
    text = file.read_text("utf-8")
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    names = (re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in headings)
    return frozenset([*names, *re.findall(r'id="([^"]+)"', text)])


def broken(file: Path) -> Iterator[str]:
    for address in re.findall(r"\]\(([^)\s]+)\)", plain(file)):
        if re.match(r"[a-z]+:", address):
            continue
        path, _, part = address.partition("#")
        target = (file.parent / path).resolve() if path else file
        if not target.exists() or (part and part not in parts(target)):
            yield address


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: str(file.relative_to(REPOSITORY)))
def test_every_link_of_a_document_leads_somewhere(file: Path) -> None:
    assert list(broken(file)) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One\n[a](#one) [b](#two) [c](gone.md) [d](page.md#one)\n`[e](x.md)`\n")
    assert list(broken(page)) == ["#two", "gone.md"]
