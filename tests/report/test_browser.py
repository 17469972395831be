"""The report in a real browser: from disk, without a network, at every width and by keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser

from effort import telling
from paribus.names import in_print, safe_classes
from paribus.report.sections.cells import SIGNS
from report.kinds import KINDS
from report.reports import HOSTILE, Written, hostile, ordinary

pytestmark = pytest.mark.browser

PHONE, TABLET, DESK = 390, 800, 1400

#: Of each element, the contrast of text and ground as WCAG 2 has it.
CONTRAST = """all => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
  const light = color => {
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map(value => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  return all.map(one => {
    const style = getComputedStyle(one);
    const both = [light(style.backgroundColor), light(style.color)];
    return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
  });
}"""


class Opened:
    """A page that notes all that it asks for and complains about."""

    def __init__(
        self, browser: Browser, file: Path, width: int, scheme: Literal["light", "dark"]
    ) -> None:
        self.page = browser.new_page(
            viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True
        )
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(file.as_uri())


@pytest.fixture(scope="module")
def opened(browser: Browser) -> Opened:
    return Opened(browser, ordinary().out / "report.html", DESK, "light")


@pytest.fixture(scope="module")
def names(browser: Browser) -> Opened:
    return Opened(browser, hostile().out / "report.html", PHONE, "light")


def test_it_opens_from_disk_and_asks_for_nothing_else(opened: Opened) -> None:
    assert [url for url in opened.asked if not url.startswith("data:")] == [opened.page.url]
    assert opened.complaints == []


@pytest.mark.parametrize("width", telling([PHONE, TABLET, DESK], PHONE))
@pytest.mark.parametrize("make", [ordinary, hostile], ids=["ordinary", "hostile"])
def test_it_is_never_wider_than_the_screen(
    browser: Browser, make: Callable[[], Written], width: int
) -> None:
    page = Opened(browser, make().out / "report.html", width, "dark").page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_every_image_is_shown_and_says_what_it_is(opened: Opened) -> None:
    images = opened.page.locator("#failures > .cases img").evaluate_all(
        "all => all.map(one => [one.naturalWidth > 0, one.alt])"
    )
    assert len(images) == 2 * opened.page.locator("#failures > .cases > li").count() > 0
    assert all(loaded and alt for loaded, alt in images)


def test_one_of_each_charts_two_drawings_is_shown(browser: Browser) -> None:
    for width, shown, hidden in ((PHONE, ".narrow", ".wide"), (DESK, ".wide", ".narrow")):
        page = Opened(browser, ordinary().out / "report.html", width, "light").page
        assert page.locator(f"{shown} svg").first.is_visible()
        assert not page.locator(f"{hidden} svg").first.is_visible()
        page.close()


def test_every_chart_says_in_words_what_it_shows(opened: Opened) -> None:
    labels = opened.page.locator("svg").evaluate_all(
        "all => all.map(one => [one.getAttribute('role'), one.getAttribute('aria-label')])"
    )
    assert labels
    assert all(role == "img" and len(label) > 40 for role, label in labels)


def test_headings_go_down_one_level_at_a_time(opened: Opened) -> None:
    levels = opened.page.locator("h1, h2, h3, h4").evaluate_all(
        "all => all.map(one => Number(one.tagName[1]))"
    )
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))


def test_every_entry_of_the_contents_leads_to_a_section(opened: Opened) -> None:
    targets = (
        opened.page.get_by_label("Contents")
        .locator("a")
        .evaluate_all("all => all.map(one => one.hash)")
    )
    sections = opened.page.locator("main section").count()
    assert len(targets) == sections + 1 > 10  # and one to the appendix as a whole
    assert all(opened.page.locator(f"section{target}, div{target}").count() for target in targets)


def test_every_link_within_the_page_leads_somewhere(opened: Opened) -> None:
    links = opened.page.locator("main a[href]")
    targets = set(links.evaluate_all("all => all.map(one => one.hash.split('?')[0])")) - {"#image"}
    assert {"#comparison", "#confusion", "#loss", "#tests", "#explorer"} <= targets
    assert all(opened.page.locator(target).count() == 1 for target in targets)


def test_every_verdict_says_in_a_word_and_a_sign_what_its_color_says(opened: Opened) -> None:
    page = opened.page
    signs = {f"{sign} {verdict}" for verdict, sign in SIGNS.items()}
    legend = page.locator(".legend dt").all_inner_texts()
    assert len(legend) >= 4 and set(legend) <= signs
    cells = page.locator("td[class^='tone-']").all_text_contents()
    assert len(cells) > 20
    assert all(any(sign in cell for sign in signs) for cell in cells)


def test_the_answer_is_on_the_first_screen(browser: Browser) -> None:
    for width, height in ((DESK, 900), (PHONE, 844)):
        page = Opened(browser, ordinary().out / "report.html", width, "light").page
        page.set_viewport_size({"width": width, "height": height})
        answer = page.locator("#answer .strong").bounding_box()
        assert answer is not None and answer["y"] + answer["height"] < height
        if width == DESK:
            last = page.locator("#answer tbody tr").last.bounding_box()
            chart = page.locator("#figure-differences svg").first.bounding_box()
            assert last is not None and chart is not None
            assert last["y"] + last["height"] < height and chart["y"] < height
        page.close()


def test_a_row_is_a_block_of_its_own_on_a_telephone(browser: Browser) -> None:
    """Its name, then each value under its title."""
    page = Opened(browser, ordinary().out / "report.html", PHONE, "light").page
    row = page.locator("#answer tbody tr").last
    name, value = row.locator("th").bounding_box(), row.locator("td").first.bounding_box()
    assert name is not None and value is not None
    assert value["y"] >= name["y"] + name["height"]
    titles = row.locator("td").evaluate_all("all => all.map(one => one.dataset.title)")
    assert titles == ["Test accuracy", "Verdict", "Difference", "One new training"]
    assert row.locator("td").first.get_attribute("role") == "cell"
    page.close()


#: Elements that show text and don't show all of it, but for those that a title tells whole.
CLIPPED = """() => {
  const found = [];
  for (const one of document.querySelectorAll("main *, header *, nav *")) {
    const whole = "svg, .tall, pre, [title], .layers, .nearest";
    if (!one.checkVisibility() || one.closest(whole)) continue;
    const style = getComputedStyle(one);
    if (style.overflowX === "visible" && style.overflowY === "visible") continue;
    if (one.matches(".scroll") && one.querySelector(".confusion, .votes")) continue;
    const name = one.ariaLabel ?? one.textContent.slice(0, 40);
    if (one.scrollWidth > one.clientWidth + 1) found.push(`${one.className}: ${name}`);
  }
  return found;
}"""

#: Cells of tables and blocks of text that reach beyond what they stand in.
BEYOND = """width => [...document.querySelectorAll(
    "main :is(p, td, th, li, h2, h3, h4, figure, img, summary, dt, dd)")]
  .filter(one => one.checkVisibility() && !one.closest(".confusion, thead, .tall"))
  .map(one => [one.getBoundingClientRect(), one])
  .filter(([box]) => box.width && (box.right > width + 1 || box.left < -1))
  .map(([, one]) => one.textContent.slice(0, 40))"""

#: Labels of charts that lie over each other.
OVERLAPS = """() => [...document.querySelectorAll("svg")]
  .filter(one => one.checkVisibility()).flatMap(svg => {
  const boxes = [...svg.querySelectorAll("text")]
    .filter(text => text.textContent.trim() && text.getAttribute("opacity") !== "0")
    .map(text => [text.getBoundingClientRect(), text.textContent]);
  const both = [];
  boxes.forEach(([a, first], n) => boxes.slice(n + 1).forEach(([b, second]) => {
    const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    const where = svg.closest("figure")?.id;
    if (across > 1.5 && down > 2.5) both.push(`${where}: ${first} over ${second}`);
  }));
  return both;
})"""


@pytest.mark.parametrize("kind", telling(KINDS, "failed runs", "hostile names", "found runs"))
def test_no_text_is_clipped_and_nothing_scrolls_sideways(browser: Browser, kind: str) -> None:
    for width in (PHONE, TABLET, DESK):
        page = Opened(browser, KINDS[kind]().out / "report.html", width, "light").page
        page.locator("#unfold").click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(CLIPPED) == []
        assert page.evaluate(BEYOND, width) == []
        page.close()


@pytest.mark.parametrize("kind", telling(KINDS, "failed runs"))
def test_labels_of_charts_lie_beside_each_other(browser: Browser, kind: str) -> None:
    for width in (PHONE, DESK):
        page = Opened(browser, KINDS[kind]().out / "report.html", width, "light").page
        assert page.evaluate(OVERLAPS) == []
        page.close()


@pytest.mark.parametrize("kind", telling(KINDS, "failed runs", "claims"))
def test_a_hand_in_has_at_most_eight_pages(browser: Browser, kind: str) -> None:
    page = Opened(browser, KINDS[kind]().out / "handin.html", DESK, "light").page
    printed = page.pdf(prefer_css_page_size=True)
    pages = len(re.findall(rb"/Type\s*/Page\b(?!s)", printed))
    assert 4 <= pages <= 8
    page.close()


def test_a_hand_in_has_no_text_of_an_interface(browser: Browser) -> None:
    opened = Opened(browser, ordinary().out / "handin.html", DESK, "light")
    page = opened.page
    assert opened.complaints == []
    assert page.locator("details, button, select, script, nav").count() == 0
    text = page.locator("body").inner_text()
    assert "Choose" not in text and "Unfold" not in text and "click" not in text
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_on_a_changed_cell_is_readable(
    browser: Browser, scheme: Literal["light", "dark"]
) -> None:
    page = Opened(browser, ordinary().out / "report.html", DESK, scheme).page
    cells = page.locator("#confusion-change td[style]")
    assert cells.count() == 200
    ratios = cells.evaluate_all(CONTRAST)
    assert min(ratios) >= 4.5
    page.close()


def test_the_keyboard_skips_to_the_results_and_reaches_every_table(opened: Opened) -> None:
    page = opened.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    tables = page.locator(".scroll:visible")
    labels = set(tables.evaluate_all("all => all.map(one => one.ariaLabel)"))
    page.evaluate(
        "window.reached = [];"
        "const note = ({target}) => reached.push(target.closest('.scroll')?.ariaLabel);"
        "addEventListener('focusin', note);"
    )
    for _ in range(page.locator("a, button, select, .scroll").count()):
        page.keyboard.press("Tab")
    reached = set(page.evaluate("reached"))
    assert len(labels) == tables.count()
    assert labels <= reached


def test_every_table_has_a_caption_and_its_headings_a_scope(opened: Opened) -> None:
    assert opened.page.locator("table:not(:has(caption))").count() == 0
    assert opened.page.locator("th:not([scope])").count() == 0


def test_dark_mode_is_dark(browser: Browser) -> None:
    page = Opened(browser, ordinary().out / "report.html", DESK, "dark").page
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(18, 22, 27)"
    page.close()


def test_nothing_in_a_name_runs_or_becomes_part_of_the_page(names: Opened) -> None:
    assert names.page.title() == hostile().study.name
    script = "main script:not([type='application/json'])"
    assert names.page.locator(f"{script}, img[src='x'], img[onerror]").count() == 0
    assert names.complaints == []


def test_every_name_is_shown_as_it_is(names: Opened) -> None:
    headings = names.page.locator(".confusion tbody th").all_text_contents()
    assert headings[: len(HOSTILE)] == list(map(in_print, safe_classes(HOSTILE)))
    assert names.page.locator("h1").text_content() == hostile().study.name


def test_on_paper_tables_are_whole_and_the_contents_are_left_out(
    browser: Browser,
) -> None:
    page = Opened(browser, ordinary().out / "report.html", TABLET, "dark").page
    page.emulate_media(media="print")
    assert not page.get_by_label("Contents").is_visible()
    assert not page.locator("#explorer").is_visible()
    styles = page.locator(".scroll:not(.matrix .scroll)").evaluate_all(
        "all => all.map(one => getComputedStyle(one).overflowX)"
    )
    assert set(styles) == {"visible"}
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.close()
