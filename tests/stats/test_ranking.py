"""Whether a ranking is certain."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from paribus.errors import ComparisonError
from paribus.stats.paired import t_interval
from paribus.stats.ranking import extreme_ranking, ordered_ranking

NAMES = ("cat", "dog", "ship", "truck")
RNG = np.random.default_rng(20260105)


def recalls(*means: float, n: int = 8, sd: float = 0.02) -> npt.NDArray[np.float64]:
    return RNG.normal(means, sd, (n, len(means)))


def test_the_worst_class_is_below_every_other() -> None:
    result = extreme_ranking(recalls(0.4, 0.2, 0.7, 0.7), NAMES, ["dog"], highest=False)
    assert (result.n_seeds, result.agreeing) == (8, 8)
    assert [(s.upper, s.lower) for s in result.statements] == [
        ("cat", "dog"),
        ("ship", "dog"),
        ("truck", "dog"),
    ]


def test_each_of_the_best_classes_is_above_every_other() -> None:
    best = extreme_ranking(recalls(0.4, 0.2, 0.7, 0.75), NAMES, ["ship", "truck"], highest=True)
    assert [(s.upper, s.lower) for s in best.statements] == [
        ("ship", "cat"),
        ("ship", "dog"),
        ("truck", "cat"),
        ("truck", "dog"),
    ]


def test_each_statement_is_a_paired_t_test() -> None:
    values = recalls(0.4, 0.38, 0.5, 0.7)
    statement = extreme_ranking(values, NAMES, ["dog"], highest=False).statements[0]
    interval, e = statement.interval, t_interval(values[:, 0] - values[:, 1])
    assert [interval.estimate, interval.low, interval.high, statement.p] == pytest.approx(
        [float(x) for x in (e.estimate, e.low, e.high, e.p)]
    )


def test_in_an_order_each_is_above_the_next() -> None:
    result = ordered_ranking(recalls(0.4, 0.2, 0.7, 0.8), NAMES, ["truck", "cat", "ship"])
    assert [(s.upper, s.lower) for s in result.statements] == [("truck", "cat"), ("cat", "ship")]
    assert result.agreeing == 0


def test_one_seed_is_not_enough() -> None:
    result = extreme_ranking(recalls(0.4, 0.2, 0.7, 0.7, n=1), NAMES, ["dog"], highest=False)
    assert (result.n_seeds, result.agreeing, result.statements) == (1, 1, ())


def test_seeds_without_all_values_are_left_out() -> None:
    values = recalls(0.4, 0.2, 0.7, 0.7)
    values[0, 2] = np.nan
    assert extreme_ranking(values, NAMES, ["dog"], highest=False).n_seeds == 7


def test_a_constant_difference_has_no_interval_and_is_judged_by_its_sign_alone() -> None:
    values = np.tile([0.4, 0.2, 0.7, 0.7], (5, 1))
    statement = extreme_ranking(values, NAMES, ["dog"], highest=False).statements[0]
    assert (statement.interval.low, statement.interval.high) == (None, None)
    assert statement.p == 2 / 2**5


@pytest.mark.parametrize(
    ("members", "message"),
    [(["wolf"], "out of cat, dog.*got 'wolf'"), ([], "at least two"), (NAMES, "at least two")],
)
def test_a_claim_about_nothing_is_refused(members: list[str], message: str) -> None:
    with pytest.raises(ComparisonError, match=message):
        extreme_ranking(recalls(0.4, 0.2, 0.7, 0.7), NAMES, members, highest=False)
