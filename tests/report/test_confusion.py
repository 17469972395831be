"""Large confusion matrices have similar classes side by side; tables have no empty interval."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from effort import examples
from paribus.failures.cases import confusions
from paribus.report.blocks import Columns, Figure, Matrix, Table, every
from paribus.report.sections.cases import cases
from paribus.report.sections.confusion import by_similarity
from paribus.report.sections.confusion import confusions as shown_confusions
from report.reports import ordinary, results_of
from synthetic import make_records, make_study

Counts = npt.NDArray[np.float64]


def blocks_of(sizes: list[int], seed: int) -> tuple[Counts, npt.NDArray[np.int64]]:
    """Counts of classes that are confused within their block alone, and each one's block.

    The classes are in random order.
    """
    draw = np.random.default_rng(seed)
    block = draw.permutation(np.repeat(np.arange(len(sizes)), sizes))
    together = block[:, None] == block
    counts = together * draw.uniform(2, 5, together.shape)
    np.fill_diagonal(counts, 60)
    return counts, block


@examples(60)
@given(st.integers(2, 40), st.integers(0, 2**32 - 1))
def test_every_class_has_one_place(classes: int, seed: int) -> None:
    counts = np.random.default_rng(seed).poisson(2.0, (classes, classes)).astype(float)
    assert sorted(by_similarity(counts).tolist()) == list(range(classes))


@examples(60)
@given(st.lists(st.integers(2, 7), min_size=2, max_size=8), st.integers(0, 2**32 - 1))
def test_classes_that_are_confused_with_each_other_come_side_by_side(
    sizes: list[int], seed: int
) -> None:
    counts, block = blocks_of(sizes, seed)
    ordered = block[by_similarity(counts)]
    assert np.count_nonzero(np.diff(ordered)) == len(sizes) - 1


@pytest.mark.parametrize("places", list(permutations(range(4))))
def test_within_a_block_those_come_outside_that_are_confused_with_the_next(
    places: tuple[int, ...],
) -> None:
    """A with b and c with d, and a little b with c: a, b, c, d, or from the end."""
    counts = 60.0 * np.eye(4)
    for one, other, images in ((0, 1, 20.0), (2, 3, 20.0), (1, 2, 5.0)):
        counts[one, other] = counts[other, one] = images
    counts = 100 * counts / counts.sum(axis=1, keepdims=True)
    order = np.array(places)[by_similarity(counts[np.ix_(places, places)])].tolist()
    assert order in ([0, 1, 2, 3], [3, 2, 1, 0])


@pytest.mark.parametrize("classes", [2, 5])
def test_without_any_confusion_any_order_will_do(classes: int) -> None:
    order = by_similarity(10.0 * np.eye(classes))
    assert sorted(order.tolist()) == list(range(classes))


def test_a_large_matrix_is_drawn_in_that_order_with_every_cell_at_its_classes() -> None:
    study = make_study(seeds=1, epochs=2, settings=["main"])
    names = [f"c{n}" for n in range(40)]
    results = results_of(study, make_records(study, classes=names, images=400))
    (figure,) = (
        b for b in every(shown_confusions(results)) if isinstance(b, Figure) and b.name != "recall"
    )
    chart = figure.chart(720)
    order, counts = by_similarity(results.baseline.counts), results.baseline.counts
    text = str(chart)
    places = [text.index(f"'{names[n]}'") for n in order.tolist()]
    assert places == sorted(places)
    assert "similar ones side by side" in figure.caption
    rows = next(of for of in chart["datasets"].values() if len(of) > 40)
    assert len(rows) == np.count_nonzero(counts)


def test_up_to_four_matrices_stand_side_by_side() -> None:
    written = ordinary()
    blocks = list(shown_confusions(results_of(written.study, written.records)))
    first = next(block for block in blocks if isinstance(block, Columns))
    assert len(first.parts) == 3
    matrices = [block for block in every(blocks) if isinstance(block, Matrix)]
    assert [matrix.setting for matrix in matrices] == ["main", "batch-norm", "l2"]
    for matrix in matrices:  # what a narrow place shows instead
        assert matrix.instead.caption.startswith(f"{matrix.setting}: the ")


def test_a_confusion_has_its_interval_only_where_it_excludes_none() -> None:
    written = ordinary()
    results = results_of(written.study, written.records)
    (table,) = (
        b for b in every(cases(results)) if isinstance(b, Table) and "excludes 0" in b.caption
    )
    bracketed = set()
    for column, outcome in enumerate(results.failed_cases.outcomes.values()):
        for (_, cells), of in zip(table.rows, confusions(outcome), strict=False):
            low = of.images.low
            assert cells[column].text == f"{of.true} taken for {of.predicted}"
            assert ("[" in cells[column].detail) == (low is not None and low > 0)
            bracketed.add("[" in cells[column].detail)
    assert bracketed == {True, False}
