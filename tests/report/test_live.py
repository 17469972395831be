"""The page of a study under way: what it shows, what it must not, and what it leaves behind."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser

from paribus.errors import RecordError
from paribus.narrative.words import NO_BREAK
from paribus.records.store import run_folder, write_record
from paribus.records.types import Curves, Record, Series
from paribus.report.live import REFRESH, mark_stopped, write_live
from paribus.report.sections.progress import STOPPED, UNDER_WAY
from paribus.report.write import write_report
from paribus.results import read_results
from paribus.study.ledger import LEDGER, declare, holds_anytime, read_ledger
from paribus.study.read import write_study_copy
from paribus.study.spec import Study
from report.test_browser import PHONE, Opened
from report.test_scripts import results_of
from scripts.studies import study_of
from synthetic import make_records, make_study

RELOADS = f'<meta http-equiv="refresh" content="{REFRESH}">'

#: Of a report with verdicts, any of which would be a test.
TESTED = r"\b(better|worse|equivalent|undecided|not tested|interval|p [=<] )"


@pytest.fixture
def study() -> Study:
    return make_study(seeds=3, epochs=4)


@pytest.fixture
def records(study: Study) -> list[Record]:
    """All nine records, the second seed of l2 failed."""
    return make_records(study, images=60, failing=("l2", 1))


@pytest.fixture
def out(study: Study, tmp_path: Path) -> Path:
    """A folder in which the study has begun, and no run ended."""
    write_study_copy(tmp_path, study)
    declare(tmp_path, study, 0)
    return tmp_path


def keep(out: Path, records: list[Record]) -> None:
    for record in records:
        write_record(out, record, {})


def shown(out: Path) -> str:
    """The page without its style, in which words stand as well."""
    page = (out / "report.html").read_text("utf-8").replace(NO_BREAK, " ")
    return re.sub(r"<style>.*?</style>", "", page, flags=re.S)


def test_before_any_run_has_ended_it_counts_them_and_is_no_look(out: Path) -> None:
    before = (out / LEDGER).read_bytes()
    write_live(out)
    assert "0 of 9 runs so far" in shown(out) and RELOADS in shown(out)
    assert "Learning curves" not in shown(out)
    assert (out / LEDGER).read_bytes() == before


def test_it_shows_counts_failures_values_and_curves(out: Path, records: list[Record]) -> None:
    keep(out, records[:6])
    write_live(out)
    page = shown(out)
    assert "6 of 9 runs so far" in page and "1 run failed" in page
    assert "Test accuracy so far" in page and "Learning curves" in page
    assert not (out / "tables").exists() and not (out / "results.json").exists()


def test_it_tests_nothing_and_runs_no_script(out: Path, records: list[Record]) -> None:
    keep(out, records[:8])
    write_live(out)
    said = shown(out).replace("verdicts count it at the worst", "")
    assert re.findall(TESTED, said) == []
    assert "No difference is tested before all 9 runs are there." in said
    assert "<script" not in said and "script-src" not in said
    # The words are what a report with tests has.
    write_report(read_results(out))
    assert re.findall(TESTED, shown(out)) != []


@pytest.mark.parametrize(
    ("seeds", "counted"),
    [
        ({"until": "decided", "looks": [3, 6]}, "4 of 9 runs so far"),
        ({"until": "decided", "most": 6}, "4 of 12 runs so far"),
    ],
)
def test_of_a_study_that_adds_seeds_it_counts_those_it_wants_now_and_tests_nothing(
    tmp_path: Path, seeds: dict[str, object], counted: str
) -> None:
    study = Study.model_validate(make_study(seeds=3, epochs=4).model_dump() | {"seeds": seeds})
    write_study_copy(tmp_path, study)
    keep(tmp_path, make_records(study, images=60)[:4])
    write_live(tmp_path)
    said = shown(tmp_path)
    assert counted in said and "may train more seeds after each" in said
    assert re.findall(TESTED, said) == []


def test_curves_of_many_settings_are_chosen_without_a_test_while_runs_are_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        pytest.fail("compared")

    many = {f"v{n}": {"rate": float(n)} for n in range(1, 10)}
    study = study_of(variations=many)
    for record in results_of(tmp_path, study).records:
        acc = np.linspace(0.1, record.facts.metrics["acc"], 3, dtype=np.float32)
        curves = Curves({"acc": Series.counted("epoch", acc)})
        shutil.rmtree(run_folder(tmp_path, *record.key))
        if record.facts.seed == 0 or record.facts.setting == study.baseline:
            write_record(tmp_path, replace(record, curves=curves), {})
    monkeypatch.setattr("paribus.results.compare", refuse)
    write_live(tmp_path)
    assert "11 of 20 runs so far" in shown(tmp_path)
    assert "7 of 10 settings" in shown(tmp_path)


def test_what_was_seen_on_it_counts_as_a_look(
    study: Study, out: Path, records: list[Record]
) -> None:
    keep(out, records[:6])
    write_live(out)
    assert read_ledger(out).seen == 6
    more = Study.model_validate(study.model_dump() | {"seeds": 6})
    assert holds_anytime(more, declare(out, more, 6, counting=6))


def test_without_it_more_seeds_may_be_declared_while_nothing_was_seen(
    study: Study, out: Path, records: list[Record]
) -> None:
    keep(out, records[:6])
    more = Study.model_validate(study.model_dump() | {"seeds": 6})
    assert not holds_anytime(more, declare(out, more, 6, counting=6))


def test_one_of_a_study_that_was_stopped_says_so_and_loads_itself_no_more(out: Path) -> None:
    write_live(out)
    assert UNDER_WAY in shown(out)
    mark_stopped(out)
    page = shown(out)
    assert STOPPED in page and UNDER_WAY not in page and "refresh" not in page
    assert "0 of 9 runs so far" in page


def test_a_finished_report_is_no_such_page(out: Path, records: list[Record]) -> None:
    keep(out, records)
    write_live(out)
    write_report(read_results(out))
    whole = (out / "report.html").read_bytes()
    assert RELOADS.encode() not in whole and b"runs so far" not in whole
    mark_stopped(out)
    assert (out / "report.html").read_bytes() == whole


def test_nothing_is_made_where_there_is_no_study(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"without study\.json"):
        write_live(tmp_path)
    with pytest.raises(RecordError, match="no such folder"):
        write_live(tmp_path / "gone")
    assert not (tmp_path / "gone").exists()


@pytest.mark.browser
def test_in_a_browser_it_loads_itself_and_stays_where_the_reader_is(
    browser: Browser, out: Path, records: list[Record]
) -> None:
    keep(out, records[:4])
    soon(out)
    opened = Opened(browser, out / "report.html", PHONE, "light")
    page = opened.page
    assert page.locator("text=4 of 9 runs so far").count() == 1
    page.mouse.wheel(0, 500)
    page.wait_for_function("window.scrollY == 500")
    title = page.locator("#loss-title")
    where = title.bounding_box()
    keep(out, records[4:6])
    soon(out)
    page.locator("text=6 of 9 runs so far").wait_for(state="attached")
    assert where is not None and (now := title.bounding_box()) is not None
    assert now["y"] == pytest.approx(where["y"], abs=5)  # though there is more above it
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE
    keep(out, records[6:])
    write_report(read_results(out))
    page.locator("h2", has_text="Did it help?").wait_for(state="attached")
    page.evaluate("window.stays = true")
    page.wait_for_timeout(2500)
    assert page.evaluate("window.stays") is True
    assert opened.complaints == []
    page.close()


def soon(out: Path) -> None:
    """Write the page, and have it load itself every second."""
    write_live(out)
    page = (out / "report.html").read_text("utf-8")
    assert RELOADS in page
    (out / "report.html").write_text(page.replace(RELOADS, RELOADS.replace("20", "1")), "utf-8")
