"""From records to values: what every run contributes, and what it doesn't."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from paribus import tables
from paribus.comparison.values import half_way_loss, values
from paribus.errors import ComparisonError
from paribus.metrics.registry import METRICS, with_target
from paribus.records.types import Floats, Record
from paribus.study.spec import Study
from synthetic import changed_curves, make_records, make_study

CLASSES = ("cat", "dog", "ship")


@pytest.fixture(scope="module")
def study() -> Study:
    return make_study(seeds=3, epochs=6, settings=["main", "bn"])


@pytest.fixture(scope="module")
def records(study: Study) -> list[Record]:
    result = make_records(study, classes=CLASSES, images=90, failing=("main", 1))
    return [
        replace(r, facts=r.facts.model_copy(update={"train_cpu_seconds": 40.0 + r.facts.seed}))
        for r in result
    ]


def with_curves(record: Record, **curves: Sequence[float]) -> Record:
    return replace(record, curves=changed_curves(record.curves, **curves))


def test_values_are_those_of_the_tables(study: Study, records: list[Record]) -> None:
    result = values(study, records)
    runs = tables.runs(study, records).set_index(["setting", "seed"])
    for metric in ("test_accuracy", "test_loss", "macro_f1", "best_epoch", "best_val_loss"):
        for setting in ("main", "bn"):
            expected = runs.loc[setting][metric].to_numpy(float, na_value=np.nan)
            np.testing.assert_array_equal(result.settings[setting].metrics[metric], expected)
    gap = runs.final_val_loss - runs.final_train_loss
    np.testing.assert_allclose(
        result.settings["bn"].metrics["generalization_gap"], gap.loc["bn"], rtol=1e-6
    )


def test_class_figures_are_those_of_the_tables(study: Study, records: list[Record]) -> None:
    result = values(study, records)
    frame = tables.per_class(records)
    for figure in ("recall", "precision", "f1"):
        row = frame[(frame["setting"] == "bn") & (frame["seed"] == 2)][figure]
        np.testing.assert_array_equal(result.by_class("bn", figure)[2], row)
        np.testing.assert_array_equal(
            result.settings["bn"].metrics[f"{figure}:dog"], result.by_class("bn", figure)[:, 1]
        )


def test_every_metric_is_there_for_every_seed(study: Study, records: list[Record]) -> None:
    for predictions in values(study, records).settings.values():
        assert set(predictions.metrics) >= {*METRICS, "recall:cat", "precision:dog", "f1:ship"}
        assert all(column.shape == (3,) for column in predictions.metrics.values())


def test_a_failed_run_has_a_record_and_no_value(study: Study, records: list[Record]) -> None:
    main = values(study, records).settings["main"]
    assert main.recorded.tolist() == [True, True, True]
    assert main.finished.tolist() == [True, False, True]
    assert all(np.isnan(column[1]) for column in main.metrics.values())
    assert not main.correct[1].any()


def test_a_run_without_a_record_has_no_value_and_ends_what_is_trained(
    study: Study, records: list[Record]
) -> None:
    without = [r for r in records if (r.facts.setting, r.facts.seed) != ("bn", 1)]
    bn = values(study, without).settings["bn"]
    assert bn.recorded.tolist() == [True, False, True]
    assert np.isnan(bn.metrics["test_accuracy"]).tolist() == [False, True, False]
    assert bn.trained == 1
    assert values(study, records).settings["bn"].trained == 3


def test_correctness_is_told_image_by_image(study: Study, records: list[Record]) -> None:
    bn = values(study, records).settings["bn"]
    np.testing.assert_allclose(bn.correct.mean(axis=1), bn.metrics["test_accuracy"])


def test_a_setting_without_a_finished_run_has_empty_columns(
    study: Study, records: list[Record]
) -> None:
    only_main = [r for r in records if r.facts.setting == "main"]
    bn = values(study, only_main).settings["bn"]
    assert np.isnan(bn.metrics["recall:cat"]).all()
    assert values(study, []).classes == ()


def test_training_seconds_are_the_processors_and_none_is_unknown(
    study: Study, records: list[Record]
) -> None:
    assert values(study, records).settings["bn"].metrics["train_cpu_seconds"].tolist() == [
        40,
        41,
        42,
    ]
    old = [replace(r, facts=r.facts.model_copy(update={"train_cpu_seconds": 0.0})) for r in records]
    assert np.isnan(values(study, old).settings["bn"].metrics["train_cpu_seconds"]).all()


def test_an_infinite_loss_is_no_value(study: Study, records: list[Record]) -> None:
    predictions = records[0].predictions
    assert predictions is not None and predictions.last is not None
    last: Floats = predictions.last.copy()
    last[0, predictions.labels[0]] = -np.inf
    changed = [replace(records[0], predictions=replace(predictions, last=last)), *records[1:]]
    main = values(study, changed).settings["main"]
    assert np.isnan(main.metrics["test_loss"][0])
    assert np.isfinite(main.metrics["test_accuracy"][0])


def test_runs_tested_on_other_images_are_refused(study: Study, records: list[Record]) -> None:
    predictions = records[-1].predictions
    assert predictions is not None
    other = replace(records[-1], predictions=replace(predictions, index=predictions.index + 1))
    with pytest.raises(ComparisonError, match="bn, seed 2 was tested on other images"):
        values(study, [*records[:-1], other])


# ---- the declared rules -------------------------------------------------------------------------


def test_the_loss_to_reach_is_half_way_down_the_baselines_mean_fall() -> None:
    curves = [np.array([2.2, 1.0, 0.4, 0.5]), np.array([1.8, 1.4, 0.6, 0.5])]
    assert half_way_loss(curves) == pytest.approx((2.0 + 0.5) / 2)


@pytest.mark.parametrize("curves", [[], [np.array([2.0])], [np.array([2.0, 2.0, 2.5])]])
def test_a_loss_that_never_falls_gives_no_loss_to_reach(curves: list[Floats]) -> None:
    assert half_way_loss(curves) is None


def test_the_variation_has_no_part_in_the_loss_to_reach(
    study: Study, records: list[Record]
) -> None:
    fast = [with_curves(r, train_loss=[0.1] * 6) if r.facts.setting == "bn" else r for r in records]
    assert values(study, fast).target_loss == values(study, records).target_loss


def test_epochs_to_a_loss_never_reached_and_a_best_epoch_at_the_end_are_censored(
    study: Study, records: list[Record]
) -> None:
    slow = [
        with_curves(r, train_loss=[9.0] * 6, val_loss=[6, 5, 4, 3, 2, 1])
        if (r.facts.setting, r.facts.seed) == ("bn", 1)
        else with_curves(r, val_loss=[6, 5, 1, 2, 3, 4]) if r.predictions else r
        for r in records
    ]  # fmt: skip
    bn = values(study, slow).settings["bn"]
    assert bn.censored["epochs_to_loss"].tolist() == [False, True, False]
    assert bn.metrics["epochs_to_loss"][1] == 7
    assert bn.censored["best_epoch"].tolist() == [False, True, False]
    assert bn.metrics["best_epoch"].tolist() == [3, 6, 3]


def test_metrics_taken_by_a_rule_tell_it(study: Study, records: list[Record]) -> None:
    result = values(study, records)
    assert f"{result.target_loss:.3g} nats, half-way" in result.metrics["epochs_to_loss"].note
    assert "CPU" in result.metrics["train_cpu_seconds"].note
    assert result.metrics["test_accuracy"].note == ""
    assert "never falls" in with_target(METRICS, None)["epochs_to_loss"].note
