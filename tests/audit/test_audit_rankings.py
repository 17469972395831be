"""Best and worst classes, with ties, and whether they are told apart from the next."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from paribus.audit.figures import networks
from paribus.audit.rankings import ends, extremes, ranks
from paribus.audit.spec import Published

#: Recalls 0.9, 0.5, 0.5, of unequal supports.
TIED = [[9, 1, 0], [5, 10, 5], [1, 1, 2]]


def test_classes_that_tie_stand_at_an_end_together(build: Callable[..., Published]) -> None:
    (network,) = networks(build({"main": TIED}))
    assert extremes(network, "recall", "worst", 1) == ("dog", "elk")
    assert extremes(network, "recall", "best", 1) == ("cat",)
    assert extremes(network, "recall", "best", 2) == ("cat", "dog", "elk")
    by_recall = ends([network])[0]
    assert (by_recall.metric, by_recall.best) == ("recall", ("cat",))
    assert by_recall.worst == ("dog", "elk")


def test_classes_that_tie_are_named_alike_in_any_order(build: Callable[..., Published]) -> None:
    backwards = [row[::-1] for row in TIED[::-1]]
    (network,) = networks(build({"main": backwards}, classes=["elk", "dog", "cat"]))
    assert extremes(network, "recall", "worst", 1) == ("dog", "elk")
    assert extremes(network, "recall", "best", 3) == ("cat", "dog", "elk")


def test_the_ends_may_differ_by_the_metric(build: Callable[..., Published]) -> None:
    found = ends(networks(build({"main": [[10, 0, 0], [5, 5, 0], [4, 0, 6]]})))
    assert {of.metric: (of.best, of.worst) for of in found} == {
        "recall": (("cat",), ("dog",)),
        "precision": (("dog", "elk"), ("cat",)),
        "f1": (("elk",), ("dog",)),
    }


def test_the_worst_is_tested_against_the_second_worst_of_other_images(
    build: Callable[..., Published],
) -> None:
    rows = [[60, 40, 0], [20, 70, 10], [25, 10, 165]]
    worst, best = ranks(networks(build({"main": rows})))
    assert (worst.extreme, worst.first, worst.second) == ("worst", "cat", "dog")
    assert (best.extreme, best.first, best.second) == ("best", "elk", "dog")
    assert worst.gap == pytest.approx(0.1)
    assert worst.p == pytest.approx(stats.fisher_exact(np.array([[60, 40], [70, 30]])).pvalue)
    assert best.p == pytest.approx(stats.fisher_exact(np.array([[165, 35], [70, 30]])).pvalue)
    # Holm over the two: the smaller p doubles.
    assert best.p_adjusted == pytest.approx(2 * best.p)
    assert worst.p_adjusted == pytest.approx(max(worst.p, 2 * best.p))
    assert (worst.certain, best.certain) == (False, True)


def test_all_settings_are_adjusted_together(build: Callable[..., Published]) -> None:
    clear = [[90, 10, 0], [20, 70, 10], [50, 30, 20]]
    alone = ranks(networks(build({"a": clear})))
    among_three = ranks(networks(build({"a": clear, "b": clear, "c": clear})))
    assert [rank.setting for rank in among_three] == ["a", "a", "b", "b", "c", "c"]
    assert among_three[0].p == alone[0].p
    assert among_three[0].p_adjusted == pytest.approx(6 * alone[0].p)


def test_a_tie_is_never_certain(build: Callable[..., Published]) -> None:
    worst, _ = ranks(networks(build({"main": TIED})))
    assert (worst.gap, worst.p, worst.certain) == (0, 1, False)
