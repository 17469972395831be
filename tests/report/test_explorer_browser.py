"""The explorer in a real browser, with real clicks and keys, from disk and without a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from effort import telling
from paribus.names import in_print
from paribus.report.explorer import payload
from report.explored import (
    explored,
    hostile_explored,
    page_of,
    square,
    unexplained,
    with_failed_cases,
)
from report.reports import results_of
from report.test_browser import DESK, PHONE, TABLET, Opened
from report.test_parts import without_probabilities
from synthetic import make_records, make_study

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("explorer"), explored().html)


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    return payload(explored().failures, square).data


@pytest.fixture(scope="module")
def one_page(browser: Browser, file: Path) -> Iterator[Opened]:
    """One page for all tests: opening another for each would take most of their time."""
    entry = Opened(browser, file, DESK, "light")
    yield entry
    entry.page.close()


@pytest.fixture
def opened(one_page: Opened) -> Iterator[Opened]:
    """The page as it is opened first, and that has nothing to complain about at the end either."""
    page = one_page.page
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0); location.hash = 'explorer'")
    expect(page.locator("#explorer-list")).to_be_visible()
    yield one_page
    assert one_page.complaints == []
    declared = page.url.split("#")[0]
    assert {u.split("#")[0] for u in one_page.asked if not u.startswith("data:")} == {declared}


def written(folder: Path, html: str) -> Path:
    (folder / "report.html").write_text(html, "utf-8")
    return folder / "report.html"


def test_an_image_is_called_by_its_file_shortened_on_its_card_and_whole_on_its_page(
    browser: Browser, tmp_path: Path
) -> None:
    results = explored().results
    files = {n: f"test/cat/{'scan_' * 9}{n:05}.png" for n in results.failed_cases.rows}
    called = with_failed_cases(results, replace(results.failed_cases, files=files))
    entry = Opened(browser, written(tmp_path, page_of(called, square)), DESK, "light")
    goto(entry.page, "#explorer")
    card = entry.page.locator("#explorer-cards a").first
    index = int(card.get_attribute("data-index") or "")
    expect(card.locator(".file")).to_have_text(f"scan_s\u2026can_{index:05}.png")
    expect(card.locator(".file")).to_have_attribute("title", files[index])
    card.click()
    expect(entry.page.locator("#explorer-file")).to_have_text(files[index])
    assert entry.complaints == []
    entry.page.close()


def test_an_image_without_a_file_has_no_empty_line(opened: Opened) -> None:
    expect(opened.page.locator("#explorer-cards .file")).to_have_count(0)
    opened.page.locator("#explorer-cards a").first.click()
    expect(opened.page.locator("#explorer-file")).to_be_hidden()


def at_the_explorer(
    browser: Browser, file: Path, width: int, scheme: Literal["light", "dark"]
) -> Opened:
    """The page opened at its explorer, which is folded otherwise."""
    entry = Opened(browser, file, width, scheme)
    goto(entry.page, "#explorer")
    return entry


def goto(page: Page, fragment: str) -> None:
    """Open an address as somebody does to whom it was sent: in a page of its own."""
    address = page.url.split("#")[0]
    page.goto("about:blank")
    page.goto(address + fragment)


def shown(page: Page) -> list[int]:
    """The numbers of the images in the list, in its order, all of it opened."""
    while page.locator("#explorer-more").is_visible():
        page.locator("#explorer-more").click()
    cards = page.locator(".cards a")
    return [int(number) for number in cards.evaluate_all("all => all.map(a => a.dataset.index)")]


def captions(page: Page) -> dict[int, str]:
    """What each card in the list says first, by its image's number."""
    cards = page.locator(".cards a")
    said = cards.evaluate_all(
        "all => all.map(a => [a.dataset.index, a.querySelector('span:not(.missing)').textContent])"
    )
    return {int(number): says for number, says in said}


def facts(data: dict[str, Any], setting: str) -> dict[int, dict[str, Any]]:
    """What is known of each image in one setting, by its number."""
    place = [entry["name"] for entry in data["settings"]].index(setting)
    return {entry["index"]: entry["settings"][place] for entry in data["cases"]}


def open_card(card: Locator) -> None:
    """Click on a card and wait for its image's page."""
    card.click()
    expect(card.page.locator("#explorer-image")).to_be_visible()


def expect_card(page: Page, number: str) -> None:
    """The focus comes to the card of this image."""
    expect(page.locator(f".cards [data-index='{number}']")).to_be_focused()


def test_a_click_on_a_cell_shows_the_images_that_are_in_it(
    opened: Opened, data: dict[str, Any]
) -> None:
    page = opened.page
    true, predicted, count = max(data["settings"][1]["cells"], key=lambda cell: int(cell[2]))
    table = page.locator("table[data-setting='batch-norm']")
    table.locator("tbody tr").nth(true).locator("td").nth(predicted).locator("a").click()
    expect(page.locator("#explorer-heading")).to_be_focused()
    declared = facts(data, "batch-norm")
    expected = {
        number
        for number, entry in declared.items()
        if entry["true"] == true and predicted in dict(entry["votes"])
    }
    assert set(shown(page)) == expected
    names = data["names"]
    said = page.locator("#explorer-count").inner_text()
    assert f"batch-norm takes for {names[predicted]} although they show {names[true]}" in said
    assert f"{count}\u00a0image" in said


def test_a_link_from_a_cell_opens_the_folded_explorer(opened: Opened) -> None:
    page = opened.page
    goto(page, "")
    expect(page.locator("#explorer-list")).to_be_hidden()
    cell = page.locator("table[data-setting='main'] td a").first
    for _ in range(2):  # the second time the address stays the same
        cell.click()
        expect(page.locator("#explorer-list")).to_be_visible()
        page.locator("#explorer summary").click()
        expect(page.locator("#explorer-list")).to_be_hidden()


def test_whoever_goes_back_from_a_cells_images_is_at_the_matrix_again(opened: Opened) -> None:
    page = opened.page
    page.emulate_media(reduced_motion="reduce")  # to be where one scrolls to at once
    goto(page, "")
    cell = page.locator("table[data-setting='main'] td a").first
    cell.click()
    expect(page.locator("#explorer-heading")).to_be_in_viewport()
    expect(cell).not_to_be_in_viewport()
    page.go_back()
    expect(cell).to_be_in_viewport()
    page.emulate_media(reduced_motion="no-preference")


def test_each_card_says_how_many_seeds_make_the_mistake_that_was_chosen(
    opened: Opened, data: dict[str, Any]
) -> None:
    page, names, declared = opened.page, data["names"], facts(data, "main")
    chosen, rarer = 0, 0
    for true, predicted, _ in data["settings"][0]["cells"]:
        page.get_by_label("True class").select_option(names[true])
        page.get_by_label("Predicted class").select_option(names[predicted])
        for number, says in captions(page).items():
            times = dict(declared[number]["votes"])[predicted]
            assert says == f"{names[true]} taken for {names[predicted]} in {times} of 3\u00a0seeds"
            chosen, rarer = chosen + 1, rarer + (declared[number]["rival"] != predicted)
        if rarer > 5 and chosen > rarer:
            break
    assert chosen > rarer > 5  # of both, those whose most frequent mistake is another


def test_without_a_chosen_class_cards_say_the_most_frequent_mistake(
    opened: Opened, data: dict[str, Any]
) -> None:
    page, names, declared = opened.page, data["names"], facts(data, "main")
    said = captions(page)
    assert len(said) > 20
    for number, says in said.items():
        entry = declared[number]
        votes = {n: times for n, times in entry["votes"] if n != entry["true"]}
        assert votes[entry["rival"]] == max(votes.values())
        assert says == f"{names[entry['true']]} taken for {names[entry['rival']]}"


def test_cells_without_failures_and_those_of_right_answers_are_no_links(
    opened: Opened, data: dict[str, Any]
) -> None:
    table = opened.page.locator("table[data-setting='main']")
    assert table.locator("a").count() == len(data["settings"][0]["cells"])
    assert table.locator("td.right a").count() == 0


@pytest.mark.parametrize(
    "kind", telling(["systematic", "seed-dependent", "fixed", "broken"], "systematic", "fixed")
)
def test_each_kind_shows_the_images_of_that_kind(
    opened: Opened, data: dict[str, Any], kind: str
) -> None:
    page = opened.page
    page.locator("#explorer-setting").select_option("l2")
    page.locator("#explorer-kind").select_option(kind)
    expected = {
        number
        for number, entry in facts(data, "l2").items()
        if entry["kind"] == kind or kind in entry["changes"]
    }
    assert set(shown(page)) == expected
    assert expected
    assert f"kind={kind}" in page.url and "setting=l2" in page.url


def test_filters_add_up(opened: Opened, data: dict[str, Any]) -> None:
    page = opened.page
    page.get_by_label("True class").select_option("dog")
    page.get_by_label("Seeds wrong").select_option("2")
    dog = data["names"].index("dog")
    expected = {
        number
        for number, entry in facts(data, "main").items()
        if entry["true"] == dog and entry["wrong"] >= 2
    }
    assert set(shown(page)) == expected and expected
    assert f"{len(expected)}\u00a0image" in page.get_by_role("status").inner_text()


def test_each_order_is_that_of_its_number(opened: Opened, data: dict[str, Any]) -> None:
    page, declared = opened.page, facts(data, "main")
    ranks = {entry["index"]: entry["suspicion"]["rank"] for entry in data["cases"]}
    orders: dict[str, Callable[[int], float]] = {
        "wrong": lambda n: -declared[n]["wrong"],
        "confident": lambda n: -declared[n]["p"][1],
        "boundary": lambda n: abs(declared[n]["margin"]),
        "suspicion": lambda n: ranks[n],
        "fixed": lambda n: -declared[n]["fixed"][0],
        "broken": lambda n: -declared[n]["broken"][0],
    }
    for name in telling(orders, "boundary", "suspicion"):
        page.get_by_label("Sort by").select_option(name)
        numbers = shown(page)
        keys = [orders[name](number) for number in numbers]
        assert keys == sorted(keys), name
        assert len(numbers) > 20


def test_a_card_opens_the_images_own_page(opened: Opened, data: dict[str, Any]) -> None:
    page = opened.page
    card = page.locator(".cards a").nth(2)
    number = card.get_attribute("data-index")
    open_card(card)
    expect(page.locator("#explorer-name")).to_have_text(f"Test image {number}")
    expect(page.locator("#explorer-name")).to_be_focused()
    assert not page.locator("#explorer-list").is_visible()
    entry = facts(data, "main")[int(str(number))]
    given, times = entry["votes"][0]
    assert (
        f"{data['names'][given]} ({times})" in page.locator("#explorer-votes tr.shown").inner_text()
    )
    loaded = page.locator("#explorer-image img:visible").evaluate_all(
        "all => all.map(one => [one.naturalWidth > 0, one.alt])"
    )
    assert len(loaded) == 5  # the original, what was seen, the map, two training images
    assert all(width and alt for width, alt in loaded)


def test_a_missing_file_is_said_to_be_missing(opened: Opened) -> None:
    missing = explored().failures.telling[1]
    goto(opened.page, f"#image?index={missing}")
    message = opened.page.locator("#explorer-original").get_by_text(f"image {missing} is missing")
    expect(message).to_be_visible()


def test_next_and_previous_go_through_the_list_as_it_is_filtered(
    opened: Opened, data: dict[str, Any]
) -> None:
    page = opened.page
    page.get_by_label("True class").select_option("dog")
    page.locator("#explorer-predicted").select_option("truck")
    numbers = shown(page)
    assert len(numbers) == 4
    open_card(page.locator(".cards a").first)
    expect(page.locator("#explorer-name")).to_have_text(f"Test image {numbers[0]}")
    expect(page.locator("#explorer-previous")).to_be_hidden()
    for number in numbers[1:]:
        page.locator("#explorer-next").click()
        expect(page.locator("#explorer-name")).to_have_text(f"Test image {number}")
    expect(page.locator("#explorer-next")).to_be_hidden()
    page.locator("#explorer-previous").click()
    expect(page.locator("#explorer-name")).to_have_text(f"Test image {numbers[-2]}")
    page.locator("#explorer-next").click()
    page.locator("#explorer-back").click()
    expect_card(page, str(numbers[-1]))
    assert shown(page) == numbers


def test_back_and_forward_work_and_the_focus_returns_to_the_card(opened: Opened) -> None:
    page = opened.page
    page.get_by_label("Sort by").select_option("confident")
    numbers = shown(page)
    open_card(page.locator(".cards a").nth(1))
    page.go_back()
    expect(page.locator("#explorer-list")).to_be_visible()
    expect_card(page, str(numbers[1]))
    assert page.locator("#explorer-sort").input_value() == "confident"
    page.go_back()
    expect(page.locator("#explorer-sort")).to_have_value("wrong")
    page.go_forward()
    page.go_forward()
    expect(page.locator("#explorer-name")).to_have_text(f"Test image {numbers[1]}")


def test_a_card_far_down_is_shown_again_when_the_reader_comes_back(opened: Opened) -> None:
    page = opened.page
    numbers = shown(page)
    open_card(page.locator(".cards a").last)
    page.go_back()
    expect_card(page, str(numbers[-1]))


def test_an_address_of_an_image_opens_the_folded_explorer_at_it(
    browser: Browser, file: Path
) -> None:
    index = explored().failures.telling[0]
    page = Opened(browser, file, DESK, "light").page
    expect(page.locator("#explorer-app")).to_be_hidden()
    goto(page, f"#image?index={index}")
    expect(page.locator("#explorer-name")).to_have_text(f"Test image {index}")
    expect(page.locator("#explorer-name")).to_be_focused()
    expect(page.locator("#explorer-name")).to_be_in_viewport()
    page.close()


def test_what_an_address_says_is_shown_again_wherever_it_is_opened(
    browser: Browser, opened: Opened, file: Path
) -> None:
    page = opened.page
    page.locator("#explorer-setting").select_option("batch-norm")
    page.get_by_label("Sort by").select_option("suspicion")
    open_card(page.locator(".cards a").nth(3))
    page.get_by_label("occlusion").check()
    page.get_by_label("Opacity").fill("35")
    other = Opened(browser, file, TABLET, "dark").page
    goto(other, page.url[page.url.index("#") :])
    for entry in (page, other):
        assert (
            entry.locator("#explorer-verdict").inner_text()
            == page.locator("#explorer-verdict").inner_text()
        )
        assert entry.get_by_label("occlusion").is_checked()
        assert entry.locator("#explorer-map").evaluate("one => one.style.opacity") == "0.35"
        assert entry.locator("#explorer-place").inner_text().startswith("4 of ")
    expect(other.locator("#explorer-name")).to_be_focused()
    assert other.locator("#explorer-name").is_visible()
    other.close()


def test_the_map_fades_as_the_slider_moves_and_can_be_taken_away(opened: Opened) -> None:
    page = opened.page
    open_card(page.locator(".cards a").first)
    drawn = page.locator("#explorer-map")
    gradients = drawn.locator("img").get_attribute("src")
    page.get_by_label("Opacity").focus()
    before = float(drawn.evaluate("one => getComputedStyle(one).opacity"))
    page.keyboard.press("ArrowLeft")
    assert float(drawn.evaluate("one => getComputedStyle(one).opacity")) < before
    expect(page.locator("#explorer-opacity")).to_be_focused()
    page.get_by_label("occlusion").check()
    assert drawn.locator("img").get_attribute("src") != gradients
    page.get_by_label("none").check()
    assert drawn.locator("img").count() == 0
    assert not page.locator("#explorer-legend").is_visible()


def test_the_map_lies_exactly_over_what_the_network_saw(opened: Opened) -> None:
    page = opened.page
    open_card(page.locator(".cards a").first)
    seen, drawn = page.locator("#explorer-seen img, #explorer-map img").evaluate_all(
        "all => all.map(one => JSON.stringify(one.getBoundingClientRect()))"
    )
    assert seen == drawn


def test_another_settings_view_of_the_image_is_one_link_away(
    opened: Opened, data: dict[str, Any]
) -> None:
    page = opened.page
    open_card(page.locator(".cards a").first)
    name = page.locator("#explorer-name").inner_text()
    page.locator("#explorer-votes").get_by_role("link", name="l2").click()
    expect(page.locator("#explorer-name")).to_have_text(name)
    expect(page.locator("#explorer-votes tr.shown th")).to_have_text("l2")
    assert "of l2" in page.locator("#explorer-verdict").inner_text()


def test_keys_alone_lead_from_a_cell_to_a_image_and_back(opened: Opened) -> None:
    page = opened.page
    page.locator("nav[aria-label=Contents] a").last.focus()
    page.keyboard.press("Tab")
    cell = "const td = document.activeElement.closest('td');"
    assert page.evaluate(f"{cell} td.closest('table').dataset.setting") == "main"
    before = page.evaluate(f"{cell} [td.parentElement.sectionRowIndex, td.cellIndex]")
    page.keyboard.press("ArrowDown")
    after = page.evaluate(f"{cell} [td.parentElement.sectionRowIndex, td.cellIndex]")
    assert after[1] == before[1] and after[0] > before[0]
    page.keyboard.press("Tab")  # one stop a matrix
    assert page.evaluate(f"{cell} td.closest('table').dataset.setting") == "batch-norm"
    page.keyboard.press("Shift+Tab")
    assert page.evaluate(f"{cell} [td.parentElement.sectionRowIndex, td.cellIndex]") == after
    page.keyboard.press("Enter")
    expect(page.locator("#explorer-heading")).to_be_focused()
    for _ in range(7):  # past the six filters
        page.keyboard.press("Tab")
    number = page.evaluate("document.activeElement.dataset.index")
    page.keyboard.press("Enter")
    expect(page.locator("#explorer-name")).to_have_text(f"Test image {number}")
    page.keyboard.press("Shift+Tab")
    while page.evaluate("document.activeElement.id") != "explorer-back":
        page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect_card(page, number)


SENSELESS = [
    "#explorer?",
    "#explorer?setting=nobody&true=unicorn&kind=odd&sort=__proto__&least=99",
    "#explorer?least=-1&predicted=%E0%A4%A&true=%3Cscript%3E",
    "#image?index=99999999",
    "#image?index=NaN&map=constructor",
    "#image",
    "#%",
    "#explorer-name",
]


@pytest.mark.parametrize("fragment", telling(SENSELESS, SENSELESS[1], SENSELESS[4]))
def test_an_address_that_makes_no_sense_does_no_harm(opened: Opened, fragment: str) -> None:
    goto(opened.page, fragment)
    assert opened.page.locator(".cards a").count() == 24
    assert opened.page.locator("#explorer-setting").input_value() == "main"


def test_a_image_that_is_not_kept_is_said_not_to_be(opened: Opened) -> None:
    goto(opened.page, "#image?index=123456")
    assert "Image 123456 is not kept here." in opened.page.get_by_role("status").inner_text()


def test_a_link_to_another_section_leaves_the_explorer_as_it_is(opened: Opened) -> None:
    page = opened.page
    open_card(page.locator(".cards a").first)
    page.locator("nav[aria-label=Contents] a[href='#confusion']").click()
    assert page.locator("#explorer-image").is_visible()


def test_every_control_has_a_name_and_the_count_is_announced(opened: Opened) -> None:
    page = opened.page
    for label in ("Setting", "True class", "Predicted class", "Kind", "Seeds wrong", "Sort by"):
        assert page.get_by_role("combobox", name=label, exact=True).count() == 1
    assert page.locator("#explorer-count").get_attribute("role") == "status"
    open_card(page.locator(".cards a").first)
    assert page.get_by_role("slider", name="Opacity").count() == 1
    assert page.get_by_role("radio").count() == 3


@pytest.mark.parametrize("width", telling([PHONE, TABLET, DESK], PHONE))
@pytest.mark.parametrize("names", telling(["ordinary", "hostile"], "hostile"))
def test_neither_list_nor_image_is_wider_than_the_screen(
    browser: Browser, tmp_path: Path, width: int, names: str
) -> None:
    html = (explored() if names == "ordinary" else hostile_explored()).html
    page = at_the_explorer(browser, written(tmp_path, html), width, "dark").page
    expect(page.locator("#explorer-list")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    open_card(page.locator(".cards a").first)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_hostile_names_are_shown_filtered_and_sent_as_any_other_and_run_nothing(
    browser: Browser, tmp_path: Path
) -> None:
    entry = Opened(browser, written(tmp_path, hostile_explored().html), DESK, "light")
    page, names = entry.page, hostile_explored().failures.names
    title = page.title()
    for name in map(in_print, telling(names, names[0], names[5])):
        goto(page, f"#explorer?setting=main&true={quote(name)}")
        assert page.locator("#explorer-true").input_value() == name
        cards = page.locator(".cards a bdi:first-child").all_text_contents()
        assert set(cards) == {name}
        open_card(page.locator(".cards a").first)
        assert page.locator("#explorer-verdict bdi").first.text_content() == name
    assert page.title() == title
    assert page.locator("#explorer img[src='x'], #explorer-app script").count() == 0
    assert entry.complaints == []
    page.close()


def test_without_a_script_the_gallery_and_a_note_remain(
    browser: Browser, file: Path, data: dict[str, Any]
) -> None:
    page = browser.new_page(java_script_enabled=False)
    page.goto(file.as_uri())
    page.locator("#explorer summary").click()
    expect(page.get_by_text("The explorer needs JavaScript")).to_be_visible()
    # A card for each class with a mistake, each with an original and what the network saw.
    cards = page.locator("#failures > .cases > li")
    assert cards.count() == len({true for true, _, _ in data["settings"][0]["cells"]})
    assert cards.locator("img:visible").count() >= 2 * cards.count()
    assert not page.locator("#failures details .cases").first.is_visible()
    page.locator("#failures summary").first.click()
    expect(page.locator("#failures details .cases").first).to_be_visible()
    assert not page.locator("#explorer-app").is_visible()
    assert page.locator("#confusion td a").count() == 0
    page.close()


def test_a_report_without_images_is_explored_without_them_and_says_why(
    browser: Browser, tmp_path: Path
) -> None:
    file = written(tmp_path, explored(images=False).html)
    entry = at_the_explorer(browser, file, DESK, "light")
    page = entry.page
    assert page.locator("#explorer").get_by_text("they may not be published").is_visible()
    assert page.locator("#explorer img").count() == 0
    open_card(page.locator(".cards a").first)
    assert page.locator("#explorer-votes tr").count() == 3
    assert not page.locator("#explorer-sides").is_visible()
    assert page.locator("#explorer-nearest li").count() == 2
    assert entry.complaints == []
    page.close()


def test_images_that_nobody_explained_are_explored_without_maps(
    browser: Browser, tmp_path: Path
) -> None:
    html = page_of(unexplained(explored().results), square)
    entry = at_the_explorer(browser, written(tmp_path, html), PHONE, "light")
    open_card(entry.page.locator(".cards a").first)
    assert entry.page.locator("#explorer-seen img").is_visible()
    for part in ("controls", "legend", "nearest-part"):
        assert not entry.page.locator(f"#explorer-{part}").is_visible()
    assert entry.complaints == []
    entry.page.close()


def test_on_paper_the_explorer_is_left_out(opened: Opened) -> None:
    opened.page.emulate_media(media="print")
    assert not opened.page.locator("#explorer").is_visible()
    assert opened.page.locator("#failures").is_visible()
    opened.page.emulate_media(media="screen")


def test_all_that_is_wrong_in_the_list_is_also_in_the_cells(data: dict[str, Any]) -> None:
    for setting in data["settings"]:
        cells = np.zeros((len(data["names"]),) * 2, int)
        for true, predicted, count in setting["cells"]:
            cells[true, predicted] = count
        for entry in facts(data, setting["name"]).values():
            assert all(cells[entry["true"], n] for n, _ in entry["votes"] if n != entry["true"])


def test_predicted_classes_alone_can_be_looked_through_without_any_probability(
    browser: Browser, tmp_path: Path
) -> None:
    study = make_study(seeds=2, epochs=2)
    records = [without_probabilities(record) for record in make_records(study, images=60)]
    page = Opened(
        browser, written(tmp_path, page_of(results_of(study, records), None)), DESK, "light"
    )
    sorts = page.page.locator("#explorer-sort option").all_text_contents()
    assert sorts == ["most seeds wrong", "most fixed", "most broken"]
    # As an address may ask.
    for sort in telling(("confident", "boundary", "suspicion"), "suspicion"):
        goto(page.page, f"#explorer?sort={sort}")
        assert "null" not in page.page.locator("#explorer-cards").inner_text()
    goto(page.page, "#explorer")
    open_card(page.page.locator(".cards a").first)
    expect(page.page.locator("#explorer-shares")).to_be_hidden()
    expect(page.page.locator("#explorer-suspicion-part")).to_be_hidden()
    assert "null" not in page.page.locator("#explorer-image").inner_text()
    assert page.complaints == []
    page.page.close()
