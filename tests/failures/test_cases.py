"""Which failed cases are shown, and in which orders they tell most."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings

from failures.made import Probabilities, an_outcome, some_records, studies, surely, suspected
from paribus.errors import RecordError
from paribus.failures import cases as failures
from paribus.failures.cases import (
    FEWEST,
    MOST,
    MOST_CLASSES,
    MOST_EXPLANATIONS,
    Case,
    confusions,
    examples,
    shown_cases,
    telling_images,
)
from paribus.failures.outcomes import Outcomes, all_changes, changes, outcomes
from paribus.records.types import Integers, Predictions, Record
from synthetic import make_records, make_study

Rows = list[list[float]]


def with_probabilities(record: Record, labels: list[int], rows: Rows) -> Record:
    log: npt.NDArray[np.float32] = np.log(np.array(rows, np.float32))
    index = np.arange(len(labels)) + 100
    return replace(record, predictions=Predictions(index, np.array(labels), log, log))


def cases(labels: list[int], *seeds: Rows) -> tuple[Case, ...]:
    """The cases of one setting over three classes a, b, c, with these predictions a seed."""
    study = make_study(seeds=len(seeds), epochs=2, settings=["main"])
    records = make_records(study, classes="abc", images=len(labels))
    return shown_cases(
        [with_probabilities(r, labels, rows) for r, rows in zip(records, seeds, strict=True)]
    )


RIGHT = [0.8, 0.1, 0.1]
B = [0.3, 0.6, 0.1]
SURELY_B = [0.1, 0.9, 0.0001]
BARELY_RIGHT = [0.5, 0.49, 0.01]
C = [0.3, 0.1, 0.6]


def test_the_image_wrong_in_most_seeds_comes_before_the_surer_one() -> None:
    (case,) = cases([0, 0], [B, SURELY_B], [B, BARELY_RIGHT])
    assert (case.index, case.wrong, case.seeds) == (100, 2, 2)


def test_of_images_wrong_equally_often_the_surer_one_is_shown() -> None:
    (case,) = cases([0, 0], [B, SURELY_B])
    assert case.index == 101
    assert case.predicted_probability == pytest.approx(0.9)


def test_the_prediction_shown_is_the_most_frequent_wrong_one_by_name() -> None:
    (case,) = cases([0], [B], [C], [C])
    assert (case.true, case.predicted) == ("a", "c")


def test_of_equally_frequent_wrong_predictions_the_likelier_one_is_shown() -> None:
    (case,) = cases([0], [B], [[0.0001, 0.1, 0.9]])
    assert case.predicted == "c"


def test_probabilities_are_means_over_all_seeds_the_right_ones_too() -> None:
    (case,) = cases([0], [B], [RIGHT])
    assert case.true_probability == pytest.approx((0.3 + 0.8) / 2)
    assert case.predicted_probability == pytest.approx((0.6 + 0.1) / 2)
    assert (case.wrong, case.seeds) == (1, 2)


def test_a_class_that_is_always_right_has_no_case() -> None:
    assert cases([0], [RIGHT]) == ()


def test_two_settings_that_see_a_image_differently_have_files_of_their_own() -> None:
    sharp, blurred = make_records(make_study(seeds=1, epochs=1, settings=["main", "l2"]))
    data = blurred.facts.data.model_copy(update={"fingerprint": "b" * 64})
    blurred = replace(blurred, facts=blurred.facts.model_copy(update={"data": data}))
    cases_of = {s: {c.seen for c in shown_cases([r])} for s, r in (("a", sharp), ("b", blurred))}
    assert cases_of["a"].isdisjoint(cases_of["b"])


def test_every_setting_and_class_has_its_own_case_and_the_files_say_the_data() -> None:
    result = shown_cases(make_records(make_study(seeds=2, epochs=2)))
    assert len(result) == 30
    assert list(dict.fromkeys(case.setting for case in result)) == ["main", "batch-norm", "l2"]
    assert result[0].original == f"original-{result[0].index}.png"
    assert result[0].seen == f"seen-{result[0].data[:8]}-{result[0].index}.png"


def test_of_many_classes_those_of_lowest_recall_are_shown() -> None:
    names = [f"class {number}" for number in range(40)]
    records = make_records(make_study(seeds=3, epochs=2, settings=["main"]), classes=names)
    wrong = dict.fromkeys(range(40), 0)
    for record in records:
        assert record.predictions is not None
        outcome = record.predictions
        for label in outcome.labels[outcome.predicted != outcome.labels]:
            wrong[int(label)] += 1
    support = np.bincount(np.arange(500) % 40)
    shown = {names.index(case.true) for case in shown_cases(records)}
    share = {number: count / support[number] for number, count in wrong.items()}
    assert len(shown) == MOST_CLASSES
    assert min(share[n] for n in shown) >= max(share[n] for n in set(share) - shown)


def test_a_failed_run_does_not_count() -> None:
    study = make_study(seeds=3, epochs=4, settings=["main"])
    assert {c.seeds for c in shown_cases(make_records(study, failing=("main", 1)))} == {2}


def test_runs_with_other_test_images_are_refused() -> None:
    first, second = make_records(make_study(seeds=2, epochs=2, settings=["main"]))
    assert second.predictions is not None
    moved = replace(second.predictions, index=second.predictions.index + 1)
    with pytest.raises(RecordError, match=r"seed 1: its test images .* seed 0"):
        shown_cases([first, replace(second, predictions=moved)])


# ---- rankings ------------------------------------------------------------------------------------


@given(studies())
@settings(max_examples=60, deadline=None)
def test_rankings_are_sorted_failures_each_once(
    study: tuple[Integers, dict[str, Probabilities]],
) -> None:
    for outcome in outcomes(some_records(*study)).values():
        wrong = set(np.flatnonzero(outcome.wrong > 0).tolist())
        confident = failures.most_confident(outcome)
        assert set(confident.tolist()) == wrong
        assert len(confident) == len(wrong)
        assert (np.diff(outcome.rival_probability[confident]) <= 0).all()
        boundary = failures.nearest_boundary(outcome)
        assert set(boundary.tolist()) == wrong
        assert (np.diff(np.abs(outcome.margin[boundary])) >= 0).all()


def test_of_equals_the_image_of_the_lower_number_comes_first() -> None:
    outcome = an_outcome([0, 0, 0], surely([[1, 1, 1]], 2))
    assert failures.most_confident(outcome).tolist() == [0, 1, 2]
    assert failures.nearest_boundary(outcome).tolist() == [0, 1, 2]


def test_what_is_fixed_in_most_seeds_and_broken_in_fewest_comes_first() -> None:
    # Seeds in rows; the four images are of class 0.
    main = an_outcome([0] * 4, surely([[1, 1, 0, 0], [1, 1, 0, 1], [0, 1, 0, 1]], 2))
    other = an_outcome([0] * 4, surely([[0, 0, 0, 1], [0, 0, 1, 0], [1, 1, 0, 0]], 2))
    change = changes(main, other)
    assert change.fixed.tolist() == [2, 2, 0, 2]
    assert change.broken.tolist() == [1, 0, 1, 1]
    assert failures.most_fixed(other, change).tolist() == [1, 0, 3]
    assert failures.most_broken(other, change).tolist() == [2, 0, 3]


@given(studies())
@settings(max_examples=60, deadline=None)
def test_confusions_are_counted_as_by_hand(
    study: tuple[Integers, dict[str, Probabilities]],
) -> None:
    labels, _ = study
    for outcome in outcomes(some_records(*study)).values():
        result = {(int(c.true), int(c.predicted)): c.images.estimate for c in confusions(outcome)}
        for true in range(len(outcome.classes)):
            for predicted in range(len(outcome.classes)):
                cell = (labels == true) & (outcome.predicted == predicted)
                expected = 0.0 if true == predicted else cell.sum() / len(outcome.seeds)
                assert result.get((true, predicted), 0.0) == pytest.approx(expected)
        counts = [c.images.estimate for c in confusions(outcome)]
        assert counts == sorted(counts, reverse=True)


@given(studies())
@settings(max_examples=60, deadline=None)
def test_the_example_of_a_confusion_is_what_most_seeds_take_for_the_class(
    study: tuple[Integers, dict[str, Probabilities]],
) -> None:
    for outcome in outcomes(some_records(*study)).values():
        result = examples(outcome).tolist()
        pairs = [(int(c.true), int(c.predicted)) for c in confusions(outcome)]
        assert len(result) == len(pairs)
        for row, (true, predicted) in zip(result, pairs, strict=True):
            of_class = np.flatnonzero(outcome.labels == true)
            best = max(
                of_class,
                key=lambda p: (outcome.votes[p, predicted], outcome.probability[p, predicted]),
            )
            assert outcome.labels[row] == true
            for array in (outcome.votes, outcome.probability):
                assert array[row, predicted] == array[best, predicted]


def test_two_hundred_classes_have_their_confusions() -> None:
    labels = np.arange(400) % 200
    outcome = an_outcome(labels.tolist(), surely(np.stack([(labels + 1) % 200] * 2), 200))
    assert len(confusions(outcome)) == 200
    assert len(failures.worst_of_classes(outcome)) == MOST_CLASSES


# ---- which test images are kept: the worst of all first, then some of everything that tells


@pytest.fixture(scope="module")
def result() -> dict[str, Outcomes]:
    return outcomes(make_records(make_study(seeds=4, epochs=1), images=1500))


def test_the_shown_cases_come_first_and_are_all_there(result: dict[str, Outcomes]) -> None:
    shown = {
        c.index
        for c in failures.shown_cases(make_records(make_study(seeds=4, epochs=1), images=1500))
    }
    kept = telling_images(result, "main").tolist()
    assert set(kept[: len(shown)]) == shown
    assert set(telling_images(result, "main", most=1).tolist()) == shown


def test_the_first_of_every_ranking_are_kept(result: dict[str, Outcomes]) -> None:
    kept = set(telling_images(result, "main").tolist())
    index = result["main"].index
    rankings = [np.argsort(suspected(result).rank)]
    for outcome in result.values():
        rankings += [
            failures.most_confident(outcome),
            failures.nearest_boundary(outcome),
            failures.examples(outcome),
        ]
    for name, change in all_changes(result, "main").items():
        rankings += [
            failures.most_fixed(result[name], change), failures.most_broken(result[name], change)
        ]  # fmt: skip
    for ranking in rankings:
        assert set(index[ranking[:10]].tolist()) <= kept


def test_a_image_is_kept_once_and_the_same_are_kept_again(result: dict[str, Outcomes]) -> None:
    kept = telling_images(result, "main")
    assert len(set(kept.tolist())) == len(kept) == MOST
    np.testing.assert_array_equal(kept, telling_images(result, "main"))
    assert telling_images(result, "main", most=50).tolist() == kept[:50].tolist()


@pytest.mark.parametrize("settings", [1, 12, 100])
def test_of_many_settings_fewer_images_are_kept(settings: int) -> None:
    names = [f"s{number}" for number in range(settings)]
    records = make_records(make_study(seeds=2, epochs=1, settings=names), images=600)
    shown = {case.index for case in failures.shown_cases(records)}
    expected = max(len(shown), FEWEST, min(MOST, MOST_EXPLANATIONS // settings))
    assert len(telling_images(outcomes(records), names[0])) == expected


@given(studies())
@settings(max_examples=40, deadline=None)
def test_of_few_images_all_are_kept(
    study: tuple[Integers, dict[str, Probabilities]],
) -> None:
    outcome = outcomes(some_records(*study))
    kept = telling_images(outcome, "main").tolist()
    assert sorted(kept) == outcome["main"].index.tolist()


def test_where_nothing_fails_only_a_few_images_are_kept() -> None:
    labels = np.arange(300) % 3
    outcome = outcomes(some_records(labels, {"main": surely([labels, labels], 3)}))
    assert len(telling_images(outcome, "main")) == FEWEST


def test_without_a_finished_run_nothing_is_kept() -> None:
    assert telling_images({}, "main").tolist() == []


def test_without_a_finished_baseline_images_are_kept_all_the_same(
    result: dict[str, Outcomes],
) -> None:
    assert len(telling_images({"l2": result["l2"]}, "main")) == MOST
