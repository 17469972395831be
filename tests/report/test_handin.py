"""A hand-in is the main sections of the report, with nothing to click and cut to its pages."""

from __future__ import annotations

import pytest

from paribus.report.blocks import (
    TITLES,
    Block,
    Cell,
    Code,
    Columns,
    Explorer,
    Folded,
    Heading,
    Paragraph,
    Section,
    Table,
    every,
    note,
)
from paribus.report.handin import FEW, MOST_BESIDE, MOST_ROWS, SECTIONS, handin
from paribus.report.sections import sections
from report.reports import ordinary, results_of


@pytest.fixture(scope="module")
def printed() -> list[Section]:
    written = ordinary()
    return handin(sections(results_of(written.study, written.records)))


def only(*blocks: Block) -> list[Block]:
    """What is printed of these blocks."""
    (section,) = handin([Section("answer", blocks)])
    return list(section.blocks)


def test_it_has_the_four_questions_settings_observations_and_how_it_was_made(
    printed: list[Section],
) -> None:
    anchors = [section.anchor for section in printed]
    assert anchors == list(SECTIONS)
    assert {"loss", "confusion", "failures", "comparison", "settings", "provenance"} < {*anchors}
    assert {*SECTIONS} <= {*TITLES}


def test_nothing_in_it_is_folded_explored_or_linked(printed: list[Section]) -> None:
    blocks = list(every(block for section in printed for block in section.blocks))
    assert not any(isinstance(block, Folded | Explorer | Code) for block in blocks)
    assert not any(isinstance(block, Paragraph) and block.link for block in blocks)
    assert all(section.says == "" for section in printed)


def test_of_what_is_folded_it_has_what_is_meant_for_print() -> None:
    table = Table("numbers", ("",), [("a", ())])
    assert only(Folded("The numbers", [table], printed=True)) == [table]
    assert only(Folded("All counts", [table])) == []


def test_a_long_table_is_cut_and_says_how_much_is_left() -> None:
    rows = [(str(n), (Cell(str(n)),)) for n in range(MOST_ROWS + 3)]
    table, rest = only(Table("", ("", "n"), rows))
    assert isinstance(table, Table) and len(table.rows) == MOST_ROWS
    assert rest == note("3 more rows are in the report.")
    assert len(only(Table("", ("", "n"), rows[:MOST_ROWS]))) == 1


def test_of_many_charts_side_by_side_the_first_few_are_printed() -> None:
    parts = [[Heading(str(n))] for n in range(MOST_BESIDE + 1)]
    columns, rest = only(Columns(parts))
    assert isinstance(columns, Columns) and len(columns.parts) == FEW
    assert rest == note(f"{MOST_BESIDE + 1 - FEW} more are in the report.")
    (whole,) = only(Columns(parts[:MOST_BESIDE]))
    assert isinstance(whole, Columns) and len(whole.parts) == MOST_BESIDE
