"""The site of the documents: it builds, links lead somewhere, nothing comes from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import paribus
from documents.conftest import REPOSITORY, Built
from documents.crawl import Site


@pytest.fixture(scope="module")
def site(built: Built) -> Site:
    return Site(built.folder)


def test_it_builds_without_a_warning(built: Built) -> None:
    assert built.code == 0, built.said
    assert "WARNING" not in built.said


def test_every_link_leads_to_a_page_and_its_part(site: Site) -> None:
    assert len(site.pages) > 40
    assert site.broken() == []


def test_nothing_is_loaded_from_another_machine(site: Site) -> None:
    assert site.loaded_from_elsewhere() == []
    for sheet in site.folder.rglob("*.css"):
        loaded = re.findall(r"""(?:url\(|@import)\s*["']?([^"')]+)""", sheet.read_text("utf-8"))
        assert not [url for url in loaded if not url.startswith(("data:", "#", "."))], sheet


def test_every_page_is_reached_from_the_first_one(site: Site) -> None:
    unreached = set(site.pages) - site.reached(site.folder / "index.html")
    assert {file.relative_to(site.folder) for file in unreached} == {Path("404.html")}


def test_every_document_is_a_page(site: Site) -> None:
    documents = REPOSITORY / "docs"
    names = [file.relative_to(documents) for file in documents.rglob("*.md")]
    for name in names:
        page = name.with_name("index.html") if name.stem == "README" else name.with_suffix(".html")
        assert site.folder / page in site.pages


def test_a_list_is_a_list_here_too(site: Site) -> None:
    # A code host takes lines with dashes for a list even right below a paragraph; Python-Markdown
    # wants an empty line between.
    for page in site.pages.values():
        for paragraph in page.parsed.paragraphs:
            assert not re.search(r"\n(?:[-*]|\d+\.) ", paragraph), f"{page.file}: {paragraph}"


def test_the_api_page_has_all_that_the_package_gives(site: Site) -> None:
    ids = site.pages[site.folder / "api.html"].parsed.ids
    assert {f"paribus.{name}" for name in paribus.__all__} <= ids


def write(folder: Path, **pages: str) -> Site:
    for name, text in pages.items():
        (folder / f"{name}.html").write_text(text)
    return Site(folder)


def test_the_crawler_finds_links_to_no_page_and_to_no_part(tmp_path: Path) -> None:
    site = write(
        tmp_path,
        one='<p id="here"><a href="two.html#there">a</a><a href="gone.html">b</a></p>',
        two='<a href="one.html#here">c</a><a href="#nowhere">d</a><a href="../out.html">e</a>',
    )
    assert site.broken() == [
        "one.html: two.html#there",
        "one.html: gone.html",
        "two.html: #nowhere",
        "two.html: ../out.html",
    ]
    assert site.reached(site.folder / "one.html") == set(site.pages)


def test_the_crawler_finds_what_is_loaded_from_elsewhere(tmp_path: Path) -> None:
    site = write(
        tmp_path,
        one='<a href="https://example.org">fine</a><img src="//example.org/a.png">'
        '<script src="https://example.org/b.js"></script><img src="data:image/png;base64,">',
    )
    assert site.loaded_from_elsewhere() == [
        "one.html: <img> //example.org/a.png",
        "one.html: <script> https://example.org/b.js",
    ]
