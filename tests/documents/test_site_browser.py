"""The site in a real browser: from disk and from a server, on a phone and on a desk."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Browser, Page

from documents.conftest import Built

pytestmark = pytest.mark.browser

PHONE, DESK = 390, 1400


@pytest.fixture(scope="module")
def site(built: Built) -> Path:
    return built.folder


class Opened:
    """A tab that notes all that pages ask for and complain about."""

    def __init__(self, browser: Browser, width: int) -> None:
        self.page: Page = browser.new_page(viewport={"width": width, "height": 900})
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def finds(self, words: str) -> str:
        """The first page that the search finds."""
        button = self.page.locator("label[for=__search].md-header__button")
        if button.is_visible():  # as on a phone
            button.click()
        self.page.locator(".md-search__input").press_sequentially(words)  # it waits for keys
        found = self.page.locator(".md-search-result__item a").first
        return str(found.get_attribute("href", timeout=20_000))


def test_no_page_scrolls_sideways_complains_or_asks_for_anything_else(
    browser: Browser, site: Path
) -> None:
    tab, wide = Opened(browser, DESK), []
    for file in sorted({*site.rglob("*.html")} - {site / "404.html"}):  # which a server sends
        tab.page.set_viewport_size({"width": DESK, "height": 900})
        tab.page.goto(file.as_uri(), wait_until="load")
        for width in (DESK, PHONE):
            tab.page.set_viewport_size({"width": width, "height": 900})
            if tab.page.evaluate("document.documentElement.scrollWidth") > width:
                wide.append((file.relative_to(site), width))
    tab.page.close()
    assert wide == []
    assert tab.complaints == []
    inside = (site.as_uri(), "data:", "about:")
    assert [url for url in tab.asked if not url.startswith(inside)] == []


def test_the_search_works_from_disk(browser: Browser, site: Path) -> None:
    for width in (PHONE, DESK):
        tab = Opened(browser, width)
        tab.page.goto((site / "how-to/paper.html").as_uri())
        assert "study-file.html" in tab.finds("lr_factors")
        assert tab.complaints == []
        tab.page.close()


@pytest.fixture
def served(site: Path) -> Iterator[str]:
    """The site's address, served as `python -m http.server` does."""

    class Silent(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(site))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_the_search_works_from_a_server_and_leaves_it_for_nothing(
    browser: Browser, served: str
) -> None:
    tab = Opened(browser, DESK)
    tab.page.goto(f"{served}/index.html")
    assert "statistics.html" in tab.finds("Hodges-Lehmann")
    tab.page.close()
    assert tab.complaints == []
    assert [url for url in tab.asked if not url.startswith((served, "data:", "blob:"))] == []


def test_links_between_pages_are_followed_in_the_dark_too(browser: Browser, site: Path) -> None:
    page = browser.new_page(color_scheme="dark")
    page.goto((site / "index.html").as_uri())
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(18, 22, 27)"
    page.get_by_role("link", name="Statistics for students").click()
    assert page.get_by_role("heading", level=1).inner_text().startswith("Statistics for students")
    drawn = page.locator(".chart svg").first
    assert drawn.get_attribute("aria-label")
    assert page.evaluate("getComputedStyle(document.querySelector('.chart rect')).fill") == (
        "rgb(18, 22, 27)"
    )
    page.close()
