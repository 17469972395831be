"""New seeds, failed runs and what is fixed: what the report's first screen and comparisons say."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

import paribus.report as report_room
from paribus.narrative.answer import ORDER
from paribus.narrative.words import NONE
from paribus.report.blocks import Alert, Section, Table
from paribus.report.charts import VERDICT_MARKS
from paribus.report.sections.answer import answer
from paribus.report.sections.cells import SIGNS, tone
from paribus.results import Results
from paribus.stats.sample import Verdict
from report.reports import results_of
from report.test_verdicts import all_of, message, plain, report_of
from synthetic import make_records, make_study


@pytest.fixture(scope="module")
def failing() -> Section:
    """The first screen of a study one of whose runs failed."""
    study = make_study(seeds=3, epochs=5)
    return answer_of(results_of(study, make_records(study, images=60, failing=("l2", 1))))


@pytest.fixture(scope="module")
def ten() -> Results:
    study = make_study(seeds=10, epochs=5)
    return results_of(study, make_records(study, classes=("cat", "dog"), images=100))


@pytest.fixture(scope="module")
def report(ten: Results) -> dict[str, Section]:
    return report_of(ten)


def answer_of(results: Results) -> Section:
    return Section("answer", list(answer(results)))


def test_the_first_screen_says_once_what_the_interval_is_of_and_what_is_fixed(
    report: dict[str, Section],
) -> None:
    text = message(report["answer"])
    assert (
        "The interval is for the mean difference over all seeds, with this training set, split "
        "and test set; of 100 such intervals of 95 %, 95 hold it."
    ) in text
    assert text.count("Training images, split and tuning are the same in all runs") == 1


def test_every_tested_variation_is_told_what_a_new_seed_will_show(
    ten: Results, report: dict[str, Section]
) -> None:
    section = report["answer"]
    assert ten.compared is not None
    table = all_of(section, Table)[0]
    assert table.head[-1] == "One new training"
    for (_, cells), c in zip(table.rows[1:], ten.compared.primary, strict=True):
        assert c.prediction is not None and c.prediction.low is not None
        assert plain(cells[-1].text).startswith(f"{100 * c.prediction.low:+.1f} to ")
        assert cells[-1].detail == ""  # of the usual level
    assert "in 95 of 100 studies unless another level is given" in message(section)
    odds = next(t for t in all_of(report["tests"], Table) if "of new seeds" in t.caption)
    assert all("of all seeds" in plain(cells[2].detail) for _, cells in odds.rows)


def test_nothing_promises_other_seeds_the_interval_of_the_mean(
    report: dict[str, Section],
) -> None:
    for section in report.values():
        text = message(section)
        assert "mean difference of other seeds" not in text
        assert "intervals over new seeds" not in text
        assert "would decide it" not in text


def test_the_comparisons_have_new_seeds_and_probabilities_beside_the_verdicts(
    ten: Results, report: dict[str, Section]
) -> None:
    section = report["tests"]
    assert ten.compared is not None
    tables = {plain(table.caption): table for table in all_of(section, Table)}
    new = tables["Difference in test accuracy of new seeds"]
    beyond = tables["How probable a difference beyond 1 point is, given the seeds"]
    assert beyond.head == ("", "Worse", "Equivalent", "Better", "Verdict")
    for row, shares, c in zip(new.rows, beyond.rows, ten.compared.primary, strict=True):
        assert row[0] == shares[0] == c.variation
        assert c.practical is not None and c.outperforming is not None
        assert f"{c.outperforming.wins} of 10 seeds" in plain(row[1][2].text)
        inside = float(shares[1][1].text.strip("<> %"))
        assert inside == pytest.approx(100 * c.practical.inside, abs=0.06)
    assert "they are not right as often as they say" in message(section)
    assert "symmetric about 0 where nothing is changed" in message(section)


def test_failed_runs_are_said_to_count(failing: Section) -> None:
    alert = all_of(failing, Alert)[0]
    assert (
        plain(alert.title) == "1 run failed; estimates leave it out, verdicts count it at the worst"
    )
    notes = {name: " ".join(cells[1].notes) for name, cells in all_of(failing, Table)[0].rows}
    assert "McNemar's exact test" in plain(notes["l2"])
    assert "McNemar" not in plain(notes["batch-norm"])


def test_every_verdict_has_a_sign_a_mark_in_charts_and_a_color() -> None:
    verdicts = [verdict for kind in get_args(Verdict) for verdict in get_args(kind)]
    css = (Path(report_room.__file__).parent / "templates" / "page.css").read_text("utf-8")
    assert "not worse" in verdicts
    for verdict in verdicts:
        assert verdict in VERDICT_MARKS and verdict in ORDER
        assert SIGNS[verdict] and f".tone-{tone(verdict)}" in css


def test_a_study_without_a_spread_predicts_nothing() -> None:
    study = make_study(seeds=1, epochs=5)
    alone = answer_of(results_of(study, make_records(study, images=60)))
    for _, cells in all_of(alone, Table)[0].rows:
        assert cells[-1].text == NONE
