"""The report in a notebook: in a frame where all of it works; elsewhere in a browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from paribus.errors import RecordError
from paribus.report.embedded import LARGEST, framed, show
from paribus.report.page import page as written_page
from paribus.report.sections import sections
from paribus.report.sections.answer import lead
from report.explored import explored, square

REPORT = '<!DOCTYPE html><title>A & B</title><p class="x">"quoted" &amp; <b>bold</b></p>'


@pytest.fixture
def report(tmp_path: Path) -> Path:
    file = tmp_path / "report.html"
    file.write_text(REPORT, "utf-8")
    return file


def test_a_report_becomes_part_of_the_notebook(report: Path) -> None:
    frame = framed(report, 600)
    assert "srcdoc=" in frame and "height: 600px" in frame
    assert 'sandbox="allow-scripts"' in frame
    assert "allow-same-origin" not in frame


def test_a_large_one_stays_a_file(report: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report.write_text(REPORT + " " * LARGEST, "utf-8")
    monkeypatch.chdir(report.parent.parent)
    assert f'src="{report.parent.name}/report.html"' in framed(report, 600)


def test_outside_a_notebook_the_browser_opens_it_or_it_is_said_where_it_is(
    report: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[Path] = []

    def opened(page: Path) -> bool:
        asked.append(page)
        return True

    monkeypatch.setattr("paribus.report.embedded.opened", opened)
    show(report, 800)
    assert asked == [report] and capsys.readouterr().out == ""
    monkeypatch.setattr("paribus.report.embedded.opened", lambda _: False)
    show(report, 800)
    assert capsys.readouterr().out == f"Report: {report}\n"


def test_where_there_is_none_it_says_what_writes_it(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"no report yet; paribus.rebuild_report\('"):
        show(tmp_path / "report.html", 800)


@pytest.mark.browser
def test_in_the_frame_links_folds_and_the_explorer_work(browser: Browser, tmp_path: Path) -> None:
    results = explored().results
    html = written_page("name", lead(results), sections(results), square, {})
    (tmp_path / "report.html").write_text(html, "utf-8")
    (tmp_path / "notebook.html").write_text(
        f"<!doctype html><body>{framed(tmp_path / 'report.html', 800)}", "utf-8"
    )
    page, said = browser.new_page(viewport={"width": 1400, "height": 900}), list[str]()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto((tmp_path / "notebook.html").as_uri())
    inside = page.frame_locator("iframe")
    inside.locator("nav[aria-label=Contents] a[href='#seeds']").click()
    assert inside.locator("#seeds > details").get_attribute("open") is not None
    inside.locator("nav[aria-label=Contents] a[href='#explorer']").click()
    before = inside.locator("#explorer-count").text_content()
    inside.locator("#explorer-setting").select_option(index=1)
    assert inside.locator("#explorer-count").text_content() != before
    inside.locator("#explorer-cards a").first.click()
    inside.locator("#explorer-name").wait_for()
    assert page.url == (tmp_path / "notebook.html").as_uri()
    assert said == []
    page.close()
