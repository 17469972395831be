"""The loss chart's numbers: where values stand, what is averaged, and what stays out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from paribus.records.types import Record
from paribus.report.charts.curves import ceiling, loss_curves, lowest, one_setting
from synthetic import STEPS, changed_curves, make_records, make_study


@pytest.fixture(scope="module")
def records() -> list[Record]:
    study = make_study(seeds=3, epochs=6, settings=["main"])
    made: list[Record] = make_records(study, images=20, failing=("main", 1))
    return made


def test_a_steps_loss_stands_before_the_step_and_a_validation_after_its_epoch(
    records: list[Record],
) -> None:
    training, validation = loss_curves(records)
    np.testing.assert_allclose(training.at[[0, STEPS, -1]], [0, 1, 6 - 1 / STEPS])
    assert validation.at.tolist() == [1, 2, 3, 4, 5, 6]


def test_mean_and_band_are_over_finished_seeds(records: list[Record]) -> None:
    _, validation = loss_curves(records)
    losses = np.stack(
        [records[0].curves.values("val_loss"), records[2].curves.values("val_loss")]
    ).astype(float)
    np.testing.assert_allclose(validation.mean, losses.mean(axis=0))
    low, high = validation.band
    np.testing.assert_allclose(high - low, 2 * losses.std(axis=0, ddof=1))


def test_a_failed_run_is_drawn_as_far_as_it_has_numbers(records: list[Record]) -> None:
    training, _ = loss_curves(records)
    (failed,) = training.failed
    assert len(failed.at) == len(records[1].curves.values("step_loss")) - 1
    assert np.isfinite(failed.values).all()


def test_the_best_epochs_are_those_of_finished_seeds(records: list[Record]) -> None:
    best = lowest(records)
    assert best.epochs == (records[0].facts.best_epoch, records[2].facts.best_epoch)
    assert best.losses == tuple(float(records[n].curves.values("val_loss").min()) for n in (0, 2))


def test_one_seed_has_no_band_and_none_no_mean(records: list[Record]) -> None:
    assert loss_curves(records[:1])[1].band[0].size == 0
    assert loss_curves(records[1:2])[0].mean.size == 0
    one_setting(loss_curves(records[1:2]), lowest(records[1:2]), 3.0, 100, 350)


def test_a_run_that_explodes_does_not_flatten_the_others(records: list[Record]) -> None:
    exploded = changed_curves(
        records[0].curves, val_loss=records[0].curves.values("val_loss") * 1e6
    )
    both = loss_curves([replace(records[0], curves=exploded)])
    assert ceiling(both, 10) == pytest.approx(4 * np.log(10))


def test_an_ordinary_axis_shows_every_mean(records: list[Record]) -> None:
    both = loss_curves(records)
    assert ceiling(both, 10) > max(curves.mean.max() for curves in both)
