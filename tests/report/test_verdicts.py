"""What the report says of comparisons and claims follows the verdicts and leaves nothing out."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
import pytest

from paribus.comparison.study import StudyComparison
from paribus.narrative.comparisons import notes
from paribus.records.types import Record
from paribus.report.blocks import (
    TITLES,
    Alert,
    Block,
    Figure,
    Folded,
    Matrix,
    Paragraph,
    Points,
    Section,
    Table,
    Verdicts,
)
from paribus.report.sections import sections
from paribus.report.sections.confusion import SHOWN
from paribus.report.sections.verdicts import VERDICTS
from paribus.results import Results
from paribus.study.spec import Study
from report.reports import claiming, ordinary, results_of
from synthetic import make_records, make_study

B = TypeVar("B", bound=Block)


def report_of(results: Results) -> dict[str, Section]:
    return {section.anchor: section for section in sections(results)}


def changed(study: Study, **changes: Any) -> Study:
    return Study.model_validate(study.model_dump() | changes)


def all_of(section: Section, kind: type[B]) -> list[B]:
    return [block for block in section.blocks if isinstance(block, kind)]


def plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u2212", "-")


def message(section: Section) -> str:
    return plain(" ".join(block.text for block in all_of(section, Paragraph)))


@pytest.fixture(scope="module")
def results() -> Results:
    written = ordinary()
    return results_of(written.study, written.records)


@pytest.fixture(scope="module")
def compared(results: Results) -> StudyComparison:
    assert results.compared is not None
    return results.compared


@pytest.fixture(scope="module")
def report(results: Results) -> dict[str, Section]:
    return report_of(results)


@pytest.fixture(scope="module")
def many() -> dict[str, Section]:
    """The report of twelve variations."""
    study = make_study(seeds=3, epochs=4, settings=["main", *(f"v{n}" for n in range(12))])
    return report_of(results_of(study, make_records(study, images=60)))


# ---- the first screen ---------------------------------------------------------------------------


def test_the_first_screen_has_a_line_a_variation_with_its_verdict(
    report: dict[str, Section], compared: StudyComparison
) -> None:
    lines = all_of(report["answer"], Verdicts)[0].lines
    for line, c in zip(lines, compared.on("test_accuracy"), strict=True):
        assert (line.name, line.verdict, line.tone) == (c.variation, c.verdict, c.verdict)
        assert line.mark and f"over {c.n_seeds} seeds" in line.rest
    assert "These are means and spreads" not in message(report["answer"])


def test_of_many_variations_the_first_screen_has_the_first_ten_by_verdict_and_size(
    many: dict[str, Section],
) -> None:
    assert not all_of(many["answer"], Verdicts)
    first, folded = all_of(many["answer"], Table)[0], all_of(many["answer"], Folded)[0]
    assert folded.title == "All settings"
    assert len(first.rows) == 10 and len(folded.table.rows) == 12
    assert list(first.rows) == list(folded.table.rows[:10])
    verdicts = [cells[0].text.split(" ", 1)[1] for _, cells in folded.table.rows]
    assert verdicts == sorted(verdicts, key=VERDICTS.index)
    sizes = [abs(float(plain(cells[1].text).split()[0])) for _, cells in folded.table.rows]
    for (one, more), (other, less) in pairwise(zip(verdicts, sizes, strict=True)):
        assert one != other or more > less - 0.15  # written with one digit, or with none
    assert f"{verdicts.count('undecided')} undecided" in first.caption


def test_means_beside_a_setting_with_failed_runs_stand_over_the_same_seeds(
    report: dict[str, Section], results: Results
) -> None:
    rows = dict(all_of(report["answer"], Table)[0].rows)
    ours, theirs = (one.by_seed["test_accuracy"] for one in (results.settings[2], results.baseline))
    means = [f"{100 * of[[0, 2]].mean():.1f} ±" for of in (ours, theirs)]  # seed 1 of l2 failed
    detail = plain(rows["l2"][1].detail)
    assert all(mean in detail for mean in means) and detail.endswith(
        "over the seeds that both have"
    )
    assert detail.startswith("67 % [9, 99 %] of all seeds; failed runs count as lost; ")
    assert rows["batch-norm"][1].detail == "100 % [29, 100 %] of all seeds"


def test_one_seed_is_not_tested_and_the_line_says_what_it_compares() -> None:
    study = make_study(seeds=1, epochs=3)
    single = report_of(results_of(study, make_records(study, images=60)))
    lines = all_of(single["answer"], Verdicts)[0].lines
    assert [line.verdict for line in lines] == ["not tested", "not tested"]
    assert all("two trained networks, not two ways of training" in line.rest for line in lines)
    table = all_of(single["comparison"], Table)[0]
    assert {cells[0].text for _, cells in table.rows} == {"□ not tested"}
    assert not all_of(single["comparison"], Figure)
    assert "at least two seeds" in message(single["confusion-change"])
    assert "at least two paired seeds" in message(single["seeds"])


def test_settings_that_can_not_be_compared_still_have_a_report() -> None:
    study = make_study(seeds=2, epochs=3, settings=["main", "l2"])
    records = make_records(study, images=60)

    def other_images(record: Record) -> Record:
        assert record.predictions is not None
        if record.facts.setting == "main":
            return record
        return replace(
            record, predictions=replace(record.predictions, index=record.predictions.index + 1)
        )

    result = results_of(study, [other_images(record) for record in records])
    assert result.compared is None and len(result.tables["comparisons"]) == 0
    shown = report_of(result)
    alert = all_of(shown["answer"], Alert)[0]
    assert "was tested on other images" in alert.items[0]
    assert "was tested on other images" in message(shown["comparison"])
    assert "observations" not in shown


def test_a_claim_that_can_not_be_tested_is_said_to_be_so() -> None:
    study = make_study(seeds=2, epochs=3, settings=["main", "l2"])
    claims = [{"id": "a", "says": "x", "test": {"worst": ["unicorn"], "metric": "recall"}}]
    results = results_of(changed(study, claims=claims), make_records(study, images=60))
    assert results.judged == () and "unicorn" in results.refused[0]
    assert results.compared is not None


def test_a_baseline_alone_has_nothing_to_compare() -> None:
    study = make_study(seeds=2, epochs=3, settings=["main"])
    shown = report_of(results_of(study, make_records(study, images=60)))
    assert not all_of(shown["answer"], Verdicts)
    assert "There is no variation" in message(shown["comparison"])
    assert "seeds" not in shown and "confusion-change" not in shown


# ---- comparisons --------------------------------------------------------------------------------


def test_every_comparison_is_in_a_table_with_its_verdict_and_all_three_p(
    report: dict[str, Section], compared: StudyComparison
) -> None:
    tables = all_of(report["comparison"], Table)
    for variation, table in zip(("batch-norm", "l2"), tables[:2], strict=True):
        declared = [c for c in compared.of(variation) if c.metric.family != "recall"]
        assert [name for name, _ in table.rows] == [c.metric.label for c in declared]
        for (_, cells), c in zip(table.rows, declared, strict=True):
            assert cells[0].text.endswith(c.verdict)
            assert cells[5].text == str(c.n_seeds)
            assert c.p is not None and c.p_sign_flip is not None
            assert cells[2].text == (f"{c.p:.2g}" if c.p >= 0.001 else "< 0.001")
            assert cells[4].text == f"{c.p_sign_flip:.2g}"


def test_every_note_is_shown_once_with_what_it_is_about(
    report: dict[str, Section], compared: StudyComparison
) -> None:
    table = next(t for t in all_of(report["comparison"], Table) if "Notes" in t.caption)
    shown = [plain(cells[0].text) for _, cells in table.rows]
    message = {n for c in compared.comparisons if c.metric.family != "recall" for n in notes(c)}
    assert len(shown) == len(set(shown)) == len(message)
    assert any(
        "runs failed: the estimate is over the seeds that both finished." in note for note in shown
    )


def test_both_intervals_of_test_accuracy_stand_beside_each_other(
    report: dict[str, Section], compared: StudyComparison
) -> None:
    table = next(t for t in all_of(report["comparison"], Table) if "in points" in t.caption)
    assert table.head[2:] == ("All seeds, these images", "All seeds, all such images")
    c = compared.on("test_accuracy")[0]
    assert c.new_images is not None
    low, high = 100 * c.new_images.low, 100 * c.new_images.high
    assert plain(table.rows[0][1][2].text) == f"[{low:.2f}, {high:.2f}]"
    assert "is about these test images" in message(report["comparison"])


def test_recalls_are_exploratory_and_adjusted_together(
    report: dict[str, Section], compared: StudyComparison
) -> None:
    table = all_of(report["comparison"], Table)[-1]
    assert len(table.rows) == 10 and table.head == ("Class", "batch-norm", "l2")
    assert "Exploratory" in message(report["comparison"]) and "all 20 tests" in message(
        report["comparison"]
    )
    c = compared.of("l2")[-1]
    assert c.p_adjusted is not None
    assert table.rows[-1][1][1].detail.endswith(f"{c.verdict}, p {c.p_adjusted:.2g}")


def test_of_many_variations_the_chart_shows_some_and_the_table_all(
    many: dict[str, Section],
) -> None:
    figure = all_of(many["comparison"], Figure)[0]
    assert "8 of 12 variations; the table has all." in figure.caption
    table = all_of(many["comparison"], Table)[0]
    assert len(table.rows) == 12 * 14 and table.tall
    assert "Charts of 12 of 13 settings" in message(many["loss"])
    assert len(all_of(many["loss"], Figure)) == 12 + 1
    assert "7 of 13 settings." in all_of(many["loss"], Figure)[-1].caption
    assert len(all_of(many["confusion-change"], Matrix)) == 6
    assert len(all_of(many["confusion-change"], Table)[0].rows) == 12


# ---- claims and observations --------------------------------------------------------------------


def test_every_claim_has_its_verdict_evidence_and_a_link_to_what_shows_it(
    report: dict[str, Section], results: Results
) -> None:
    table = all_of(report["claims"], Table)[0]
    assert [name for name, _ in table.rows] == ["faster", "time", "worst"]
    for (name, cells), of in zip(table.rows, results.judged, strict=True):
        assert cells[0].anchor == f"claim-{name}"
        assert cells[1].text.endswith(of.verdict) and cells[1].tone == of.verdict
        assert len(cells[2].text) > 20
        assert cells[3].link == of.figure and of.figure in report


def test_the_sections_are_in_the_order_of_their_titles(report: dict[str, Section]) -> None:
    assert list(report) == [anchor for anchor in TITLES if anchor in report]


def test_observations_are_shown_with_print_signs_and_lead_to_their_place(
    report: dict[str, Section], results: Results
) -> None:
    points = all_of(report["observations"], Points)[0].points
    assert [point.topic for point in points] == [o.topic for o in results.observations]
    assert all(point.link in report for point in points)
    assert not [point for point in points if " -" in point.text or "[-" in point.text]


def test_a_study_without_claims_has_no_section_of_them(many: dict[str, Section]) -> None:
    assert "claims" not in many


# ---- what changes in the confusion matrix -------------------------------------------------------


def test_a_planted_confusion_is_marked_and_said() -> None:
    study = make_study(seeds=6, epochs=3, settings=["main", "l2"])

    def planted(record: Record) -> Record:
        """In l2 most cats are taken for dogs; a few more with each seed."""
        assert record.predictions is not None
        if record.facts.setting == "main":
            return record
        assert record.predictions.last is not None
        last = record.predictions.last.copy()
        cats = np.flatnonzero(record.predictions.labels == 3)[: 40 + record.facts.seed]
        last[cats] = np.log(np.where(np.arange(10) == 5, 0.91, 0.01))
        return replace(record, predictions=replace(record.predictions, last=last))

    records = [planted(record) for record in make_records(study, images=500)]
    section = report_of(results_of(study, records))["confusion-change"]
    assert "cat taken for dog, +" in message(section)
    matrix = all_of(section, Matrix)[0]
    cell = matrix.cells[matrix.classes.index("cat")][5]
    assert cell.mark == SHOWN and not cell.good and cell.strength > 0.5
    assert sum(bool(one.mark) for row in matrix.cells for one in row) <= 3


def test_colors_tell_gain_from_loss(report: dict[str, Section], results: Results) -> None:
    block = all_of(report["confusion-change"], Matrix)[0]
    difference = results.confusion_changes["batch-norm"]
    for i, row in enumerate(block.cells):
        for j, cell in enumerate(row):
            mean = difference.mean[i, j]
            assert cell.good == ((mean > 0) if i == j else (mean < 0))


# ---- seeds --------------------------------------------------------------------------------------


def test_more_seeds_buy_a_narrower_interval(
    report: dict[str, Section], compared: StudyComparison
) -> None:
    rows = dict(all_of(report["seeds"], Table)[0].rows)
    c = compared.of("l2")[0]
    assert c.low is not None and c.high is not None
    now, twice = (float(plain(rows["l2"][k].text).split()[1]) for k in (1, 2))
    assert now == pytest.approx(100 * (c.high - c.low) / 2, abs=0.006)
    assert twice < now


def test_a_study_with_looks_shows_its_path_and_where_it_stopped() -> None:
    study = changed(
        make_study(epochs=3, settings=["main", "batch-norm", "l2"]),
        seeds={"until": "decided", "looks": [3, 5]},
        margin=0.2,
    )
    records = [r for r in make_records(study, images=500) if r.facts.seed < 3]
    shown = report_of(results_of(study, records))
    assert "looks at 3 and 5 seeds" in message(shown["seeds"])
    table = all_of(shown["seeds"], Table)[-1]
    ends = {name: cells[4].text for name, cells in table.rows}
    assert set(ends) == {"batch-norm", "l2"}
    assert set(ends.values()) <= {"decided", "look at 5 seeds"}
    assert "looks" in {figure.name for figure in all_of(shown["seeds"], Figure)}
    lines = all_of(shown["answer"], Verdicts)[0].lines
    assert all("% interval" in line.rest for line in lines)


def test_before_the_first_look_nothing_is_tested() -> None:
    study = changed(
        make_study(epochs=3, settings=["main", "l2"]),
        seeds={"until": "decided", "looks": [4, 8]},
    )
    records = [r for r in make_records(study, images=100) if r.facts.seed < 2]
    shown = report_of(results_of(study, records))
    line = all_of(shown["answer"], Verdicts)[0].lines[0]
    assert line.verdict == "not tested" and "The first look is at 4 seeds" in line.rest
    rows = all_of(shown["seeds"], Table)[-1].rows
    assert rows[0][1][-1].text == "look at 4 seeds"


def test_claims_can_be_of_any_place(results: Results) -> None:
    assert {of.figure for of in results.judged} == {"loss", "comparison", "recall"}
    assert claiming(results.study).claims == results.study.claims
