"""The answer in a few sentences says each verdict of its variations, and one next step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from alone import compare_metric
from paribus.comparison.compare import Comparison
from paribus.comparison.sequential import SeedPath
from paribus.comparison.study import StudyComparison, compare
from paribus.metrics.metric import Metric
from paribus.metrics.registry import METRICS
from paribus.narrative.answer import (
    MOST_NAMED,
    ORDER,
    decided_in_short,
    in_images,
    in_short,
    meanings,
    next_step,
    some,
    verdict_of,
)
from paribus.narrative.comparisons import NOT_TESTED
from paribus.stats.power import SeedsNeeded
from paribus.stats.sample import Verdict
from synthetic import make_records, make_study

ACCURACY = METRICS["test_accuracy"]
EPOCH = replace(METRICS["best_epoch"], margin=2.0)
PLAIN = make_study(seeds=2, epochs=2, settings=["main", "l2"])
COMPARED = compare(PLAIN, make_records(PLAIN, images=20))


def one(name: str, verdict: str, metric: Metric = ACCURACY, seeds: int = 5) -> Comparison:
    """A variation that came out so; `NOT_TESTED` has no p value."""
    made = compare_metric(name, np.zeros(seeds), np.linspace(0.01, 0.02, seeds), metric)
    if verdict == NOT_TESTED:
        return replace(made, p=None)
    return replace(made, p=0.1, verdict=verdict)  # type: ignore[arg-type]  # a parameter


def made(*comparisons: Comparison, paths: dict[str, SeedPath] | None = None) -> StudyComparison:
    """A study of these comparisons on its primary metric."""
    values = replace(COMPARED.values, primary=comparisons[0].metric)
    return replace(COMPARED, values=values, comparisons=comparisons, seed_paths=paths or {})


def all_called(verdict: str, *names: str, metric: Metric = ACCURACY) -> StudyComparison:
    return made(*(one(name, verdict, metric) for name in names))


# ---- whether it helped --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdict", "alone", "both"),
    [
        (
            "better",
            "a is better than main by 1.50 points in test accuracy.",
            "a and b are better than main in",
        ),
        (
            "worse",
            "a is worse than main by 1.50 points in test accuracy.",
            "a and b are worse than main in",
        ),
        (
            "higher",
            "a is higher than main by 1.50 points in test accuracy.",
            "a and b are higher than main in",
        ),
        (
            "lower",
            "a is lower than main by 1.50 points in test accuracy.",
            "a and b are lower than main in",
        ),
        (
            "equivalent",
            "a differs from main by less than 1 point.",
            "a and b differ from main by less than 1 point.",
        ),
        ("not worse", "a is not worse than main by 1 point or more.", "a and b are not worse"),
        ("not better", "a is not better than main by 1 point or more.", "a and b are not better"),
        (
            "undecided",
            "Whether a helps is undecided with 5 seeds.",
            "Whether a and b help is undecided with 5 seeds.",
        ),
        (NOT_TESTED, "a is not tested with 5 seeds.", "a and b are not tested with 5 seeds."),
    ],
)
def test_every_verdict_is_a_sentence_for_one_and_for_several(
    verdict: str, alone: str, both: str
) -> None:
    assert in_short(all_called(verdict, "a")) == alone
    assert in_short(all_called(verdict, "a", "b")).startswith(both)


def test_sentences_come_in_one_order_and_leave_no_variation_out() -> None:
    verdicts = [*ORDER]
    text = in_short(made(*(one(f"v{n}", verdict) for n, verdict in enumerate(reversed(verdicts)))))
    places = [text.index(f"v{n}") for n in reversed(range(len(verdicts)))]
    assert places == sorted(places)
    assert text.count(". ") == len(verdicts) - 1


def test_every_verdict_there_is_has_its_place() -> None:
    verdicts = [verdict for kind in get_args(Verdict) for verdict in get_args(kind)]
    assert {*ORDER} == {*verdicts, NOT_TESTED}
    assert verdict_of(one("a", NOT_TESTED)) == NOT_TESTED


def test_where_neither_way_is_better_nothing_helps_it_differs() -> None:
    assert in_short(all_called("undecided", "a", metric=EPOCH)) == (
        "Whether a differs from main is undecided with 5 seeds."
    )
    assert in_short(all_called("undecided", "a", "b", metric=EPOCH)).startswith(
        "Whether a and b differ from main"
    )


def test_different_numbers_of_seeds_are_a_range() -> None:
    compared = made(one("a", "undecided", seeds=2), one("b", "undecided", seeds=7))
    assert in_short(compared).endswith("is undecided with 2 to 7 seeds.")


def test_what_is_decided_is_one_sentence_without_the_rest() -> None:
    compared = made(one("a", "worse"), one("b", "undecided"), one("c", "better"))
    assert decided_in_short(compared) == (
        "c is better than main by 1.50 points in test accuracy; "
        "a is worse than main by 1.50 points in test accuracy."
    )
    for verdict in ("undecided", NOT_TESTED):
        assert decided_in_short(all_called(verdict, "a", "b")) == ""


@pytest.mark.parametrize("number", range(1, MOST_NAMED + 4))
def test_of_many_names_the_first_are_named_and_the_rest_counted(number: int) -> None:
    names = [f"v{n}" for n in range(number)]
    text = some(names)
    left = number - MOST_NAMED
    if left > 1:
        assert text.endswith(f" and {left} more") and "v3" in text and "v4" not in text
    else:  # "1 more" would be no shorter than its name
        assert all(name in text for name in names) and "more" not in text


# ---- what the verdicts mean ---------------------------------------------------------------------


def test_four_verdicts_are_explained_and_others_where_they_occur() -> None:
    assert [*meanings(all_called("better", "a"))] == ["better", "worse", "equivalent", "undecided"]
    rare = meanings(made(one("a", "not worse"), one("b", "not better")))
    assert rare["not worse"] == "shown not to be worse by 1 point or more"
    assert rare["not better"] == "shown not to be better by 1 point or more"


@pytest.mark.parametrize("verdict", ORDER)
@pytest.mark.parametrize("metric", [ACCURACY, EPOCH])
def test_a_verdict_that_occurs_is_always_explained(verdict: str, metric: Metric) -> None:
    if (verdict in ("higher", "lower")) != (metric is EPOCH) and verdict in (
        "higher", "lower", "better", "worse",
    ):  # fmt: skip
        return  # the metric has no such verdict
    assert verdict in meanings(all_called(verdict, "a", metric=metric))


def test_without_a_margin_nothing_is_equivalent() -> None:
    plain = replace(ACCURACY, margin=None)
    found = meanings(all_called("undecided", "a", metric=plain))
    assert "equivalent" not in found
    assert found["undecided"] == "these seeds don't show a difference"
    assert "below 1 point" in meanings(all_called("undecided", "a"))["undecided"]


def test_not_tested_is_for_want_of_seeds_or_of_a_look() -> None:
    few = all_called(NOT_TESTED, "a")
    assert "fewer than two seeds" in meanings(few)[NOT_TESTED]
    waiting = made(replace(one("a", NOT_TESTED), first_look=8))
    assert meanings(waiting)[NOT_TESTED] == "nothing is tested before the first look"


# ---- what to do next ----------------------------------------------------------------------------


def needing(name: str, seeds: int | None) -> Comparison:
    return replace(one(name, "undecided"), seeds_needed=SeedsNeeded(seeds, "difference", 0.8))


def test_what_is_decided_needs_nothing_more() -> None:
    decided: Sequence[Verdict] = ("better", "equivalent", "worse", "not worse")
    compared = made(*(one(f"v{n}", verdict) for n, verdict in enumerate(decided)))
    assert next_step(compared) == "Next: take v0. More seeds would only narrow the intervals."


def test_where_nothing_is_better_the_baseline_stays_or_what_is_equivalent() -> None:
    assert next_step(made(one("a", "worse"))).startswith("Next: keep main. ")
    equal = made(one("a", "worse"), one("b", "equivalent"), one("c", "equivalent"))
    assert next_step(equal).startswith("Next: keep main, or b and c if cheaper. ")


def test_where_neither_way_is_better_nothing_is_to_be_taken() -> None:
    assert "decided on these" in next_step(all_called("higher", "a", metric=EPOCH))


def test_one_seed_asks_for_more_but_not_where_all_else_is_decided() -> None:
    step = "Next: train more seeds, 5 to look or 10 to conclude."
    assert next_step(made(one("a", NOT_TESTED, seeds=1), one("b", "better"))) == step
    assert next_step(made(one("a", "better"))).startswith("Next: take a. ")


def test_it_names_the_seeds_that_would_decide_each() -> None:
    compared = made(needing("a", 1_200), one("b", "better"), needing("c", 7), needing("d", None))
    assert next_step(compared) == (
        "Next: declare more seeds in a new study. 80 % of such studies would decide a with 1,200 "
        "seeds and c with 7 seeds, if what was seen so far is the truth."
    )


def test_of_many_that_need_seeds_how_many_more_are_variations_not_seeds() -> None:
    step = next_step(made(*(needing(f"v{n}", 9) for n in range(7))))
    assert "v3 with 9 seeds and 3 more, if" in step


@pytest.mark.parametrize("needed", [SeedsNeeded(None, "difference", None), None])
def test_where_no_number_of_seeds_would_do_it_asks_for_another_change(
    needed: SeedsNeeded | None,
) -> None:
    step = next_step(made(replace(one("a", "undecided"), seeds_needed=needed)))
    assert step.startswith("Next: try another change. Not even 1,000 seeds would decide, or ")


def test_a_study_that_adds_seeds_goes_on() -> None:
    waiting = {"a": SeedPath((), 8), "b": SeedPath((), 5)}
    untested = (one(name, NOT_TESTED, seeds=1) for name in "ab")
    assert next_step(made(*untested, paths=waiting)) == (
        "Next: go on with this study, at least to 5 seeds."
    )
    spent = {"a": SeedPath((), None)}
    assert "new study" in next_step(made(needing("a", 9), paths=spent))
    adding = replace(needing("a", 9), anytime=True)
    assert next_step(made(adding)) == "Next: add seeds until a is decided."
    assert next_step(made(adding, replace(adding, variation="b"))) == (
        "Next: add seeds until a and b are decided."
    )


# ---- in images ----------------------------------------------------------------------------------


MATTERS = "The margin, what matters at least, is "


@pytest.mark.parametrize(
    ("test", "margin", "message"),
    [
        (8_000, 0.01, f"One point is 80 of the 8,000 test images. {MATTERS}1 point: 80 "),
        (250, 0.01, f"One point is 2.5 of the 250 test images. {MATTERS}1 point: 2.5 images."),
        (100, 0.01, f"One point is 1 of the 100 test images. {MATTERS}1 point: 1 image."),
        (60, 0.01, f"One point is 0.6 of the 60 test images. {MATTERS}1 point: less than one"),
        (200_000, 0.02, f"is 2,000 of the 200,000 test images. {MATTERS}2 points: 4,000 "),
        (8_000, None, "One point is 80 of the 8,000 test images. held"),
    ],
)  # fmt: skip
def test_a_point_and_the_margin_are_told_in_test_images(
    test: int, margin: float | None, message: str
) -> None:
    text = in_images(replace(ACCURACY, margin=margin), test, "held")
    assert message in text and text.endswith(" held")
    assert "e+" not in text


def test_what_is_no_share_of_all_images_is_not_told_in_them() -> None:
    assert in_images(METRICS["test_loss"], 8_000, "held") == "held"
    assert in_images(ACCURACY, None, "held") == "held"
