"""Results as a notebook shows them, in HTML that is right in any page and touches nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser

from paribus.report import card as module
from paribus.report.card import card
from paribus.report.charts.drawing import ChartsError
from paribus.results import Results
from paribus.study.spec import Study
from report.reports import HOSTILE, claiming, results_of
from report.test_browser import CONTRAST, DESK, PHONE, TABLET
from synthetic import make_records, make_study
from undrawn import drawn

#: Bodies by which hosts say that they are light or dark, and whether the card is dark then.
HOSTS: Mapping[str, tuple[str, Literal["light", "dark"], bool]] = {
    "a page that says nothing, on a light system": ("", "light", False),
    "a page that says nothing, on a dark system": ("", "dark", True),
    "JupyterLab, light on a dark system": ('data-jp-theme-light="true"', "dark", False),
    "JupyterLab, dark on a light system": ('data-jp-theme-light="false"', "light", True),
    "VS Code, light on a dark system": ('class="vscode-light"', "dark", False),
    "VS Code, dark on a light system": ('class="vscode-dark"', "light", True),
}

#: What JupyterLab says of tables in its outputs, and what it must not change in a card.
JUPYTER = """
.jp-RenderedHTMLCommon { font-size: 14px }
.jp-RenderedHTMLCommon table { table-layout: fixed; margin: 0 auto 1em; }
.jp-RenderedHTMLCommon td, .jp-RenderedHTMLCommon th { text-align: right; white-space: normal }
.jp-RenderedHTMLCommon tbody tr:nth-child(odd) { background: rgb(1, 2, 3) }
"""


def results(of: Study, **changes: Any) -> Results:
    return results_of(of, make_records(of, images=60, **changes))


@pytest.fixture(scope="module")
def whole() -> str:
    """The card of a study with a failed run and claims, with its chart."""
    study = claiming(make_study(seeds=3, epochs=4))
    with drawn():
        return card(results(study, failing=("l2", 1)))


def words_of(html: str) -> str:
    """What a reader reads."""
    text = re.sub(r"<style>.*?</style>|<[^>]*>", " ", html, flags=re.S)
    return " ".join(text.replace("\u00a0", " ").split())


def test_it_shows_verdicts_each_settings_accuracy_claims_and_the_chart(whole: str) -> None:
    said = words_of(whole)
    assert "LeNet-5 on synthetic images: 9 runs, 1 of them failed" in said
    assert "Test accuracy after the last epoch" in said
    for setting in ("main", "batch-norm", "l2"):
        assert re.search(rf"{setting}\s+[\d.]+ ± [\d.]+ %", said), setting
    assert "Batch normalization speeds up learning." in said and "Shown in" not in said
    assert "What the verdicts mean" in said
    assert whole.count("<svg") == 2  # wide and narrow
    assert "The whole report, which results.show() shows here:" in said


def test_it_is_small_static_and_asks_for_nothing(whole: str) -> None:
    assert len(whole.encode()) < module.LARGEST == 200_000
    for forbidden in ("<script", "<iframe", "<link", "@import", "url(http", "src=", "href="):
        assert forbidden not in whole


def test_what_it_styles_is_only_itself(whole: str) -> None:
    (style,) = re.findall(r"<style>(.*?)</style>", whole, flags=re.S)
    depth, selectors, start = 0, [], 0
    for at, letter in enumerate(style := re.sub(r"/\*.*?\*/", "", style, flags=re.S)):
        if letter == "{":
            selectors += [style[start:at]] * (depth == 0)
            depth += 1
        elif letter == "}":
            depth -= 1
            start = at + 1
    assert depth == 0
    for selector in selectors:
        assert "paribus" in selector or selector.strip() == "@media print", selector


def test_two_cards_in_one_notebook_share_no_id(whole: str) -> None:
    with drawn():
        other = card(results(make_study(seeds=4, epochs=4)))
    ids = [set(re.findall(r'\bid="([^"]+)"', html)) for html in (whole, other)]
    assert all(ids) and not ids[0] & ids[1]


def test_a_study_without_variations_has_its_values() -> None:
    html = card(results(make_study(seeds=3, epochs=2, settings=["main"])))
    assert re.search(r"main\s+[\d.]+ ± [\d.]+ %", words_of(html))
    assert "Each dot is a seed" in html


def test_strangers_texts_do_no_harm() -> None:
    name = "<img src=x onerror=\"document.title='run'\"> & {{ 7*7 }} | `x`"
    study = make_study(seeds=2, epochs=2, name=name, settings=["main", "l2"])
    html = card(results(study, classes=HOSTILE))
    assert "<img" not in html and "&lt;img src=x" in html
    assert not any(text in html for text in HOSTILE if "<" in text)


def test_where_charts_cannot_be_drawn_it_has_the_rest_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_: object) -> None:
        raise ChartsError("was ended by SIGTRAP")

    monkeypatch.setattr(module, "draw", refuse)
    said = words_of(card(results(make_study(seeds=3, epochs=4))))
    assert "The chart is missing: the process that draws charts was ended by SIGTRAP." in said
    assert "What the verdicts mean" in said


def test_a_chart_that_is_too_large_is_left_to_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST", 20_000)
    with drawn():
        html = card(results(make_study(seeds=3, epochs=4)))
    assert "<svg" not in html and "too large for a notebook" in html


def test_of_many_variations_it_has_the_first_rows() -> None:
    study = make_study(seeds=2, epochs=2, settings=["main", *(f"v{n}" for n in range(30))])
    html = card(results(study))
    assert html.count("<tr ") < 40 and len(html.encode()) < module.LARGEST


def test_results_make_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Results] = []

    def make(of: Results) -> str:
        made.append(of)
        return "card"

    monkeypatch.setattr(module, "card", make)
    of = results(make_study(seeds=2, epochs=2))
    assert of._repr_html_() == of._repr_html_() == "card"
    assert made == [of]
    assert "\n" not in repr(of)


@pytest.mark.browser
@pytest.mark.parametrize("host", HOSTS)
def test_in_a_browser_it_is_dark_where_its_host_is_and_reads_well(
    browser: Browser, whole: str, tmp_path: Path, host: str
) -> None:
    body, system, is_dark = HOSTS[host]
    page = browser.new_page(viewport={"width": TABLET, "height": 900}, color_scheme=system)
    page.goto(saved(tmp_path, body, whole))
    ground = page.locator(".paribus").evaluate("one => getComputedStyle(one).backgroundColor")
    assert (ground == "rgb(18, 22, 27)") == is_dark and (ground == "rgb(255, 255, 255)") != is_dark
    page.add_style_tag(content=f".paribus * {{ background-color: {ground} !important }}")
    texts = page.locator(".paribus :is(p, td, th, caption, summary, figcaption)")
    assert min(texts.evaluate_all(CONTRAST)) >= 4.5
    page.close()


@pytest.mark.browser
@pytest.mark.parametrize("width", [PHONE, TABLET, DESK])
def test_in_a_browser_it_fits_and_neither_changes_the_notebook_nor_is_changed_by_it(
    browser: Browser, whole: str, tmp_path: Path, width: int
) -> None:
    with drawn():
        other = card(results(make_study(seeds=4, epochs=4, settings=["main", "l2"])))
    page = browser.new_page(viewport={"width": width, "height": 900})
    plain = '<table id="plain"><tbody><tr><td>1</td></tr></tbody></table>'
    page.goto(saved(tmp_path, 'data-jp-theme-light="true"', plain))
    look = """() => { const of = getComputedStyle(document.querySelector("#plain td"));
                      return [...of].map(name => of[name]).join() }"""
    alone = page.evaluate(look)
    page.goto(saved(tmp_path, 'data-jp-theme-light="true"', plain + whole + other))
    assert page.evaluate(look) == alone
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    row = page.locator(".paribus tbody tr").first
    assert row.evaluate("one => getComputedStyle(one).backgroundColor") == "rgba(0, 0, 0, 0)"
    shown = page.locator(".paribus svg:visible")
    assert shown.count() == 2
    assert page.locator(".paribus .narrow svg:visible").count() == 2 * (width == PHONE)
    align = row.locator("td").first.evaluate("one => getComputedStyle(one).textAlign")
    assert align == ("start" if width == PHONE else "end")
    page.close()


def saved(folder: Path, body: str, inside: str) -> str:
    """The address of a page like a notebook's."""
    file = folder / "page.html"
    head = '<!doctype html><meta name="viewport" content="width=device-width">'
    output = f'<div class="jp-RenderedHTMLCommon">{inside}</div>'
    file.write_text(f"{head}<style>{JUPYTER}</style><body {body}>{output}", "utf-8")
    return file.as_uri()
