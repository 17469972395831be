"""Observations held against the matrices: by the metric named, or by all."""

from collections.abc import Callable
from typing import Any

import pytest

from paribus.audit.claims import Checked, check
from paribus.audit.figures import networks
from paribus.audit.spec import Published

#: By recall dog is worst; by F1 too; by precision cat.
A = [[10, 0, 0], [5, 5, 0], [4, 0, 6]]
#: Everywhere elk is worst.
B = [[10, 0, 0], [0, 10, 0], [3, 3, 4]]


@pytest.fixture
def checked(build: Callable[..., Published]) -> Callable[..., Checked]:
    def one(says: str, test: Any = None, **matrices: Any) -> Checked:
        observation = {"id": "x", "says": says, "test": test}
        published = build(matrices or {"a": A, "b": B}, observations=[observation])
        (found,) = check(published, networks(published))
        return found

    return one


def outcomes(found: Checked) -> dict[str, tuple[tuple[str, ...], dict[str, tuple[str, ...]]]]:
    (ranked,) = found.rankings
    return {of.metric: (of.holds, {f.setting: f.found for f in of.fails}) for of in ranked.by}


def test_without_a_metric_a_claim_must_hold_by_all_of_them(
    checked: Callable[..., Checked],
) -> None:
    found = checked("All settings do worst on dog.", a=A, b=A)
    assert found.outcome == "depends on the metric"
    assert outcomes(found) == {
        "recall": (("a", "b"), {}),
        "precision": ((), {"a": ("cat",), "b": ("cat",)}),
        "f1": (("a", "b"), {}),
    }
    assert checked("All settings do worst on dog by recall and F1.", a=A, b=A).outcome == "holds"


def test_a_claim_that_fails_names_who_is_there_instead(checked: Callable[..., Checked]) -> None:
    found = checked("All settings do worst on dog by recall.")
    assert found.outcome == "fails"
    assert outcomes(found) == {"recall": (("a",), {"b": ("elk",)})}


def test_a_class_that_ties_is_not_the_worst_alone(checked: Callable[..., Checked]) -> None:
    tie = [[10, 0, 0], [5, 5, 0], [5, 0, 5]]
    found = checked("The lowest recall is that of dog.", a=tie)
    assert (found.outcome, outcomes(found)) == ("fails", {"recall": ((), {"a": ("dog", "elk")})})
    assert checked("The lowest recall is that of dog and elk.", a=tie).outcome == "holds"


def test_a_test_is_taken_before_the_sentence(checked: Callable[..., Checked]) -> None:
    test = {"worst": ["elk"], "metric": "recall", "settings": ["b"]}
    found = checked("All settings do worst on dog.", test)
    assert found.outcome == "holds"
    assert [(of.classes, of.settings) for of in found.rankings] == [(("elk",), ("b",))]
    assert checked("x", test | {"settings": "all"}).outcome == "fails"


def test_a_test_may_have_best_and_worst(checked: Callable[..., Checked]) -> None:
    test = {"best": ["cat"], "worst": ["elk"], "metric": "recall", "settings": ["a"]}
    found = checked("x", test)
    assert [of.extreme for of in found.rankings] == ["best", "worst"]
    assert found.outcome == "fails"
    assert checked("x", test | {"worst": ["dog"]}).outcome == "holds"


@pytest.mark.parametrize(
    ("says", "test", "why"),
    [
        ("Training takes longer.", None, "it doesn't rank classes"),
        ("All do worst on cat, dog and elk.", None, "it names every class"),
        ("x", {"worst": None, "metric": "f1"}, "its test names no class"),
        (
            "b is better",
            {"setting": "b", "against": "a", "metric": "test_accuracy", "expect": "better"},
            "one run of each setting can't decide it",
        ),
        (
            "b is better on cat",
            {"setting": "b", "against": "a", "metric": "recall:cat", "expect": "better"},
            "one run of each setting can't decide it",
        ),
        (
            "b is faster",
            {"setting": "b", "against": "a", "metric": "train_seconds", "expect": "better"},
            "it needs curves or times",
        ),
    ],
)
def test_what_the_matrices_cannot_decide_is_not_checked(
    checked: Callable[..., Checked], says: str, test: Any, why: str
) -> None:
    found = checked(says, test)
    assert (found.outcome, found.rankings) == ("not checked", ())
    assert found.why.startswith(why)
