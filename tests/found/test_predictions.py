"""Predictions find their runs, and records keep what is of one test set."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from found.making import declared, found, predicted
from found.test_find import finding
from paribus.errors import SourceError
from paribus.found import predictions as found_predictions
from paribus.found.predictions import attached, split, with_predictions
from paribus.found.records import records_of, study_of
from paribus.records.types import Record
from paribus.records.validate import faults
from paribus.sources.run import FoundPredictions, FoundRun

LABELS = ["cat", "dog", "cat", "dog"]


def runs_with(*predictions: FoundPredictions | None) -> list[FoundRun]:
    return [
        found(f"r{n}", setting="ab"[n % 2], seed=n // 2, acc=0.5, predictions=one)
        for n, one in enumerate(predictions)
    ]


def recorded(*predictions: FoundPredictions | None) -> found_predictions.Tested:
    of = finding(runs_with(*predictions), baseline="a", primary="acc")
    records = records_of(of, study_of(of, declared(baseline="a"), "n"))
    return with_predictions(records, {key: placed.run for key, placed in of.runs.items()})


def by_key(of: found_predictions.Tested) -> dict[tuple[str, int], Record]:
    return {record.key: record for record in of.records}


def test_predictions_of_their_own_belong_to_the_run_of_their_setting_and_seed() -> None:
    bare = found("p", setting="a", seed=1, predictions=predicted("ab", "ab"))
    others, apart = split([found("r", setting="a", seed=1, acc=0.5), bare])
    assert (len(others), apart) == (1, [bare])
    (run,) = attached([(others[0], "a", 1)], apart, None, read=lambda path: [])
    assert run.predictions is bare.predictions


def test_predictions_alone_are_the_runs() -> None:
    bare = [found("p", setting="a", seed=1, predictions=predicted("ab", "ab"))]
    assert split(bare) == (bare, [])


def test_a_pattern_finds_the_file_of_each_run(tmp_path: Path) -> None:
    (tmp_path / "mix_up-3.npz").write_bytes(b"")
    seen: list[Path] = []

    def read(path: Path) -> list[FoundRun]:
        seen.append(path)
        return [found("p", predictions=predicted("ab", "ab"))]

    places = [(found("r", setting="mix_up"), "mix-up", 3), (found("s"), "other", 3)]
    runs = attached(places, [], f"{tmp_path}/{{setting}}-{{seed}}.npz", read)
    assert [run.predictions is not None for run in runs] == [True, False]
    assert seen == [tmp_path / "mix_up-3.npz"]


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("nowhere.csv", "nowhere.csv: there is no such file of predictions"),
        ("no/{setting}-{seed}.npz", "no run has such a file of predictions"),
    ],
)
def test_predictions_that_lie_nowhere_are_refused(pattern: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        attached([(found("r"), "a", 0)], [], pattern, lambda path: [])


def test_one_file_may_have_the_predictions_of_all_runs(tmp_path: Path) -> None:
    of_all = [found("p", setting=s, seed=0, predictions=predicted("ab", "ab")) for s in "xy"]
    (tmp_path / "all.csv").write_bytes(b"")
    runs = attached([(found("r"), "y", 0)], [], f"{tmp_path}/all.csv", lambda path: of_all)
    assert runs[0].predictions is of_all[1].predictions


# ---- records ------------------------------------------------------------------------------------


def test_rows_in_any_order_make_the_same_record() -> None:
    ordered = predicted(LABELS, ["cat", "cat", "dog", "dog"], ["1", "2", "3", "10"])
    turned = FoundPredictions(
        ordered.ids[::-1], ordered.labels[::-1], ordered.predicted[::-1], ordered.classes
    )
    first, second = recorded(ordered, turned).records
    assert first.predictions is not None and second.predictions is not None
    assert first.predictions.index.tolist() == [1, 2, 3, 10]
    np.testing.assert_array_equal(first.predictions.index, second.predictions.index)
    np.testing.assert_array_equal(first.predictions.predicted, second.predictions.predicted)
    assert first.predictions.predicted.tolist() == [0, 0, 1, 1]


def test_probabilities_follow_their_examples_into_that_order() -> None:
    shares = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3]])
    (record,) = recorded(
        predicted("aba", "aaa", ["3", "1", "2"], classes=("a", "b"), probabilities=shares)
    ).records
    assert record.predictions is not None and record.predictions.last is not None
    np.testing.assert_allclose(np.exp(record.predictions.last[:, 0]), [0.8, 0.7, 0.9], rtol=1e-6)


@pytest.mark.parametrize("ids", [["b", "a"], ["9" * 30, "1" * 30]])
def test_ids_that_are_no_numbers_or_too_long_are_numbered_by_the_alphabet(ids: list[str]) -> None:
    (record,) = recorded(predicted("xy", "xy", ids)).records
    assert record.predictions is not None
    assert record.predictions.index.tolist() == [0, 1]
    assert record.predictions.labels.tolist() == [1, 0]


def test_a_class_that_only_one_run_predicts_is_a_class_of_all() -> None:
    of = recorded(predicted("ab", "ab"), predicted("ab", "ac"))
    assert all(record.classes == ("a", "b", "c") for record in of.records)
    assert not [fault for record in of.records for fault in faults(record)]


def test_a_run_of_other_examples_or_labels_has_none_and_that_is_said() -> None:
    good = predicted(LABELS, LABELS)
    other_ids = predicted(LABELS, LABELS, list("wxyz"))
    other_labels = predicted(LABELS[::-1], LABELS)
    of = recorded(good, other_ids, good, other_labels)
    kept = {key for key, record in by_key(of).items() if record.predictions}
    assert kept == {("a", 0), ("a", 1)}
    assert "of b, seed 0, b, seed 1 are left out" in of.notes[0]


def test_the_test_set_of_most_runs_counts_not_that_of_the_first() -> None:
    odd, good = predicted("ab", "ab", ["x", "y"]), predicted("ab", "ab")
    of = recorded(odd, good, good, good)
    assert {key for key, record in by_key(of).items() if record.predictions} == {
        ("a", 1), ("b", 0), ("b", 1),
    }  # fmt: skip
    assert "of a, seed 0 are left out" in of.notes[0]


def test_runs_without_predictions_stay_without() -> None:
    of = recorded(predicted("ab", "ab"), None)
    assert by_key(of)["b", 0].predictions is None


def test_probabilities_that_speak_for_other_classes_are_left_out_and_that_is_said() -> None:
    shares = np.array([[0.9, 0.1], [0.9, 0.1]])
    of = recorded(predicted("ab", "ab", probabilities=shares))
    (record,) = of.records
    assert record.predictions is not None and record.predictions.last is None
    assert record.predictions.predicted.tolist() == [0, 1]
    assert "aren't those with the highest probability" in of.notes[0]


@given(
    arrays(
        np.float64,
        st.tuples(st.integers(1, 6), st.just(3)),
        elements=st.sampled_from([0.0, 0.2, 1]),
    )
)
def test_any_probabilities_become_logarithms_that_a_record_may_have(weights: np.ndarray) -> None:
    weights[:, 0] += weights.sum(axis=1) == 0
    shares = weights / weights.sum(axis=1, keepdims=True)
    answers = [("a", "b", "c")[n] for n in shares.argmax(axis=1)]
    one = predicted(["a"] * len(answers), answers, classes=("a", "b", "c"), probabilities=shares)
    (record,) = recorded(one).records
    assert record.predictions is not None and record.predictions.last is not None
    assert not [*faults(record)]
    np.testing.assert_allclose(np.exp(record.predictions.last), shares, atol=1e-6)
    assert record.predictions.predicted.tolist() == ["abc".index(name) for name in answers]


def test_of_two_likeliest_classes_the_predicted_one_stays() -> None:
    one = predicted("ab", "ba", classes=("a", "b"), probabilities=np.full((2, 2), 0.5))
    (record,) = recorded(one).records
    assert record.predictions is not None and record.predictions.last is not None
    assert record.predictions.predicted.tolist() == [1, 0]


def test_more_classes_than_a_report_has_are_left_out_and_that_is_said() -> None:
    names = [f"c{n}" for n in range(1001)]
    of = recorded(predicted(names, names))
    assert of.records[0].predictions is None
    assert "1,001 classes" in of.notes[0]


def test_paths_of_images_are_by_the_numbers_of_examples() -> None:
    one = replace(predicted("ab", "ab", ["7", "5"]), paths=("x/7.png", "x/5.png"))
    assert recorded(one).images == {7: "x/7.png", 5: "x/5.png"}


@pytest.mark.parametrize("failed", [True, False])
def test_a_failed_run_has_no_predictions(failed: bool) -> None:
    runs = runs_with(predicted("ab", "ab"), predicted("ab", "ab"))
    runs[1] = replace(runs[1], status="failed" if failed else "finished")
    of = finding(runs, baseline="a", primary="acc")
    records = records_of(of, study_of(of, declared(baseline="a"), "n"))
    made = with_predictions(records, {key: placed.run for key, placed in of.runs.items()})
    assert (by_key(made)["b", 0].predictions is None) == failed
