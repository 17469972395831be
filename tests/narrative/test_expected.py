"""What a plan says its seeds can show, and what it advises."""

from typing import Any

import pytest

from paribus.comparison.expected import Expected, expected
from paribus.narrative.expected import advice, expectations
from synthetic import make_study


def of(test: int = 359, **changes: Any) -> Expected:
    study = make_study(seeds=10, epochs=1, settings=["main", "l2"])
    return expected(type(study).model_validate(study.model_dump() | changes), test)


def said(**changes: Any) -> str:
    return " ".join(expectations(of(**changes)))


def advised(**changes: Any) -> str:
    return " ".join(advice(of(**changes)))


def test_ten_seeds_say_what_they_show_and_need_no_advice_but_on_the_margin() -> None:
    assert said() == (
        "One point of accuracy is 3.6 of 359 test images; the margin, 1 point, is 3.6. "
        "10 seeds would show, in 80 % of studies, a difference of 1 point, if paired differences "
        "spread by 1 point (assumed; 0.6 to 1.2 in our studies). A variation that changes nothing "
        "would be shown equivalent within the margin in 80 % of studies."
    )
    assert advised(seeds=12) == ""
    assert advised(margin=0.005) == (
        "The margin, 0.5 points, is 1.8 test images: a gain that so few images make is hard to "
        "act on."
    )


def test_several_variations_and_looks_are_counted() -> None:
    variations = {"l2": {"optimizer.weight_decay": 0.1}, "l3": {"optimizer.weight_decay": 0.2}}
    assert "for each of 2 variations" in said(variations=variations)
    for until in ({"looks": [5, 12]}, {"most": 12}):
        assert "At most 12 seeds would show" in said(seeds={"until": "decided"} | until)


@pytest.mark.parametrize(
    ("changes", "tests"),
    [
        ({"seeds": 3}, ["by ranks", "they need 6 seeds", "its p is 0.25 at best"]),
        ({"seeds": 6}, []),
        ({"seeds": {"until": "decided", "most": 5}}, ["they need 7 seeds"]),
    ],
)
def test_tests_that_can_not_come_out_are_named(changes: dict[str, Any], tests: list[str]) -> None:
    text = said(**changes)
    assert all(part in text for part in tests)
    assert ("by ranks" in text) == bool(tests)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"seeds": 1}, "One seed shows no spread, so nothing can be tested: take 5 to look"),
        ({"seeds": 3}, "3 seeds are few: take 5 to look, 10 to conclude."),
        ({"margin": 0.002}, "0.2 points, is less than one test image"),
        ({"margin": 0.2}, "Within a margin of 20 points nearly everything is equivalent"),
        ({"seeds": 5}, "would be shown in 40 % of studies; 10 seeds would show it in 80 %."),
        (
            {"seeds": {"until": "decided", "most": 12}},
            "10 seeds, trained whatever they show, would show it in 80 %.",
        ),
        ({"variations": {}}, "nothing to compare"),
    ],
)
def test_what_makes_no_sense_is_said_with_what_would(
    changes: dict[str, Any], sentence: str
) -> None:
    assert sentence in advised(**changes)


def test_other_metrics_are_told_in_their_own_spread() -> None:
    text = said(primary="test_loss", margin=None)
    assert text == (
        "10 seeds would show, in 80 % of studies, a difference in test loss of 1 times "
        "the standard deviation of the paired differences."
    )
    assert said(primary="best_epoch", margin=None) == ""
    assert said(paired=False).endswith("is 3.6.")
