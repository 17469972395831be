"""Runs that end before the others, where nothing says whether they finished."""

from __future__ import annotations

from dataclasses import replace

import pytest

from found.making import found
from found.test_find import finding
from paribus.found.early import stopped_early
from paribus.sources.run import Status


def warnings(ends: dict[int, int], status: Status = "unknown") -> tuple[str, ...]:
    """Of runs of one setting, seed -> how many steps it logged."""
    runs = [
        found(f"r{seed}", setting="a", seed=seed, status=status, acc=[0.5] * steps)
        for seed, steps in ends.items()
    ]
    of = finding(runs, baseline="a")
    return stopped_early(of.runs, of.metrics)


def test_a_run_that_ends_before_most_others_is_named_with_its_end() -> None:
    (warning,) = warnings({0: 12, 1: 12, 2: 2, 3: 12})
    assert warning.startswith("1 run ends before step 12, where most end")
    assert "a, seed 2 (step 2)" in warning and "--at 12" in warning


def test_runs_that_end_anywhere_were_stopped_as_they_meant_to() -> None:
    assert not warnings({0: 12, 1: 9, 2: 2, 3: 11})


@pytest.mark.parametrize("status", ["finished"])
def test_a_run_that_is_known_to_have_finished_is_not_suspected(status: Status) -> None:
    assert not warnings({0: 12, 1: 12, 2: 2, 3: 12}, status)


def test_equal_ends_and_single_values_give_no_reason() -> None:
    assert not warnings({0: 12, 1: 12})
    assert not warnings({0: 1, 1: 1, 2: 1})


def test_what_follows_from_predictions_has_no_end() -> None:
    of = finding([found("r", setting="a", seed=0, acc=[0.5, 0.6])])
    assert not stopped_early(of.runs, replace(of.metrics, primary="test_accuracy", names={}))
