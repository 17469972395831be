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


def test_a_class_far_below_all_others_is_the_worst() -> None:
    result = extreme_ranking(recalls(0.4, 0.2, 0.7, 0.7), NAMES, ["dog"], highest=False)
    assert result.outcome == "supported"
    assert (result.n_seeds, result.agreeing) == (8, 8)
    assert [(s.upper, s.lower) for s in result.statements] == [
        ("cat", "dog"),
        ("ship", "dog"),
        ("truck", "dog"),
    ]


def test_one_class_surely_below_it_refutes() -> None:
    result = extreme_ranking(recalls(0.2, 0.4, 0.7, 0.7), NAMES, ["dog"], highest=False)
    assert result.outcome == "refuted"


def test_one_class_too_close_leaves_it_undecided() -> None:
    values = recalls(0.4, 0.2, 0.7, 0.7)
    values[:, 0] = values[:, 1] + np.tile([0.01, -0.01], 4)
    assert extreme_ranking(values, NAMES, ["dog"], highest=False).outcome == "undecided"


def test_several_classes_are_the_best_only_if_each_is_above_every_other() -> None:
    values = recalls(0.4, 0.2, 0.7, 0.75)
    best = extreme_ranking(values, NAMES, ["ship", "truck"], highest=True)
    assert best.outcome == "supported"
    assert len(best.statements) == 4
    assert extreme_ranking(values, NAMES, ["ship", "cat"], highest=True).outcome == "refuted"


def test_each_statement_is_a_paired_t_test_adjusted_by_holm() -> None:
    values = recalls(0.4, 0.38, 0.5, 0.7)
    statement = extreme_ranking(values, NAMES, ["dog"], highest=False).statements[0]
    e = t_interval(values[:, 0] - values[:, 1])
    assert [statement.estimate, statement.low, statement.high, statement.p] == pytest.approx(
        [float(x) for x in (e.estimate, e.low, e.high, e.p)]
    )
    assert statement.p_adjusted == pytest.approx(statement.p)  # the largest of three


def test_an_order_is_supported_by_each_step_and_refuted_by_one() -> None:
    values = recalls(0.4, 0.2, 0.7, 0.8)
    assert ordered_ranking(values, NAMES, ["truck", "ship", "cat", "dog"]).outcome == "supported"
    assert ordered_ranking(values, NAMES, ["truck", "ship", "dog", "cat"]).outcome == "refuted"


def test_one_seed_is_not_enough() -> None:
    result = extreme_ranking(recalls(0.4, 0.2, 0.7, 0.7, n=1), NAMES, ["dog"], highest=False)
    assert (result.outcome, result.agreeing, result.statements) == ("undecided", 1, ())


def test_seeds_without_all_values_are_left_out() -> None:
    values = recalls(0.4, 0.2, 0.7, 0.7)
    values[0, 2] = np.nan
    assert extreme_ranking(values, NAMES, ["dog"], highest=False).n_seeds == 7


def test_a_constant_difference_is_judged_by_its_sign_alone() -> None:
    values = np.tile([0.4, 0.2, 0.7, 0.7], (5, 1))
    few = extreme_ranking(values, NAMES, ["dog"], highest=False)
    enough = extreme_ranking(np.vstack([values, values]), NAMES, ["dog"], highest=False)
    assert (few.outcome, enough.outcome) == ("undecided", "supported")


@pytest.mark.parametrize(
    ("members", "message"),
    [(["wolf"], "out of cat, dog.*got 'wolf'"), ([], "at least two"), (NAMES, "at least two")],
)
def test_a_claim_about_nothing_is_refused(members: list[str], message: str) -> None:
    with pytest.raises(ComparisonError, match=message):
        extreme_ranking(recalls(0.4, 0.2, 0.7, 0.7), NAMES, members, highest=False)
