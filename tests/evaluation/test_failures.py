"""Which failed cases are shown: wrong in most seeds first, then most surely wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from paribus.errors import RecordError
from paribus.evaluation.failures import MOST_CLASSES, Case, shown_cases
from paribus.records import Predictions, Record
from synthetic import make_records, make_study

Rows = list[list[float]]


def with_probabilities(record: Record, labels: list[int], rows: Rows) -> Record:
    log: npt.NDArray[np.float32] = np.log(np.array(rows, np.float32))
    index = np.arange(len(labels)) + 100
    return replace(record, predictions=Predictions(index, np.array(labels), log, log))


def cases(labels: list[int], *seeds: Rows) -> tuple[Case, ...]:
    """The cases of one setting over three classes a, b, c, with these predictions a seed."""
    study = make_study(seeds=len(seeds), epochs=2, settings=["main"])
    records = make_records(study, classes="abc", pictures=len(labels))
    return shown_cases(
        [with_probabilities(r, labels, rows) for r, rows in zip(records, seeds, strict=True)]
    )


RIGHT = [0.8, 0.1, 0.1]
B = [0.3, 0.6, 0.1]
SURELY_B = [0.1, 0.9, 0.0001]
BARELY_RIGHT = [0.5, 0.49, 0.01]
C = [0.3, 0.1, 0.6]


def test_the_picture_wrong_in_most_seeds_comes_before_the_surer_one() -> None:
    (case,) = cases([0, 0], [B, SURELY_B], [B, BARELY_RIGHT])
    assert (case.index, case.wrong, case.seeds) == (100, 2, 2)


def test_of_pictures_wrong_equally_often_the_surer_one_is_shown() -> None:
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


def test_every_setting_and_class_has_its_own_case_and_the_files_say_the_sizes() -> None:
    found = shown_cases(make_records(make_study(seeds=2, epochs=2)))
    assert len(found) == 30
    assert list(dict.fromkeys(case.setting for case in found)) == ["main", "batch-norm", "l2"]
    assert found[0].original == f"original-{found[0].index}.png"
    assert found[0].seen == f"seen-32x32-{found[0].index}.png"


def test_of_many_classes_those_of_lowest_recall_are_shown() -> None:
    names = [f"class {number}" for number in range(40)]
    records = make_records(make_study(seeds=3, epochs=2, settings=["main"]), classes=names)
    wrong = dict.fromkeys(range(40), 0)
    for record in records:
        assert record.predictions is not None
        its = record.predictions
        for label in its.labels[its.last.argmax(axis=1) != its.labels]:
            wrong[int(label)] += 1
    support = np.bincount(np.arange(500) % 40)
    shown = {names.index(case.true) for case in shown_cases(records)}
    share = {number: count / support[number] for number, count in wrong.items()}
    assert len(shown) == MOST_CLASSES
    assert min(share[n] for n in shown) >= max(share[n] for n in set(share) - shown)


def test_a_failed_run_does_not_count() -> None:
    study = make_study(seeds=3, epochs=4, settings=["main"])
    assert {c.seeds for c in shown_cases(make_records(study, failing=("main", 1)))} == {2}


def test_runs_of_one_setting_with_other_test_pictures_are_refused() -> None:
    first, second = make_records(make_study(seeds=2, epochs=2, settings=["main"]))
    assert second.predictions is not None
    moved = replace(second.predictions, index=second.predictions.index + 1)
    with pytest.raises(RecordError, match="seed 1: its test pictures are not those of seed 0"):
        shown_cases([first, replace(second, predictions=moved)])
