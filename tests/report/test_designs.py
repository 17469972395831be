"""What the report says of seeds one by one, of unpaired runs, of plans, and of all pairs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from paribus.report.blocks import Block, Figure, Paragraph, Section, Table, every
from paribus.report.results_json import results_json
from paribus.report.sections import sections
from paribus.results import Results
from paribus.study.ledger import Change, Ledger
from paribus.study.spec import Study
from report.reports import results_of
from synthetic import make_records, make_study

PLAIN = make_study(seeds=6, epochs=2)
KEPT = Ledger(plan={"seeds": 6}, planned=True, seen=18, looked_at=True)


def made(**changes: object) -> Results:
    study = Study.model_validate(PLAIN.model_dump() | changes)
    return results_of(study, make_records(PLAIN, images=60))


def blocks(results: Results, anchor: str) -> list[Block]:
    """All blocks of a section, the paragraph beside its title first."""
    shown: list[Section] = [s for s in sections(results) if s.anchor == anchor]
    return [b for s in shown for b in (Paragraph(s.says), *every(s.blocks))]


def tables(of: list[Block], caption: str) -> Iterator[Table]:
    for block in of:
        if isinstance(block, Table) and caption in block.caption:
            yield block


def told(of: list[Block]) -> str:
    return " ".join(block.text for block in of if isinstance(block, Paragraph))


@pytest.fixture(scope="module")
def one_by_one() -> Results:
    return made(seeds={"until": "decided", "most": 6})


@pytest.fixture(scope="module")
def fixed() -> Results:
    return replace(made(), ledger=KEPT)


def test_the_interval_is_drawn_over_the_seeds(one_by_one: Results) -> None:
    shown = blocks(one_by_one, "seeds")
    (figure,) = [block for block in shown if isinstance(block, Figure)]
    rows = figure.charts["seed-by-seed-w"]()["datasets"]["course0"]
    assert rows[0]["seeds"] == 5  # the first that bounds anything
    assert all(row["low"] <= row["estimate"] <= row["high"] for row in rows)


def test_where_each_variation_stopped_is_a_row(one_by_one: Results) -> None:
    (table,) = tables(blocks(one_by_one, "seeds"), "where each variation stopped")
    assert [name for name, _ in table.rows] == ["batch-norm", "l2"]
    assert "Seeds now" not in told(blocks(one_by_one, "seeds"))


def test_a_kept_plan_is_said_once_and_a_changed_one_beside_every_verdict(fixed: Results) -> None:
    changed = replace(fixed, ledger=replace(KEPT, changes=(Change("seeds", 5, 6, 15),)))
    for results, expected in ((fixed, False), (changed, True)):
        (table,) = [b for b in blocks(results, "answer") if isinstance(b, Table)]
        assert len(table.rows) == 3
        for _, cells in table.rows[1:]:
            notes = " ".join(cells[1].notes)
            assert ("Changed after 15 runs had been seen: seeds 5 -> 6" in notes) == expected
    assert "Nothing was changed after results had been seen" in told(blocks(fixed, "answer"))


def test_how_a_comparison_stands_to_the_plan_is_a_column(fixed: Results) -> None:
    assert set(fixed.tables["comparisons"]["planned"]) == {"planned"}
    unknown = made().tables["comparisons"]["planned"]
    assert set(unknown) == {"not known what was planned"}
    assert '"known": true' in results_json(fixed)


def test_all_pairs_of_settings_are_a_table(fixed: Results) -> None:
    (table,) = tables(blocks(fixed, "tests"), "first and the second")
    assert len(table.rows) == len(fixed.tables["pairs"]) == 3


def test_an_unpaired_study_is_called_so_wherever_it_matters() -> None:
    results = made(paired=False)
    anchors = ("answer", "tests", "pairing")
    shown = {anchor: blocks(results, anchor) for anchor in anchors}
    assert "the seeds of different settings don't correspond." in told(shown["tests"])
    assert not [*tables(shown["tests"], "first and the second")]
    # Differences seed by seed would mean nothing.
    assert [b.name for b in shown["answer"] if isinstance(b, Figure)] == ["accuracy"]
    for anchor in anchors:
        text = told(shown[anchor])
        assert "unpaired" in text
        assert "paired by seed" not in text
    assert not results.tables["comparisons"]["paired"].any()
    assert results.pairings == ()
