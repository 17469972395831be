"""Blocks know what a page needs of them: a table its width and its footnotes."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paribus.report.blocks import (
    FIRST_FOLDED,
    PLACES,
    TITLES,
    Block,
    Cell,
    Columns,
    Folded,
    Heading,
    Paragraph,
    Section,
    Table,
    every,
)
from paribus.report.markdown import markdown
from paribus.report.page import page

# ---- how wide a place a table needs -------------------------------------------------------------

TEXT = st.text("abcdefgh 0123456789", max_size=24)
WIDER = st.text("abcdefgh 0123456789", min_size=1, max_size=24)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    columns, rows = draw(st.integers(1, 6)), draw(st.integers(0, 4))
    cells = st.builds(Cell, TEXT, TEXT)
    named = st.tuples(TEXT, st.lists(cells, min_size=columns, max_size=columns))
    return Table(
        "caption",
        tuple(draw(st.lists(TEXT, min_size=columns + 1, max_size=columns + 1))),
        draw(st.lists(named, min_size=rows, max_size=rows)),
        numeric=draw(st.booleans()),
    )


@given(tables())
def test_a_table_needs_one_of_the_places_there_are(table: Table) -> None:
    assert table.needs in PLACES


@given(tables(), st.data())
def test_longer_text_never_needs_a_narrower_place(table: Table, data: st.DataObject) -> None:
    more = data.draw(WIDER)
    head = list(table.head)
    n = data.draw(st.integers(0, len(head) - 1))
    head[n] += more
    assert Table("", tuple(head), table.rows, table.numeric).needs >= table.needs
    if not table.rows:
        return
    at = data.draw(st.integers(0, len(table.rows) - 1))
    column = data.draw(st.integers(0, len(head) - 2))
    for name, text, detail in ((more, "", ""), ("", more, ""), ("", "", more)):
        rows = [(row, list(cells)) for row, cells in table.rows]
        title, cells = rows[at]
        old = cells[column]
        cells[column] = Cell(old.text + text, old.detail + detail)
        rows[at] = (title + name, cells)
        assert Table("", table.head, rows, table.numeric).needs >= table.needs


@given(st.text("ab ", max_size=60), st.text("ab ", min_size=1, max_size=20), st.booleans())
def test_nor_does_it_where_all_columns_grow_at_once(text: str, more: str, numeric: bool) -> None:
    """Six columns alike, so that a little less of each would show."""

    def alike(text: str) -> Table:
        return Table("", (text,) * 6, [(text, [Cell(text)] * 5)], numeric)

    assert alike(text + more).needs >= alike(text).needs


@given(tables())
def test_one_more_column_never_needs_a_narrower_place(table: Table) -> None:
    rows = [(name, [*cells, Cell("1.0")]) for name, cells in table.rows]
    assert Table("", (*table.head, "more"), rows, table.numeric).needs >= table.needs


def test_numbers_are_never_broken_and_text_may_be() -> None:
    long = "0.12345678 [0.10000000, 0.20000000] points per epoch"
    rows = [("a", [Cell(long), Cell(long)])]
    head = ("", "One", "Other")
    assert Table("", head, rows, numeric=False).needs < Table("", head, rows).needs
    assert Table("", ("", "p"), [("a", [Cell("0.2")])]).needs == PLACES[0]


# ---- footnotes ----------------------------------------------------------------------------------


def noted() -> Table:
    rows = [
        ("first", [Cell("1", notes=("on looks", "on seeds")), Cell("2")]),
        ("second", [Cell("3", notes=("on seeds",)), Cell("4", notes=("on images",))]),
    ]
    return Table("Numbers", ("", "a", "b"), rows)


def test_footnotes_are_numbered_once_in_the_order_in_which_they_are_read() -> None:
    table = noted()
    assert table.notes == ("on looks", "on seeds", "on images")
    marks = [[table.marks(cell) for cell in cells] for _, cells in table.rows]
    assert marks == [["1, 2", ""], ["2", "3"]]


NOTES = st.lists(st.sampled_from(["a", "b", "c", "d"]), unique=True, max_size=4)


@given(st.lists(NOTES, min_size=1, max_size=6))
def test_every_mark_leads_to_its_footnote(each: list[list[str]]) -> None:
    cells = [Cell("", notes=tuple(notes)) for notes in each]
    table = Table("", ("", *map(str, range(len(cells)))), [("row", cells)])
    assert len(table.notes) == len(set(table.notes))
    for cell in cells:
        numbers = [int(mark) for mark in table.marks(cell).split(", ") if mark]
        assert numbers == sorted(numbers)
        assert {table.notes[number - 1] for number in numbers} == set(cell.notes)


def test_page_and_markdown_have_marks_and_footnotes() -> None:
    parts = [Section("answer", [noted()])]
    html = page("", "", parts, None, {})
    assert "<sup>1, 2</sup>" in html and html.count("<sup>") == 3
    assert html.count("<li>on seeds</li>") == 1
    text = markdown("", "", parts, None, {})
    assert "1<sup>1, 2</sup>" in text and "3<sup>2</sup>" in text
    assert text.count("on seeds") == 1 and "<sup>3</sup> on images" in text
    assert text.index("on looks") < text.index("on seeds") < text.index("on images")


# ---- blocks within blocks -----------------------------------------------------------------------


def test_every_block_is_met_in_the_order_in_which_it_is_read() -> None:
    a, b, c, d, e = (Heading(name) for name in "abcde")
    inner = Columns([[b], [c, Folded("fold", [d])]])
    blocks: Sequence[Block] = [a, Folded("outer", [inner]), e]
    assert [block.text for block in every(blocks) if isinstance(block, Heading)] == [*"abcde"]
    assert sum(isinstance(block, Folded) for block in every(blocks)) == 2


@pytest.mark.parametrize("kind", [Folded, Columns])
def test_what_is_within_another_block_is_in_page_and_markdown(kind: type) -> None:
    table = noted()
    block = Folded("More", [table]) if kind is Folded else Columns([[table], [Heading("Beside")]])
    parts = [Section("answer", [block])]
    for text in (page("", "", parts, None, {}), markdown("", "", parts, None, {})):
        assert "Numbers" in text and "on images" in text
        assert ("More" in text) == (kind is Folded) or kind is Columns


# ---- sections and links -------------------------------------------------------------------------


def test_the_appendix_is_folded_and_nothing_before_it() -> None:
    folded = [Section(anchor, []).folded for anchor in TITLES]
    first = list(TITLES).index(FIRST_FOLDED)
    assert folded == [False] * first + [True] * (len(TITLES) - first)
    assert not Section("comparison", []).folded and Section("tests", []).folded


def test_a_paragraph_names_the_section_that_it_links_to() -> None:
    assert Paragraph("x", link="confusion").place == "Confusion matrix and classes"
    asked = Paragraph("x", link="explorer?sort=suspicion")
    assert asked.place == "Explorer of failed images"
    parts = [Section("answer", [asked])]
    assert 'href="#explorer?sort=suspicion"' in page("", "", parts, None, {})
    assert "(#explorer)" in markdown("", "", parts, None, {})  # it has no explorer to ask
