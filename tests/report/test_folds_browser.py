"""What is folded in the page opens by links, by a button and on paper, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from paribus.report.page import page as written_page
from paribus.report.sections import sections
from paribus.report.sections.answer import lead
from report.explored import explored, square
from report.test_browser import DESK, TABLET, Opened

pytestmark = pytest.mark.browser

#: Of all that is folded but the explorer: whether it is seen, and where it begins on the page.
UNFOLDED = """() => [...document.querySelectorAll("details:not(#explorer *) > :not(summary)")]
  .map(one => [one.checkVisibility() && one.getBoundingClientRect().height > 0,
               one.getBoundingClientRect().top])"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole report, its charts told in words."""
    results = explored().results
    path = tmp_path_factory.mktemp("folds") / "report.html"
    html = written_page("name", lead(results), sections(results), square, {})
    path.write_text(html, "utf-8")
    return path


@pytest.fixture
def page(browser: Browser, file: Path) -> Iterator[Page]:
    """The page as it is opened first, and that has nothing to complain about at the end."""
    entry = Opened(browser, file, DESK, "light")
    yield entry.page
    assert entry.complaints == []
    entry.page.close()


def fold(page: Page, anchor: str) -> Locator:
    """What a section of the appendix folds."""
    return page.locator(f"#{anchor} > details")


def is_open(page: Page) -> dict[str, bool]:
    """Whether each fold of the page is open, by its title."""
    return dict(
        page.locator("details").evaluate_all(
            "all => all.map(one => [one.querySelector('summary').textContent, one.open])"
        )
    )


def test_at_first_everything_that_can_be_folded_is(page: Page) -> None:
    folds = is_open(page)
    assert len(folds) == page.locator("details").count() > 8
    assert not any(folds.values())


def test_one_button_unfolds_everything_and_folds_it_again(page: Page) -> None:
    button = page.locator("#unfold")
    expect(button).to_have_text("Unfold everything, to search the page")
    button.click()
    assert all(is_open(page).values())
    expect(button).to_have_text("Fold everything")
    button.click()
    assert not any(is_open(page).values())
    expect(button).to_have_text("Unfold everything, to search the page")


def test_the_button_says_what_it_does_whoever_opened_or_folded_something(page: Page) -> None:
    button = page.locator("#unfold")
    button.click()
    fold(page, "seeds").locator("summary").first.click()
    expect(button).to_have_text("Unfold everything, to search the page")
    fold(page, "seeds").locator("summary").first.click()
    expect(button).to_have_text("Fold everything")
    button.click()
    assert not any(is_open(page).values())


def test_a_link_opens_the_section_that_it_leads_to_and_no_other(page: Page) -> None:
    page.locator("nav[aria-label=Contents] a[href='#seeds']").click()
    expect(fold(page, "seeds")).to_have_attribute("open", "")
    expect(page.locator("#seeds-title")).to_be_in_viewport()
    assert sum(is_open(page).values()) == 1


def test_a_link_followed_again_opens_its_section_again(page: Page) -> None:
    link = page.locator("nav[aria-label=Contents] a[href='#seeds']")
    link.click()
    fold(page, "seeds").locator("summary").first.click()
    expect(fold(page, "seeds")).not_to_have_attribute("open", "")
    link.click()
    expect(fold(page, "seeds")).to_have_attribute("open", "")


@pytest.mark.parametrize("anchor", ["seeds", "explorer"])
def test_an_address_opens_the_section_that_it_names(page: Page, anchor: str) -> None:
    address = page.url
    page.goto("about:blank")
    page.goto(f"{address}#{anchor}")
    expect(fold(page, anchor)).to_have_attribute("open", "")
    expect(page.locator(f"#{anchor} > details > :not(summary)").first).to_be_in_viewport()
    assert sum(is_open(page).values()) == 1


def test_every_link_into_the_appendix_opens_what_it_leads_to(page: Page) -> None:
    links = page.locator("main > section a[href^='#']:visible")
    anchors = set(links.evaluate_all("all => all.map(one => one.hash.slice(1).split('?')[0])"))
    folded = {anchor for anchor in anchors if page.locator(f"#{anchor} > details").count()}
    assert len(folded) >= 2
    for anchor in folded:
        page.locator(f"main > section a[href^='#{anchor}']:visible").first.click()
        expect(fold(page, anchor)).to_have_attribute("open", "")


def test_printing_unfolds_all_but_the_explorer_and_folds_it_again(page: Page) -> None:
    fold(page, "seeds").locator("summary").first.click()
    before = is_open(page)
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    explorer = page.locator("#explorer summary").text_content()
    assert {title for title, shown in is_open(page).items() if not shown} == {explorer}
    expect_all_on_paper(page)
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert is_open(page) == before


def test_the_style_alone_unfolds_all_but_the_explorer_on_paper(
    browser: Browser, file: Path
) -> None:
    page = browser.new_page(java_script_enabled=False, viewport={"width": TABLET, "height": 900})
    page.goto(file.as_uri())
    assert not any(is_open(page).values())
    assert not any(seen for seen, _ in page.evaluate(UNFOLDED))
    page.emulate_media(media="print")
    assert not any(is_open(page).values())
    expect_all_on_paper(page)
    page.close()


def expect_all_on_paper(page: Page) -> None:
    """All that is folded stands on paper in its order, and no explorer."""
    seen, tops = zip(*page.evaluate(UNFOLDED), strict=True)
    assert len(seen) > 20
    assert all(seen)
    assert list(tops) == sorted(tops)
    expect(page.locator("#explorer")).to_be_hidden()
    expect(page.locator("#unfold")).to_be_hidden()
