"""The loss chart's numbers: where values stand, what is averaged, and what stays out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from paribus.records.types import Record
from paribus.report.charts.curves import (
    ceiling,
    envelope,
    extremes,
    loss_curves,
    lowest,
    one_setting,
    short_batch,
)
from synthetic import STEPS, changed_curves, make_records, make_study


@pytest.fixture(scope="module")
def records() -> list[Record]:
    study = make_study(seeds=3, epochs=6, settings=["main"])
    made: list[Record] = make_records(study, images=20, failing=("main", 1))
    return made


def sized(record: Record, images: int | None, size: int | None) -> Record:
    """As if it had been trained on so many images, in batches of this size."""
    data = record.facts.data.model_copy(update={"training": images})
    config = {**record.facts.config, "batch_size": size}
    return replace(record, facts=record.facts.model_copy(update={"data": data, "config": config}))


def even(record: Record) -> Record:
    """Trained on images that fill every batch."""
    return sized(record, STEPS * 128, 128)


def test_a_steps_loss_stands_before_the_step_and_a_validation_after_its_epoch(
    records: list[Record],
) -> None:
    training, validation = loss_curves([even(record) for record in records])
    np.testing.assert_allclose(training.at[[0, STEPS, -1]], [0, 1, 6 - 1 / STEPS])
    assert validation.at.tolist() == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("images", "size", "left"),
    [
        (5000, 128, 8),  # the last batch, where it is less than half of one
        (5120, 128, 0),
        (5000, 100, 0),
        (4991, 128, 0),  # 127 left are nearly a batch
        (4928, 128, 0),  # a half
        (4927, 128, 63),
        (5121, 128, 0),  # one alone joins the batch before
        (None, 128, 0),
        (5000, None, 0),
    ],
)
def test_a_last_batch_is_short_if_it_has_less_than_half(
    records: list[Record], images: int | None, size: int | None, left: int
) -> None:
    assert short_batch(sized(records[0], images, size)) == left


def test_steps_of_a_short_last_batch_are_not_drawn(records: list[Record]) -> None:
    assert short_batch(records[0]) == 8
    drawn, _ = loss_curves(records[:1])
    whole, _ = loss_curves([even(records[0])])
    last = np.arange(1, 7) - 1 / STEPS  # before the last step of each epoch
    assert set(whole.at.round(6)) - set(drawn.at.round(6)) == set(last.round(6))
    assert len(whole.at) - len(drawn.at) == 6
    by_epoch, _ = loss_curves(records[:1], by_epoch=True)
    assert by_epoch.at.tolist() == [1, 2, 3, 4, 5, 6]  # means of whole epochs have all


def test_mean_and_band_are_over_finished_seeds(records: list[Record]) -> None:
    _, validation = loss_curves(records)
    losses = np.stack(
        [records[0].curves.values("val_loss"), records[2].curves.values("val_loss")]
    ).astype(float)
    np.testing.assert_allclose(validation.mean, losses.mean(axis=0))
    low, high = validation.band
    np.testing.assert_allclose(high - low, 2 * losses.std(axis=0, ddof=1))


def test_a_failed_run_is_drawn_as_far_as_it_has_numbers(records: list[Record]) -> None:
    training, _ = loss_curves([even(record) for record in records])
    (failed,) = training.failed
    assert len(failed.at) == len(records[1].curves.values("step_loss")) - 1
    assert np.isfinite(failed.values).all()


def test_the_best_epochs_are_those_of_finished_seeds(records: list[Record]) -> None:
    assert lowest(records) == [
        (records[n].facts.best_epoch, float(records[n].curves.values("val_loss").min()))
        for n in (0, 2)
    ]


def test_one_seed_has_no_band_and_none_no_mean(records: list[Record]) -> None:
    assert loss_curves(records[:1])[1].band[0].size == 0
    assert loss_curves(records[1:2])[0].mean.size == 0
    both = loss_curves(records[1:2])
    one_setting(both, both, lowest(records[1:2]), 3.0, 100, 350)


def test_a_run_that_explodes_does_not_flatten_the_others(records: list[Record]) -> None:
    exploded = changed_curves(
        records[0].curves, val_loss=records[0].curves.values("val_loss") * 1e6
    )
    both = loss_curves([replace(records[0], curves=exploded)])
    assert ceiling(both, 10) == pytest.approx(4 * np.log(10))


def test_an_ordinary_axis_shows_every_mean(records: list[Record]) -> None:
    both = loss_curves(records)
    assert ceiling(both, 10) > max(curves.mean.max() for curves in both)


# ---- a thinned line keeps every column's peaks, in order, and no more points than it must


Line = npt.NDArray[np.float64]
LINES = arrays.arrays(np.float64, st.integers(0, 300), elements=st.floats(-1e6, 1e6))


def bins(points: int, columns: int) -> list[range]:
    size = -(-points // columns)
    return [range(start, min(start + size, points)) for start in range(0, points, size or 1)]


@given(LINES, st.integers(1, 50))
def test_every_column_keeps_its_lowest_and_its_highest_point(line: Line, columns: int) -> None:
    kept = set(extremes(line, columns).tolist())
    for column in bins(len(line), columns):
        shown = [line[index] for index in column if index in kept]
        assert min(shown) == line[column].min()
        assert max(shown) == line[column].max()


@given(LINES, st.integers(1, 50))
def test_points_stay_in_order_and_at_most_two_a_column(line: Line, columns: int) -> None:
    kept = extremes(line, columns)
    assert (np.diff(kept) > 0).all()
    assert len(kept) <= 2 * columns


def test_a_line_with_room_for_all_its_points_keeps_them() -> None:
    assert extremes(np.arange(20.0), 10).tolist() == list(range(20))


@given(LINES, st.integers(1, 50))
def test_an_envelope_encloses_the_band(line: Line, columns: int) -> None:
    middle, low, high = envelope(line - 1, line + 1, columns)
    assert len(middle) == len(low) == len(high)
    if len(line) > 2 * columns:
        for at, bottom, top in zip(bins(len(line), columns), low, high, strict=True):
            assert bottom == (line - 1)[at].min()
            assert top == (line + 1)[at].max()
