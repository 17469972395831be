"""Pages of a site on disk: what they link to, what they load, and what doesn't lead anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

#: Attributes by which a page names something else.
NAMING = ("href", "src", "srcset", "poster", "data", "action", "xlink:href")
#: What a reader follows; a browser loads everything else by itself.
FOLLOWED = "a"


class Parser(HTMLParser):
    """Collects ids, links and the text of paragraphs."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[tuple[str, str]] = []
        self.paragraphs: list[str] = []
        self.within = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.ids.add(value)
            elif name in NAMING and value:
                self.links.append((tag, value))
        if tag == "p":
            self.within = True
            self.paragraphs.append("")

    def handle_endtag(self, tag: str) -> None:
        self.within = self.within and tag != "p"

    def handle_data(self, data: str) -> None:
        if self.within:
            self.paragraphs[-1] += data


@dataclass
class Page:
    """A page of a site: its ids, links as (tag, address), and paragraphs."""

    file: Path

    @cached_property
    def parsed(self) -> Parser:
        parser = Parser()
        parser.feed(self.file.read_text("utf-8"))
        return parser


@dataclass
class Site:
    """All pages below a folder."""

    folder: Path
    pages: dict[Path, Page] = field(init=False)

    def __post_init__(self) -> None:
        self.folder = self.folder.resolve()
        self.pages = {file: Page(file) for file in sorted(self.folder.rglob("*.html"))}

    def targets(self, page: Page) -> Iterator[tuple[str, Path, str]]:
        """Each address within the site, the file that it leads to, and the part of that file."""
        for _, address in page.parsed.links:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                continue
            start = self.folder if parts.path.startswith("/") else page.file.parent
            file = start / unquote(parts.path).lstrip("/") if parts.path else page.file
            yield address, file.resolve(), unquote(parts.fragment)

    def broken(self) -> list[str]:
        """Links that lead to no file of the site, or to no part of its page."""
        return [
            f"{page.file.relative_to(self.folder)}: {address}"
            for page in self.pages.values()
            for address, file, part in self.targets(page)
            if not self._leads_somewhere(file, part)
        ]

    def _leads_somewhere(self, file: Path, part: str) -> bool:
        if not file.is_file() or not file.is_relative_to(self.folder):
            return False
        return not part or part == "__comments" or part in self.pages[file].parsed.ids

    def loaded_from_elsewhere(self) -> list[str]:
        """What a browser would load from another machine."""
        return [
            f"{page.file.relative_to(self.folder)}: <{tag}> {address}"
            for page in self.pages.values()
            for tag, address in page.parsed.links
            if tag != FOLLOWED and (urlsplit(address).netloc or _is_remote(address))
        ]

    def reached(self, start: Path) -> set[Path]:
        """The pages that links lead to, from a first one on."""
        seen, waiting = {start}, [start]
        while waiting:
            found = {file for _, file, _ in self.targets(self.pages[waiting.pop()])}
            waiting += (new := (found & self.pages.keys()) - seen)
            seen |= new
        return seen


def _is_remote(address: str) -> bool:
    return urlsplit(address).scheme not in ("", "data", "mailto")
