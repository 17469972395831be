"""Best and worst classes, with ties, tested against the next one; claims about them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from paribus.audit.networks import networks
from paribus.audit.rankings import Checked, check, ends, extremes, ranks
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
    result = ends(networks(build({"main": [[10, 0, 0], [5, 5, 0], [4, 0, 6]]})))
    assert {of.metric: (of.best, of.worst) for of in result} == {
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


# ---- claims, by their tests ----------------------------------------------------------------------

#: By recall dog is worst; by F1 too; by precision cat.
A = [[10, 0, 0], [5, 5, 0], [4, 0, 6]]
#: Everywhere elk is worst.
B = [[10, 0, 0], [0, 10, 0], [3, 3, 4]]


@pytest.fixture
def checked(build: Callable[..., Published]) -> Callable[..., Checked]:
    def one(test: Any = None, **matrices: Any) -> Checked:
        observation = {"id": "x", "says": "All settings do worst on dog.", "test": test}
        published = build(matrices or {"a": A, "b": B}, observations=[observation])
        (checked,) = check(published, networks(published))
        return checked

    return one


def where(of: Checked) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    """The settings where it holds, and those where it fails with their classes."""
    (ranked,) = of.rankings
    return ranked.holds, {failure.setting: failure.found for failure in ranked.fails}


@pytest.mark.parametrize("metric", ["recall", "f1"])
def test_a_claim_is_checked_by_the_metric_that_its_test_names(
    checked: Callable[..., Checked], metric: str
) -> None:
    holds = checked({"worst": ["dog"], "metric": metric}, a=A, b=A)
    assert (holds.outcome, where(holds)) == ("holds", (("a", "b"), {}))
    fails = checked({"worst": ["dog"], "metric": "precision"}, a=A, b=A)
    assert (fails.outcome, where(fails)) == ("fails", ((), {"a": ("cat",), "b": ("cat",)}))


def test_a_claim_that_fails_names_the_classes_that_are_really_there(
    checked: Callable[..., Checked],
) -> None:
    fails = checked({"worst": ["dog"], "metric": "recall"})
    assert (fails.outcome, where(fails)) == ("fails", (("a",), {"b": ("elk",)}))


def test_a_class_that_ties_is_not_the_worst_alone(checked: Callable[..., Checked]) -> None:
    tie = [[10, 0, 0], [5, 5, 0], [5, 0, 5]]
    alone = checked({"worst": ["dog"], "metric": "recall"}, a=tie)
    assert (alone.outcome, where(alone)) == ("fails", ((), {"a": ("dog", "elk")}))
    assert checked({"worst": ["elk", "dog"], "metric": "recall"}, a=tie).outcome == "holds"


def test_a_claim_may_be_of_some_settings_only(checked: Callable[..., Checked]) -> None:
    test = {"worst": ["elk"], "metric": "recall", "settings": ["b"]}
    assert where(checked(test)) == (("b",), {})
    assert checked(test | {"settings": "all"}).outcome == "fails"


def test_a_test_may_have_best_and_worst(checked: Callable[..., Checked]) -> None:
    test = {"best": ["cat"], "worst": ["elk"], "metric": "recall", "settings": ["a"]}
    fails = checked(test)
    assert [of.extreme for of in fails.rankings] == ["best", "worst"]
    assert fails.outcome == "fails"
    assert checked(test | {"worst": ["dog"]}).outcome == "holds"


@pytest.mark.parametrize(
    ("test", "why"),
    [
        (None, "no test. To have it checked, add one"),
        ({"worst": ["cat", "dog", "elk"], "metric": "f1"}, "the test names every class"),
        ({"worst": None, "metric": "f1"}, "the test names no best or worst class"),
        (
            {"setting": "b", "against": "a", "metric": "test_accuracy", "expect": "better"},
            "it needs several seeds of each setting",
        ),
        (
            {"setting": "b", "against": "a", "metric": "recall:cat", "expect": "better"},
            "it needs several seeds of each setting",
        ),
        (
            {"setting": "b", "against": "a", "metric": "train_seconds", "expect": "better"},
            "it needs more than confusion matrices",
        ),
    ],
)
def test_what_the_matrices_cannot_decide_is_not_checked(
    checked: Callable[..., Checked], test: Any, why: str
) -> None:
    unchecked = checked(test)
    assert (unchecked.outcome, unchecked.rankings) == ("not checked", ())
    assert unchecked.why.startswith(why)
