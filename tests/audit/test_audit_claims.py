"""Observations checked against the matrices by their tests."""

from collections.abc import Callable
from typing import Any

import pytest

from paribus.audit.figures import networks
from paribus.audit.rankings import Checked, check
from paribus.audit.spec import Published

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
            {"setting": "b", "against": "a", "metric": "train_cpu_seconds", "expect": "better"},
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
