"""Which value of a run counts, and what a run without one came to."""

from __future__ import annotations

import math

import pytest

from found.making import declared, found
from paribus.found.metrics import measured
from paribus.found.points import point_of
from paribus.found.unsettled import UnsettledError
from paribus.found.values import Outcome, outcome
from paribus.sources.run import FoundRun, Points

NAN = math.nan
CURVE = found("a", val_acc=[0.5, 0.7, 0.6], val_loss=[1.0, 0.6, 0.8], once=0.25)


def came_to(run: FoundRun, at: str | int = "last", **more: object) -> Outcome:
    said = declared(primary="val_acc", at=at, **more)
    metrics = measured([CURVE, run], said)
    return outcome(run, metrics, point_of(said, [*run.metrics, "val_loss"], metrics))


def test_the_last_value_counts() -> None:
    assert came_to(CURVE).values == {"val_acc": 0.6, "val_loss": 0.8, "once": 0.25}


def test_of_a_place_that_was_logged_twice_the_later_value_counts() -> None:
    run = FoundRun("a", metrics={"val_acc": Points.of([(1, 0.1), (2, 0.2), (2, 0.3)])})
    assert came_to(run).values == {"val_acc": 0.3}
    assert came_to(run, 2).values == {"val_acc": 0.3}


def test_a_step_counts_where_it_was_logged() -> None:
    assert came_to(CURVE, 2).values == {"val_acc": 0.7, "val_loss": 0.6}
    left = came_to(CURVE, 9)
    assert (left.status, left.why) == (
        "left out", "it has no value of val_acc at 9; its last step is 3",
    )  # fmt: skip


def test_the_value_counts_where_another_metric_is_best() -> None:
    assert came_to(CURVE, "best:val_loss").values["val_acc"] == 0.7
    assert came_to(CURVE, "best:val_acc").values["val_acc"] == 0.7


def test_best_passes_over_what_is_no_number() -> None:
    run = found("a", val_acc=[0.5, 0.7, NAN], val_loss=[0.9, 0.8, NAN])
    assert came_to(run, "best:val_loss").values["val_acc"] == 0.7


def test_a_run_whose_guide_became_no_number_is_a_failure() -> None:
    run = found("a", val_acc=[0.5, 0.7], val_loss=[NAN, NAN])
    of = came_to(run, "best:val_loss")
    assert (of.status, of.why) == ("failed", "its val_loss became nan")


def test_best_may_be_the_highest_as_declared() -> None:
    run = found("a", val_acc=[0.5, 0.7, 0.6], gain=[3.0, 1.0, 2.0])
    said = {"metrics": {"gain": {"better": "higher"}}}
    assert came_to(run, "best:gain", **said).values["val_acc"] == 0.5


def test_best_of_a_metric_of_which_no_way_is_known_is_asked_about() -> None:
    with pytest.raises(UnsettledError, match="whether a higher gain is better"):
        said = declared(at="best:gain", primary="val_acc")
        point_of(said, ["gain"], measured([CURVE], said))


@pytest.mark.parametrize("name", ["val/loss", "loss", "VAL/LOSS"])
def test_best_may_be_named_by_the_last_part(name: str) -> None:
    run = found("a", val_acc=[0.5, 0.7, 0.6], val__loss=[1.0, 0.6, 0.8])
    said = declared(primary="val_acc", at=f"best:{name}")
    metrics = measured([CURVE, run], said)
    assert outcome(run, metrics, point_of(said, run.metrics, metrics)).values["val_acc"] == 0.7


@pytest.mark.parametrize(
    ("name", "why"),
    [("val_los", "is a metric of no run; did you mean 'val_loss'"), ("loss", "may be several")],
)
def test_best_of_what_names_not_one_metric_is_refused(name: str, why: str) -> None:
    with pytest.raises(UnsettledError, match=why):
        said = declared(at=f"best:{name}", primary="val_acc")
        point_of(said, ["a/loss", "b/loss", "val_loss"], measured([CURVE], said))


def test_best_of_another_axis_is_no_place_here() -> None:
    epochs = Points.of([(1, 0.5), (2, 0.4)], "epoch")
    run = FoundRun("a", metrics={"val_acc": CURVE.metrics["val_acc"], "val_loss": epochs})
    assert came_to(run, "best:val_loss").status == "left out"


# ---- runs without a value -----------------------------------------------------------------------


def test_a_run_that_its_tracker_says_failed_is_a_failure_whatever_it_logged() -> None:
    run = found("a", status="failed", val_acc=0.9)
    assert came_to(run).status == "failed"


def test_a_running_run_is_left_out() -> None:
    assert came_to(found("a", status="running", val_acc=0.9)).status == "left out"


@pytest.mark.parametrize("value", [NAN, math.inf, -math.inf])
@pytest.mark.parametrize("at", ["last", 3, "best:val_loss"])
def test_a_run_whose_numbers_end_is_a_failure(value: float, at: str | int) -> None:
    run = found("a", val_acc=[0.5, value, value], val_loss=[NAN, NAN, NAN])
    of = came_to(run, at)
    assert (of.status, of.why) == ("failed", f"its val_acc became {value}")


def test_a_run_that_never_logged_the_metric_is_left_out() -> None:
    of = came_to(found("a", val_loss=0.3))
    assert (of.status, of.why) == ("left out", "it has no value of val_acc")


def test_another_metric_that_is_no_number_is_only_missing() -> None:
    assert came_to(found("a", val_acc=0.5, val_loss=NAN)).values == {"val_acc": 0.5}
