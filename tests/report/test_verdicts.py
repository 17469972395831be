"""What the report says of comparisons and claims follows the verdicts and leaves nothing out."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
import pytest

from paribus.comparison.study import StudyComparison
from paribus.narrative.answer import ORDER, in_short
from paribus.narrative.comparisons import NOT_TESTED, notes
from paribus.narrative.observations import Observations
from paribus.narrative.words import typeset
from paribus.records.types import Record
from paribus.report.blocks import (
    TITLES,
    Alert,
    Block,
    Columns,
    Figure,
    Folded,
    Legend,
    Matrix,
    Paragraph,
    Points,
    Section,
    Table,
    every,
)
from paribus.report.sections import sections
from paribus.report.sections.answer import answer
from paribus.report.sections.cells import marked
from paribus.report.sections.confusion_change import SHOWN
from paribus.report.sections.observations import MOST_POINTS
from paribus.results import Results
from paribus.stats.multiplicity import nominal_level
from paribus.study.spec import Study
from report.reports import claiming, ordinary, results_of
from synthetic import make_records, make_study

B = TypeVar("B", bound=Block)


def report_of(results: Results) -> dict[str, Section]:
    return {section.anchor: section for section in sections(results)}


def changed(study: Study, **changes: Any) -> Study:
    return Study.model_validate(study.model_dump() | changes)


def all_of(section: Section, kind: type[B]) -> list[B]:
    return [block for block in every(section.blocks) if isinstance(block, kind)]


def plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u2212", "-")


def message(section: Section) -> str:
    said = [section.says, *(block.text for block in all_of(section, Paragraph))]
    return plain(" ".join(said))


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


def first_table(section: Section) -> Table:
    return all_of(section, Table)[0]


def test_the_first_screen_has_a_row_a_variation_with_its_verdict_and_numbers(
    report: dict[str, Section], compared: StudyComparison
) -> None:
    table = first_table(report["answer"])
    assert table.head == ("Setting", "Test accuracy", "Verdict", "Difference", "One new training")
    rows = dict(table.rows)
    assert list(rows) == ["main", "batch-norm", "l2"]
    assert rows["main"][1].text == "baseline" and not rows["main"][1].tone
    for c in compared.on("test_accuracy"):
        _, verdict, difference, _ = rows[c.variation]
        assert (verdict.text, verdict.tone) == (marked(c.verdict), c.verdict)
        assert c.p_adjusted is not None and c.estimate is not None
        assert plain(verdict.detail) == f"p = {c.p_adjusted:.2g}"
        shown = float(plain(difference.text).removesuffix(" points"))
        assert shown == pytest.approx(100 * c.estimate, abs=0.06)
        if c.low is None or c.high is None:
            assert difference.detail == ""
        else:
            ends = f"[{100 * c.low:.1f}, {100 * c.high:.1f}]"
            assert plain(difference.detail) == f"{100 * c.level:.3g} % interval {ends}"


def test_it_begins_with_the_sentence_that_answers(
    report: dict[str, Section], compared: StudyComparison
) -> None:
    first = all_of(report["answer"], Paragraph)[0]
    assert first.strong and first.text == in_short(compared)
    assert not any(paragraph.strong for paragraph in all_of(report["answer"], Paragraph)[1:])


def test_what_the_verdicts_mean_stands_beside_them(report: dict[str, Section]) -> None:
    (columns,) = (b for b in report["answer"].blocks if isinstance(b, Columns))
    (table,), (legend,) = columns.parts
    assert columns.aside and isinstance(table, Table) and isinstance(legend, Legend)
    explained = [word for word, _, _ in legend.items]
    shown = {cells[1].text for _, cells in table.rows[1:]}
    assert shown <= {*explained}
    assert explained[:3] == ["▲ better", "▼ worse", "■ equivalent"]


def test_the_differences_are_drawn_seed_by_seed_as_they_are(
    report: dict[str, Section], results: Results, compared: StudyComparison
) -> None:
    (figure,) = all_of(report["answer"], Figure)
    data = figure.chart(720)["datasets"]
    for c in compared.primary:
        ours, before = (
            compared.values.settings[name].of("test_accuracy") for name in (c.variation, "main")
        )
        d = 100 * (ours - before)
        drawn = [row["value"] for row in data["seeds"] if row["row"] == c.variation]
        assert drawn == pytest.approx(sorted(d[np.isfinite(d)].tolist()))
        assert f"{c.variation} {c.verdict}, " in plain(figure.description)
    assert data["null"] == [{"null": 0.0, "from": -1.0, "to": 1.0}]  # the margin, in points


def test_of_many_variations_the_first_screen_has_the_first_ten_by_verdict_and_size(
    many: dict[str, Section],
) -> None:
    first, whole = all_of(many["answer"], Table)
    (folded,) = (b for b in many["answer"].blocks if isinstance(b, Folded) if b.blocks == [whole])
    assert folded.title == "All variations"
    assert len(first.rows) == 1 + 10 and len(whole.rows) == 1 + 12  # and the baseline
    assert list(first.rows) == list(whole.rows[:11])
    rows = whole.rows[1:]
    verdicts = [cells[1].text.split(" ", 1)[1] for _, cells in rows]
    assert verdicts == sorted(verdicts, key=ORDER.index)
    sizes = [abs(float(plain(cells[2].text).split()[0])) for _, cells in rows]
    for (one, more), (other, less) in pairwise(zip(verdicts, sizes, strict=True)):
        assert one != other or more > less - 0.15  # written with one digit, or with none
    assert f"{verdicts.count('undecided')} undecided" in first.caption


def test_beside_a_setting_with_failed_runs_the_difference_is_over_the_seeds_that_both_finished(
    report: dict[str, Section], results: Results
) -> None:
    rows = dict(first_table(report["answer"]).rows)
    ours, theirs = (one.by_seed["test_accuracy"] for one in (results.settings[2], results.baseline))
    _, verdict, difference, _ = rows["l2"]
    both = 100 * (ours[[0, 2]].mean() - theirs[[0, 2]].mean())  # seed 1 of l2 failed
    assert float(plain(difference.text).split()[0]) == pytest.approx(both, abs=0.051)
    assert verdict.notes[0].startswith(
        "1 of l2's 3 runs failed: the estimate is over the seeds that both finished."
    )
    assert not any("failed" in note for note in rows["batch-norm"][1].notes)
    won = next(t for t in all_of(report["tests"], Table) if "of new seeds" in t.caption)
    (odds,) = (cells[2] for name, cells in won.rows if name == "l2")
    assert odds.text == "Better in 2 of 3 seeds"  # the failed run counts as lost
    assert plain(odds.detail) == "67 % [9, 99 %] of all seeds"


def test_one_seed_is_not_tested_and_a_footnote_says_what_it_compares() -> None:
    study = make_study(seeds=1, epochs=3)
    single = report_of(results_of(study, make_records(study, images=60)))
    table = first_table(single["answer"])
    verdicts = [cells[1] for _, cells in table.rows[1:]]
    assert [cell.text for cell in verdicts] == [marked(NOT_TESTED)] * 2
    assert all(cell.detail == "" for cell in verdicts)  # no p value of the ways of training
    for cell in verdicts:
        assert "compares two trained networks, not two ways of training" in " ".join(cell.notes)
    assert "fewer than two seeds" in str(all_of(single["answer"], Legend)[0].items)
    table = all_of(single["tests"], Table)[0]
    assert {cells[0].text for _, cells in table.rows} == {"□ not tested"}
    assert not all_of(single["comparison"], Figure)
    assert "at least two seeds" in message(single["confusion-change"])
    assert message(single["seeds"]).startswith("Train more seeds, 5 to look or 10 to conclude.")


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
    table = first_table(shown["answer"])
    assert table.head == ("Setting", "Test accuracy") and [name for name, _ in table.rows] == [
        "main"
    ]
    assert not all_of(shown["answer"], Legend)
    assert "There is no variation" in message(shown["comparison"])
    assert "seeds" not in shown and "confusion-change" not in shown and "tests" not in shown


# ---- comparisons --------------------------------------------------------------------------------


def test_every_comparison_is_in_a_table_with_its_verdict_and_all_three_p(
    report: dict[str, Section], compared: StudyComparison
) -> None:
    tables = all_of(report["tests"], Table)
    for variation, table in zip(("batch-norm", "l2"), tables[:2], strict=True):
        declared = [c for c in compared.of(variation) if c.metric.family != "recall"]
        assert [name for name, _ in table.rows] == [c.metric.label for c in declared]
        for (_, cells), c in zip(table.rows, declared, strict=True):
            assert cells[0].text.endswith(c.verdict)
            assert cells[5].text == str(c.n_seeds)
            assert c.p is not None and c.p_sign_flip is not None
            assert cells[2].text == (f"{c.p:.2g}" if c.p >= 0.001 else "< 0.001")
            assert cells[4].text == f"{c.p_sign_flip:.2g}"


def test_every_note_is_a_footnote_of_what_it_is_about_listed_once(
    report: dict[str, Section], compared: StudyComparison
) -> None:
    tables = all_of(report["tests"], Table)
    for variation, table in zip(("batch-norm", "l2"), tables[:2], strict=True):
        declared = [c for c in compared.of(variation) if c.metric.family != "recall"]
        for (_, cells), c in zip(table.rows, declared, strict=True):
            assert [plain(note) for note in cells[0].notes] == [plain(n) for n in notes(c)]
        shown = [plain(note) for note in table.notes]
        assert len(shown) == len(set(shown)) == len({n for c in declared for n in notes(c)})
    assert any("runs failed: the estimate is over the seeds" in note for note in tables[1].notes)


def test_the_numbers_at_a_glance_say_their_verdict_and_their_level() -> None:
    study = make_study(seeds=3, epochs=12, settings=["main", "l2"])
    shown = report_of(results_of(study, make_records(study, images=60)))
    rows = dict(all_of(shown["comparison"], Table)[0].rows)
    ranks = rows["Roughness of the validation curve"][0]
    assert ranks.detail.startswith("75 % interval, ")  # three ranks give no more
    assert rows["Test loss"][0].detail.startswith(tuple("▲▼○■"))  # the usual level goes unsaid


def test_both_intervals_of_test_accuracy_stand_beside_each_other(
    report: dict[str, Section], compared: StudyComparison
) -> None:
    table = next(t for t in all_of(report["tests"], Table) if "in points" in t.caption)
    assert table.head[2:] == ("All seeds, these images", "All seeds, all such images")
    of_rows = zip(table.rows, compared.on("test_accuracy"), strict=True)
    ends = {
        plain(cells[2].text): c.new_images
        for (_, cells), c in of_rows
        if c.low is not None and c.new_images is not None
    }
    assert ends
    for shown, new in ends.items():
        assert shown == f"[{100 * new.low:.2f}, {100 * new.high:.2f}]"
    assert "is about these test images" in message(report["tests"])


def test_recalls_are_exploratory_and_adjusted_together(
    report: dict[str, Section], compared: StudyComparison
) -> None:
    table = all_of(report["tests"], Table)[-1]
    assert len(table.rows) == 10 and table.head == ("Class", "batch-norm", "l2")
    text = message(report["tests"])
    assert "Exploratory" in text and "all 20 tests" in text
    c = compared.of("l2")[-1]
    assert c.p_adjusted is not None
    assert plain(table.rows[-1][1][1].detail).endswith(f"{c.verdict}, p = {c.p_adjusted:.2g}")


def test_of_many_variations_the_chart_shows_some_and_the_table_all(
    many: dict[str, Section],
) -> None:
    figure = all_of(many["comparison"], Figure)[0]
    assert "8 of 12 variations; the table has all." in figure.caption
    assert not all_of(many["comparison"], Table)  # as wide as no screen
    table = all_of(many["tests"], Table)[0]
    assert len(table.rows) == 12 * 14 and table.tall
    assert "Charts of 12 of 13 settings" in message(many["loss"])
    assert len(all_of(many["loss"], Figure)) == 12 + 1
    assert "7 of 13 settings." in all_of(many["loss"], Figure)[0].caption
    assert len(all_of(many["confusion-change"], Matrix)) == 6
    assert len(all_of(many["confusion-change"], Table)[-1].rows) == 12


def test_of_many_settings_some_are_open_and_none_is_left_out(many: dict[str, Section]) -> None:
    blocks = many["confusion"].blocks
    first = next(block for block in blocks if isinstance(block, Columns))
    assert len(first.parts) == 4
    (matrices, recalls) = (block for block in blocks if isinstance(block, Folded))
    assert matrices.title == "The matrices of 9\u00a0other settings"
    assert len(all_of(many["confusion"], Matrix)) == 13
    assert recalls.title == "The accuracy of 10\u00a0classes in 13\u00a0settings"
    some, every_one = all_of(many["confusion"], Table)
    assert (len(some.head), len(every_one.head)) == (1 + 3, 1 + 13)


# ---- claims and observations --------------------------------------------------------------------


def test_every_claim_has_its_verdict_its_evidence_and_a_link_to_what_shows_it(
    report: dict[str, Section], results: Results
) -> None:
    table, evidence = all_of(report["claims"], Table)
    assert [name for name, _ in table.rows] == [of.claim.says for of in results.judged]
    for (_, (verdict, place)), of in zip(table.rows, results.judged, strict=True):
        assert verdict.anchor == f"claim-{of.claim.id}"
        assert verdict.text.endswith(of.verdict) and verdict.tone == of.verdict
        assert place.link == of.figure and of.figure in report
        assert place.text == TITLES[of.figure]
    assert [name for name, _ in evidence.rows] == ["faster", "time", "worst"]
    (folded,) = (block for block in report["claims"].blocks if isinstance(block, Folded))
    assert evidence in folded.blocks
    for _, (cell,) in evidence.rows:
        assert len(cell.text) > 20
        assert re.fullmatch(r".*\] \S*( \S+)? ?\(\d[\d.]* %\) over 3 seeds.*", plain(cell.text))


def test_the_sections_are_in_the_order_of_their_titles(report: dict[str, Section]) -> None:
    assert list(report) == [anchor for anchor in TITLES if anchor in report]
    folded = [section.folded for section in report.values()]
    assert folded == sorted(folded) and folded.index(True) == list(report).index("settings")


def test_every_section_of_the_appendix_says_beside_its_title_what_is_in_it(
    report: dict[str, Section], many: dict[str, Section]
) -> None:
    for section in (*report.values(), *many.values()):
        assert bool(section.says) == section.folded
        assert section.says not in [block.text for block in section.blocks
                                    if isinstance(block, Paragraph)]  # fmt: skip


def test_observations_are_shown_with_print_signs_and_lead_to_their_place(
    report: dict[str, Section], results: Results
) -> None:
    (points,) = (block.points for block in all_of(report["observations"], Points))
    said = results.observations[:MOST_POINTS]
    assert [point.says for point in points] == [typeset(of.says) for of in said]
    assert [point.evidence for point in points] == [typeset(" ".join(of.evidence)) for of in said]
    assert all(point.link in report and point.place for point in points)
    assert not [point for point in points if " -" in point.evidence or "[-" in point.evidence]


def test_at_most_seven_are_shown_and_then_what_is_undecided(results: Results) -> None:
    one = results.observations[0]
    twelve = Observations((one,) * 12, results.observed.undecided, 3)
    more = replace(results)
    more.__dict__["observed"] = twelve
    points, last = report_of(more)["observations"].blocks
    assert isinstance(points, Points) and len(points.points) == 7
    assert isinstance(last, Paragraph) and plain(last.text) == twelve.open
    assert last.text.startswith("Not decided with 3 seeds: ")
    more.__dict__["observed"] = Observations((), (), 3)
    assert "observations" not in report_of(more)


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
    results = results_of(study, records)
    section = report_of(results)["confusion-change"]
    assert "cat taken for dog, +" in message(section)
    matrix = all_of(section, Matrix)[0]
    cell = matrix.cells[matrix.classes.index("cat")][5]
    assert cell.mark == SHOWN and not cell.good and cell.strength > 0.5
    assert sum(bool(one.mark) for row in matrix.cells for one in row) <= 3
    assert section.says.startswith("Shown to differ from the baseline: l2 in ")
    # Where a cell is shown to differ, colors tell gain from loss.
    mean = results.confusion_changes["l2"].mean
    for i, row in enumerate(matrix.cells):
        for j, one in enumerate(row):
            assert one.good == ((mean[i, j] > 0) if i == j else (mean[i, j] < 0))


def test_a_matrix_in_which_nothing_is_shown_to_differ_is_gray(report: dict[str, Section]) -> None:
    section = report["confusion-change"]
    assert section.says == "No single cell is shown to differ from the baseline."
    for matrix in all_of(section, Matrix):
        assert {cell.good for row in matrix.cells for cell in row} == {None}
        assert max(cell.strength for row in matrix.cells for cell in row) > 0


# ---- seeds --------------------------------------------------------------------------------------


def test_it_says_how_wide_an_interval_is_and_the_seeds_that_would_decide(
    report: dict[str, Section], compared: StudyComparison
) -> None:
    rows = dict(all_of(report["seeds"], Table)[0].rows)
    c = compared.of("l2")[0]
    assert c.low is not None and c.high is not None and c.seeds_needed is not None
    seeds, half, needed, shows = (plain(cell.text) for cell in rows["l2"])
    assert seeds == str(c.n_seeds) == "2"
    assert float(half.split()[1]) == pytest.approx(100 * (c.high - c.low) / 2, abs=0.006)
    assert needed == str(c.seeds_needed.seeds)
    assert shows.startswith(f"{c.seeds_needed.goal} in ")


def test_the_next_step_keeps_names_as_they_are() -> None:
    study = make_study(seeds=2, epochs=3, settings=["main", "ADAM"])
    shown = report_of(results_of(study, make_records(study, images=60)))
    assert "would decide ADAM with" in shown["seeds"].says
    assert "would decide ADAM with" in message(shown["answer"])


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
    level = 100 * (1 - nominal_level([3, 5]))
    for _, cells in first_table(shown["answer"]).rows[1:]:
        assert cells[2].detail.startswith(f"{level:.3g} % interval ")


def test_before_the_first_look_nothing_is_tested() -> None:
    study = changed(
        make_study(epochs=3, settings=["main", "l2"]),
        seeds={"until": "decided", "looks": [4, 8]},
    )
    records = [r for r in make_records(study, images=100) if r.facts.seed < 2]
    shown = report_of(results_of(study, records))
    verdict = first_table(shown["answer"]).rows[1][1][1]
    assert verdict.text == marked(NOT_TESTED)
    assert "The first look is at 4 seeds" in " ".join(verdict.notes)
    assert "Next: go on with this study, at least to 4 seeds." in message(shown["answer"])
    assert "l2 not tested, " in all_of(shown["answer"], Figure)[0].description
    rows = all_of(shown["seeds"], Table)[-1].rows
    assert rows[0][1][-1].text == "look at 4 seeds"


def test_claims_can_be_of_any_place(results: Results) -> None:
    assert {of.figure for of in results.judged} == {"loss", "comparison", "confusion"}
    study = results.study
    assert isinstance(study, Study)
    assert claiming(study).claims == results.study.claims


# ---- a baseline at chance -----------------------------------------------------------------------


def test_a_baseline_that_learned_nothing_is_said_before_anything_is_best() -> None:
    study = make_study(seeds=3, epochs=2, settings=("main", "l2"))
    made = make_records(study, images=60)
    guessing = [
        replace(
            record,
            predictions=replace(
                record.predictions, last=None, best=None, given=np.zeros(60, np.int64)
            ),
        )
        if record.facts.setting == "main" and record.predictions
        else record
        for record in made
    ]
    first = next(iter(answer(results_of(study, guessing))))
    assert isinstance(first, Alert) and first.title == "main is not shown to do better than chance"
    assert "right in 10.0" in plain(first.items[0]) and "(p = 1)" in plain(first.items[0])
    learned = list(answer(results_of(study, made)))
    assert not any("chance" in block.title for block in learned if isinstance(block, Alert))
