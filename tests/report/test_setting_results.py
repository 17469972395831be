"""The numbers of each setting are the records' own, seed by seed."""

from __future__ import annotations

import numpy as np
import pytest

from paribus.metrics.registry import METRICS
from paribus.narrative.numbers import Spread
from paribus.results import Results
from paribus.tables import confusion_of
from report.reports import ordinary, results_of
from synthetic import make_records, make_study


@pytest.fixture(scope="module")
def results() -> Results:
    written = ordinary()
    return results_of(written.study, written.records)


def test_settings_come_in_the_order_of_the_study_baseline_first(results: Results) -> None:
    assert [result.name for result in results.settings] == ["main", "batch-norm", "l2"]
    assert results.baseline.setting.changes == {}


def test_a_spread_is_over_finished_seeds_alone(results: Results) -> None:
    l2 = results.settings[2]
    assert [record.facts.seed for record in l2.finished] == [0, 2]
    for metric in METRICS:
        assert l2.spread(metric).n == 2


def test_means_are_those_of_the_runs_table(results: Results) -> None:
    frame = results.tables["runs"]
    main = frame[frame["setting"] == "main"]
    for column in ("test_accuracy", "best_test_loss", "best_epoch", "train_cpu_seconds"):
        spread = results.baseline.spread(column)
        assert spread.mean == pytest.approx(main[column].mean())
        assert spread.sd == pytest.approx(main[column].std(ddof=1))


def test_the_generalization_gap_is_validation_minus_training_loss(results: Results) -> None:
    main = results.baseline.by_seed
    np.testing.assert_allclose(
        main["generalization_gap"], main["final_val_loss"] - main["final_train_loss"]
    )


def test_a_difference_pairs_seeds_and_drops_those_that_one_lacks(results: Results) -> None:
    main, _, l2 = results.settings
    difference = l2.difference("test_accuracy", main)
    expected = [
        l2.by_seed["test_accuracy"][seed] - main.by_seed["test_accuracy"][seed] for seed in (0, 2)
    ]
    assert difference.values == pytest.approx(tuple(expected))


def test_counts_are_the_mean_confusion_matrix(results: Results) -> None:
    for result in results.settings:
        matrices = np.stack([confusion_of(record) for record in result.finished])
        np.testing.assert_allclose(result.counts, matrices.mean(axis=0))


def test_a_class_figure_is_found_by_its_number(results: Results) -> None:
    frame = results.tables["per_class"]
    of_cat = frame[(frame["setting"] == "main") & (frame["class"] == "cat")]
    number = results.baseline.classes.index("cat")
    assert results.baseline.class_spread("recall", number).values == tuple(of_cat["recall"])


def test_records_may_come_in_any_order() -> None:
    study = make_study(seeds=3, epochs=3)
    records = make_records(study, images=40)
    there, back = results_of(study, records), results_of(study, records[::-1])
    for a, b in zip(there.settings, back.settings, strict=True):
        assert a.by_seed.equals(b.by_seed)
        np.testing.assert_allclose(a.counts, b.counts)


def test_a_setting_without_a_run_has_no_values() -> None:
    study = make_study(seeds=2, epochs=3)
    records = [r for r in make_records(study, images=20) if r.facts.setting != "l2"]
    assert results_of(study, records).settings[2].spread("test_accuracy") == Spread(())


def test_one_value_has_no_deviation() -> None:
    assert Spread.of([0.5]).sd is None
    assert Spread.of([0.5, 0.7]).sd == pytest.approx(np.std([0.5, 0.7], ddof=1))


def test_the_generalization_gap_is_that_of_the_comparisons(results: Results) -> None:
    compared = results.compared
    assert compared is not None
    ours = compared.values.settings["main"].metrics["generalization_gap"]
    np.testing.assert_allclose(results.baseline.by_seed["generalization_gap"], ours[:3], rtol=1e-5)
