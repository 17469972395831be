"""The study and the records that found runs become."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from found.making import declared, found, logged, sweep
from found.test_find import finding
from paribus.errors import StudyError
from paribus.found.records import MOST_POINTS, curves_of, records_of, study_of
from paribus.records.types import Record
from paribus.records.validate import faults
from paribus.sources.run import FoundRun, Points, Value
from paribus.study.found import FoundStudy
from paribus.study.read import LARGEST_COPY


def made(runs: list[FoundRun], **values: Any) -> tuple[FoundStudy, tuple[Record, ...]]:
    of = finding(runs, **values)
    study = study_of(of, declared(**values), "a name")
    return study, records_of(of, study)


def test_a_study_has_what_distinguishes_its_settings() -> None:
    study, records = made(sweep(), baseline="mixup=0")
    assert study.config == {"mixup": 0.0, "lr": 0.1}
    assert study.variations == {"mixup=0.2": {"mixup": 0.2}}
    assert study.seeds == {"mixup=0": (0, 1, 2, 3), "mixup=0.2": (0, 1, 2, 3)}
    assert (study.primary, study.margin, study.paired) == ("test_acc", 0.01, True)
    assert len(records) == 8
    last = records[-1].facts
    assert (last.setting, last.seed, last.status) == ("mixup=0.2", 3, "finished")
    assert last.config == {"mixup": 0.2, "lr": 0.1}
    assert last.metrics == {"test_acc": pytest.approx(0.816)}


def test_a_key_that_a_variation_lacks_is_none_there() -> None:
    extras: list[dict[str, Value]] = [{"drop": 0.5, "b": 1}, {"b": 2}]
    runs = [
        found(f"{n}{k}", {"seed": k, "a": 1, **extra}, acc=0.5)
        for n, extra in enumerate(extras)
        for k in range(2)
    ]
    study, _ = made(runs, baseline="b=1")
    assert study.variations["b=2"] == {"drop": None, "b": 2}
    assert study.of_setting("b=2") == {"a": 1, "b": 2}


def test_true_is_another_value_than_one() -> None:
    runs = [
        found(f"{s}{k}", {"flag": flag, "lr": lr}, setting=s, seed=k, acc=0.5)
        for s, flag, lr in (("a", 1, 0.1), ("b", True, 0.2))
        for k in (0, 1)
    ]
    study, _ = made(runs, baseline="a")
    assert study.variations == {"b": {"flag": True, "lr": 0.2}}


def test_every_record_could_be_one_and_a_failed_run_says_why() -> None:
    runs = [*sweep(), found("x", {"mixup": 0.0, "lr": 0.1, "seed": 9}, test_acc=[0.1, math.nan])]
    _, records = made(runs, baseline="mixup=0")
    assert not [fault for record in records for fault in faults(record)]
    (failed,) = (record for record in records if not record.finished)
    assert failed.facts.failure is not None
    assert failed.facts.failure.message == "its test_acc became nan"


def test_a_claim_on_a_setting_that_there_is_not_is_refused() -> None:
    claim = {
        "id": "c", "says": "It helps.",
        "test": {"setting": "mixup=9", "against": "mixup=0", "metric": "test_acc",
                 "expect": "better"},
    }  # fmt: skip
    with pytest.raises(StudyError, match="no setting is called 'mixup=9'"):
        made(sweep(), baseline="mixup=0", claims=[claim])


def test_a_study_declares_the_same_again() -> None:
    study, _ = made(sweep(), baseline="mixup=0")
    again = study_of(
        finding(sweep(), **{k: v for k, v in study.declaration().items() if k != "compare"}),
        declared(baseline="mixup=0"),
        "a name",
    )
    assert again == study


def test_values_that_json_lacks_become_text() -> None:
    runs = [
        found(f"{n}{k}", {"seed": k, "clip": clip}, acc=0.5)
        for n, clip in enumerate((math.inf, math.nan))
        for k in range(2)
    ]
    study, _ = made(runs, baseline="clip=inf")
    assert study.config["clip"] == "inf"
    assert FoundStudy.model_validate_json(study.model_dump_json()) == study


def test_records_of_equal_runs_are_equal_and_others_are_not() -> None:
    first, second = (made(sweep(), baseline="mixup=0")[1] for _ in range(2))
    assert [r.facts for r in first] == [r.facts for r in second]
    digests = {record.facts.digest for record in first}
    assert len(digests) == len(first)


def test_a_study_of_very_many_settings_and_keys_is_a_small_file() -> None:
    runs = [
        found(
            f"{n}{k}",
            {"n": n, "seed": k} | {f"key.{m}": f"{'v' * 40}{n}" for m in range(50)},
            acc=0.5,
        )
        for n in range(900)
        for k in range(2)
    ]
    study, records = made(runs, baseline="n=0")
    assert len(study.model_dump_json(indent=1)) < LARGEST_COPY
    assert study.variations["n=899"]["n"] == 899
    assert len(records) == 1800


# ---- curves -------------------------------------------------------------------------------------


def curve(points: Points) -> tuple[list[float], list[float]]:
    series = curves_of({"m": points}, {"m": "m"}).series["m"]
    return series.at.tolist(), series.values.tolist()


def test_a_curve_keeps_finite_values_and_of_a_place_the_later_one() -> None:
    points = Points.of([(1, 0.5), (2, math.nan), (3, 0.25), (3, 0.75), (4, 1.0)])
    assert curve(points) == ([1, 3, 4], [0.5, 0.75, 1.0])


def test_epochs_are_numbered_as_the_run_did_it() -> None:
    assert curve(Points.of([(0, 0.5), (1, 0.25)], "epoch")) == ([0, 1], [0.5, 0.25])


@pytest.mark.parametrize("values", [0.5, [0.5], [math.nan, 1.0]])
def test_one_value_is_no_curve(values: float | list[float]) -> None:
    assert not curves_of({"m": logged(values)}, {"m": "m"}).series


@given(
    st.lists(
        st.tuples(
            st.floats(-1e30, 1e30) | st.integers(0, 3000),
            st.floats(width=32, allow_nan=True, allow_infinity=True),
        ),
        max_size=60,
    ),
    st.sampled_from(["step", "epoch"]),
)
def test_any_curve_is_one_that_a_record_may_have(pairs: Any, axis: Any) -> None:
    for series in curves_of({"m": Points.of(pairs, axis)}, {"m": "m"}).series.values():
        assert len(series.at) == len(series.values) > 1
        assert np.isfinite(series.at).all() and np.isfinite(series.values).all()
        assert (np.diff(series.at) > 0).all()


def test_a_long_curve_keeps_its_ends_and_an_even_choice_between() -> None:
    points = Points(np.arange(100_000.0), np.arange(100_000.0))
    at, _ = curve(points)
    assert len(at) == MOST_POINTS and (at[0], at[-1]) == (0, 99_999)
